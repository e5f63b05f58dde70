// SPDX-License-Identifier: GPL-2.0

//! The DMA engine of the "edu" device: it moves bytes between the memory of the system and 4 KiB of
//! its own, one piece at a time.

use accel::{
    buffer::{
        Access,
        DeviceMap,
        Memory,
        MemoryOps,
        Regions, //
    },
    engine::EngineId,
    prelude::*,
    Waiters,
    Work,
    WorkOps, //
};
use core::ops::Range;
use kernel::{
    dma::DataDirection,
    io::Io,
    new_mutex,
    sync::Mutex, //
};

use crate::{
    edu_registers::{
        Registers,
        DMA_COMMAND,
        DMA_COUNT,
        DMA_SOURCE,
        DMA_TARGET, //
    },
    edu_uapi,
    Edu,
    EduData, //
};

/// Its row in the table of engines.
const ENGINE: EngineId<Edu> = EngineId::row::<1>();

/// How much memory buffers can have that the engine reaches without a copy, in bytes.
const COHERENT: u64 = 1 << 20;
/// Where the engine has its own memory.
const OWN_MEMORY: u32 = 0x4_0000;
const OWN_SIZE: usize = 4096;

/// The engine.
#[pin_data]
pub(crate) struct Dma {
    #[pin]
    job: Mutex<Job>,
    /// Who waits until the engine is done with a piece.
    done: Waiters,
}

/// What the engine works on.
//
// Memory is neither allocated nor given back while it is locked, as it is to stop the device.
struct Job {
    claimed: bool,
    /// The number of the last claim, which its owner knows it by.
    number: u64,
    /// They stay if somebody gives up while the engine works.
    copy: Option<Copying>,
}

impl Job {
    /// Returns whether a claim is still there.
    fn is_claimed_as(&self, number: u64) -> bool {
        self.claimed && self.number == number
    }
}

struct Copying {
    source: DeviceMap,
    target: DeviceMap,
    _work: Work,
}

impl Dma {
    pub(crate) fn new() -> Result<impl PinInit<Self>> {
        let done = Waiters::new(GFP_KERNEL)?;
        Ok(pin_init!(Self {
            job <- new_mutex!(Job { claimed: false, number: 0, copy: None }),
            done,
        }))
    }

    /// Has whoever waits for a piece look whether the engine is done with it.
    pub(crate) fn wake(&self) {
        self.done.wake();
    }

    /// Claims the engine, if nobody has and it is idle. Returns the number of the claim.
    fn claim(&self, bar: &Registers<'_>) -> Option<u64> {
        let mut job = self.job.lock();
        if job.claimed || bar.is_dma_running() {
            return None;
        }
        job.claimed = true;
        job.number += 1;
        let (number, copy) = (job.number, job.copy.take());
        drop(job);
        drop(copy);
        Some(number)
    }

    /// Gives a claim up. Returns `ECANCELED` if it was lost before.
    fn release(&self, bar: &Registers<'_>, number: u64) -> Result {
        let mut job = self.job.lock();
        if !job.is_claimed_as(number) {
            return Err(ECANCELED);
        }
        job.claimed = false;
        let done = match bar.is_dma_running() {
            false => job.copy.take(),
            true => None,
        };
        if let Some(copy) = &job.copy {
            // By the time the engine is done, it may have other content.
            copy.target.abandon();
        }
        drop(job);
        drop(done);
        Ok(())
    }

    /// Loses the claim that there is, as the device was reset and is idle. Who has it may have
    /// gone before, and so is not waited for.
    pub(crate) fn lose(&self) {
        let mut job = self.job.lock();
        job.claimed = false;
        let copy = job.copy.take();
        drop(job);
        if let Some(copy) = copy {
            copy.target.abandon();
        }
    }
}

impl MemoryOps for Edu {
    fn memory(_data: &EduData<'_>, regions: &mut Regions<'_>) -> Result {
        regions.add_coherent(c"coherent", COHERENT)
    }
}

impl WorkOps for Edu {
    /// Lets the engine come to an end, and begin nothing more.
    fn stop(ctx: &Context<'_, Self, Observer>) {
        // Asleep, it is idle.
        let Some(_awake) = ctx.stay_awake() else {
            return;
        };
        let data = ctx.data();
        let _job = data.dma.job.lock();
        data.bar.quiesce_dma();
    }

    /// Gives up what was mapped for somebody who has given up, once the engine is done with it.
    fn clean_up(ctx: &Context<'_, Self, Observer>) {
        let data = ctx.data();
        let awake = ctx.stay_awake();
        let mut job = data.dma.job.lock();
        // Asleep, it is idle.
        let is_running = awake.is_some() && data.bar.is_dma_running();
        let copy = match job.claimed || is_running {
            true => None,
            false => job.copy.take(),
        };
        drop(job);
        if copy.is_some() {
            // Who waits for the engine has not been told that it is idle.
            ctx.device().wake();
        }
        drop(copy);
    }
}

/// Has the engine move `bytes` between `outside`, an address of memory, and `inside`, one of its
/// own memory.
fn program(
    bar: &Registers<'_>,
    command: DMA_COMMAND,
    outside: u32,
    inside: u32,
    bytes: u32,
    direction: DataDirection,
) {
    let to_device = direction == DataDirection::ToDevice;
    let (from, to) = if to_device {
        (outside, inside)
    } else {
        (inside, outside)
    };
    bar.write_reg(DMA_SOURCE::zeroed().with_address(from));
    bar.write_reg(DMA_TARGET::zeroed().with_address(to));
    bar.write_reg(DMA_COUNT::zeroed().with_bytes(bytes));
    bar.write_reg(command.with_run(true).with_from_device(!to_device));
}

/// Starts to move what comes after `done` bytes, and returns how many that are: zero if the device
/// was stopped.
///
/// Returns `ECANCELED` if the claim of this number was lost.
fn start(
    ctx: &Context<'_, Edu>,
    number: u64,
    done: usize,
    direction: DataDirection,
) -> Result<usize> {
    let data = ctx.data();
    let job = data.dma.job.lock();
    if !job.is_claimed_as(number) {
        return Err(ECANCELED);
    }
    if !ctx.device().is_running() {
        return Ok(0);
    }
    let copy = job.copy.as_ref().ok_or(ENODATA)?;
    let to_device = direction == DataDirection::ToDevice;
    let map = if to_device {
        &copy.source
    } else {
        &copy.target
    };
    let piece = map.pieces(ctx, done)?.next().ok_or(EINVAL)?;

    // CAST: Addresses have at most 32 bits, and no more than `OWN_SIZE` bytes are mapped.
    let (outside, inside) = (piece.address as u32, OWN_MEMORY + done as u32);
    let command = DMA_COMMAND::zeroed().with_irq_on_completion(true);
    let bytes = piece.len as u32;
    program(&data.bar, command, outside, inside, bytes, direction);
    Ok(piece.len)
}

/// Moves all bytes into the device, or out of it. Gives the context back, and how it went.
fn transfer<'a>(
    mut ctx: Context<'a, Edu>,
    number: u64,
    deadline: Deadline,
    len: usize,
    direction: DataDirection,
) -> Result<(Context<'a, Edu>, Result)> {
    let mut done = 0;
    while done < len {
        match start(&ctx, number, done, direction) {
            Ok(moved) => done += moved,
            Err(e) => return Ok((ctx, Err(e))),
        }
        let idle = |ctx: &Context<'_, Edu>| (!ctx.data().bar.is_dma_running()).then_some(());
        let waiters = ctx.data().dma.done.clone();
        let (next, finished) = ctx.wait_in(&waiters, deadline, idle)?;
        ctx = next;
        if let Err(e) = finished.ready() {
            return Ok((ctx, Err(e)));
        }
    }
    Ok((ctx, Ok(())))
}

/// Moves a word between `address` and the memory of the engine, and waits for that, for code that
/// has the device to itself. Returns `ETIMEDOUT` if the engine does not end.
pub(crate) fn move_word(bar: &Registers<'_>, address: u32, direction: DataDirection) -> Result {
    bar.quiesce_dma();
    program(
        bar,
        DMA_COMMAND::zeroed(),
        address,
        OWN_MEMORY,
        4,
        direction,
    );
    bar.quiesce_dma();
    match bar.is_dma_running() {
        true => Err(ETIMEDOUT),
        false => Ok(()),
    }
}

fn range(offset: u64, len: u32) -> Result<Range<usize>> {
    let start = usize::try_from(offset).map_err(|_| EINVAL)?;
    Ok(start..start.checked_add(len as usize).ok_or(EINVAL)?)
}

/// What to copy, when it is mapped.
struct Mapped {
    source: DeviceMap,
    target: DeviceMap,
    len: usize,
}

/// Lets the device copy.
fn run(ctx: Context<'_, Edu>, mapped: Mapped, deadline: Deadline) -> Result {
    use DataDirection::{FromDevice, ToDevice};

    let (ctx, claimed) = ctx.wait(deadline, |ctx| ctx.data().dma.claim(&ctx.data().bar))?;
    let number = claimed.ready()?;
    let Mapped {
        source,
        target,
        len,
    } = mapped;
    let copying = Copying {
        source,
        target,
        _work: ctx.engine(ENGINE).begin_work(),
    };
    ctx.data().dma.job.lock().copy = Some(copying);
    let (mut ctx, mut result) = transfer(ctx, number, deadline, len, ToDevice)?;
    if result.is_ok() {
        (ctx, result) = transfer(ctx, number, deadline, len, FromDevice)?;
    }
    let released = ctx.data().dma.release(&ctx.data().bar, number);
    // A device that does not answer may seem to be done.
    let answered = match ctx.data().bar.are_present() {
        true => Ok(()),
        false => Err(EIO),
    };
    ctx.device().wake();
    result.and(released).and(answered)
}

/// Copies between buffers, through the memory of the device.
pub(crate) fn copy(ctx: Context<'_, Edu>, args: &mut edu_uapi::BufferCopy) -> Result {
    use DataDirection::{FromDevice, ToDevice};

    let len = args.len as usize;
    if len > OWN_SIZE || args.reserved != 0 {
        return Err(EINVAL);
    }
    let source = range(args.source_offset, args.len)?;
    let target = range(args.target_offset, args.len)?;
    let from = ctx.buffer(args.source)?;
    let to = ctx.buffer(args.target)?;
    let buffers: [(&Memory<Edu>, Access); 2] = [(&from, Access::Read), (&to, Access::Write)];
    let timeout_ms = edu_uapi::timeout(args.timeout_ms);
    Deadline::restartable(timeout_ms, &mut args.deadline_ns, |deadline| {
        let (ctx, mapped) = ctx.when_idle(&buffers, deadline, |ctx| {
            Ok(Mapped {
                source: from.map_for_device(ctx, source.clone(), ToDevice)?,
                target: to.map_for_device(ctx, target.clone(), FromDevice)?,
                len,
            })
        })?;
        run(ctx, mapped.ready()?, deadline)
    })
}
