// SPDX-License-Identifier: GPL-2.0

//! Accelerator driver for virtio entropy devices on the platform bus, which fill buffers with
//! random bytes. It is the reference for drivers on that bus.
//!
//! `scripts/selftests.sh` has a machine with such a device: QEMU's "microvm". The kernel's own
//! driver of such devices, `virtio_mmio`, must not have bound it.

#![forbid(unsafe_code)]

mod rng_registers;
mod rng_uapi;

use accel::{
    buffer::{
        Access,
        BufferTable,
        DeviceMap,
        Limits,
        Memory, //
    },
    engine::{
        Engine,
        EngineClass,
        EngineId,
        EngineTable, //
    },
    fence::{
        DriverFence,
        Fence,
        Timeline, //
    },
    platform,
    prelude::*,
    Dma,
    Features,
    FileOps,
    InterruptOps,
    InterruptThreadOps,
    Irq,
    ResetOps,
    Resetter,
    Work,
    WorkOps, //
};
use kernel::{
    acpi,
    dma::DataDirection,
    io::Io,
    new_mutex,
    of,
    sync::{
        aref::ARef,
        Mutex, //
    },
    time::Msecs, //
};

use self::rng_registers::{
    Queue,
    Registers,
    IRQ_ACKNOWLEDGE,
    IRQ_STATUS, //
};

struct Rng;

#[pin_data]
struct Data<'bound> {
    registers: Registers<'bound>,
    // The memory of the queue goes after the registers.
    #[pin]
    device: Mutex<State>,
}

/// What the device has to do.
//
// Memory is neither allocated nor given back while it is locked, as it is to stop the device.
struct State {
    queue: Queue,
    job: Option<Job>,
}

/// A part of a buffer that the device fills.
struct Job {
    map: DeviceMap,
    len: usize,
    /// How much of it is filled, and how much the device was given beyond that.
    filled: usize,
    given: u32,
    fence: ARef<Fence>,
    /// `None` if it is over.
    pending: Option<DriverFence>,
    /// Its caller is going to unmap the part: it looks at it next.
    is_waited_for: bool,
    _work: Work,
}

/// Its row in the table of engines.
const ENGINE: EngineId<Rng> = EngineId::row::<0>();

/// How long a call waits, unless it says so.
const DEFAULT_TIMEOUT_MS: Msecs = 5_000;
/// After how long a device is reset that does not fill what it was given.
const LONGEST_MS: Msecs = 20_000;

impl Job {
    /// Returns whether it is over, and the device has none of its memory.
    fn is_over(&self) -> bool {
        self.given == 0 && self.pending.as_ref().is_none_or(DriverFence::is_lost)
    }

    fn is_of(&self, fence: &Fence) -> bool {
        core::ptr::eq(&*self.fence, fence)
    }
}

impl State {
    /// Has the device fill what comes next.
    fn give<R>(&mut self, ctx: &Context<'_, Rng, R>) -> Result {
        let job = self.job.as_mut().ok_or(ENODATA)?;
        let piece = job.map.pieces(ctx, job.filled)?.next().ok_or(EINVAL)?;
        job.given = u32::try_from(piece.len).unwrap_or(1 << 30);
        self.queue.give(piece.address, job.given);
        ctx.data().registers.notify();
        Ok(())
    }

    /// Goes on with what the device has filled. Returns how the job has ended, if it has.
    fn advance<R>(&mut self, ctx: &Context<'_, Rng, R>) -> Option<Result> {
        let job = self.job.as_mut().filter(|job| job.given != 0)?;
        let written = self.queue.written()?;
        let given = core::mem::take(&mut job.given);
        if written == 0 || written > given {
            return Some(Err(EIO));
        }
        job.filled += written as usize;
        match job.filled < job.len {
            true => self.give(ctx).err().map(Err),
            false => Some(Ok(())),
        }
    }
}

/// Begins to fill what is mapped, if the device has nothing else to do. Returns a fence that is
/// signalled when that is done.
fn begin(
    ctx: &Context<'_, Rng>,
    map: &mut Option<DeviceMap>,
    len: usize,
) -> Result<Option<ARef<Fence>>> {
    let data = ctx.data();
    if data.device.lock().job.is_some() {
        return Ok(None);
    }
    let pending = ctx.file().fence()?;
    let fence = pending.fence().clone();
    let work = ctx
        .engine(ENGINE)
        .begin_work_within(ctx.device(), LONGEST_MS)?;
    let mut state = data.device.lock();
    if state.job.is_some() || !ctx.device().is_running() {
        return Ok(None);
    }
    state.job = Some(Job {
        map: map.take().ok_or(ENODATA)?,
        len,
        filled: 0,
        given: 0,
        fence: fence.clone(),
        pending: Some(pending),
        is_waited_for: true,
        _work: work,
    });
    if let Err(e) = state.give(ctx) {
        let job = state.job.take();
        drop(state);
        drop(job);
        return Err(e);
    }
    Ok(Some(fence))
}

/// Ends a job that is over: unmaps the part, so that its caller sees what the device has written,
/// and lets the next one begin.
fn finish(ctx: &Context<'_, Rng>, fence: &Fence) {
    let mut state = ctx.data().device.lock();
    let job = state.job.take_if(|job| job.is_of(fence));
    drop(state);
    drop(job);
    ctx.device().wake();
}

/// Gives up a job that the device goes on with. By the time that is done, its memory may have
/// other content.
fn abandon(ctx: &Context<'_, Rng>, fence: &Fence) {
    let mut state = ctx.data().device.lock();
    if let Some(job) = state.job.as_mut().filter(|job| job.is_of(fence)) {
        job.map.abandon();
        job.is_waited_for = false;
    }
    drop(state);
    // It may be over by now.
    ctx.device().queue_clean_up();
}

fn fill(ctx: Context<'_, Rng>, args: &mut rng_uapi::Fill) -> Result {
    let len = args.len as usize;
    let start = usize::try_from(args.offset).map_err(|_| EINVAL)?;
    let end = start.checked_add(len).ok_or(EINVAL)?;
    if len == 0 {
        return Err(EINVAL);
    }
    let buffer = ctx.buffer(args.handle)?;
    let buffers: [(&Memory<Rng>, Access); 1] = [(&buffer, Access::Write)];
    let timeout_ms = match args.timeout_ms {
        0 => DEFAULT_TIMEOUT_MS,
        ms => ms,
    };
    Deadline::restartable(timeout_ms, &mut args.deadline_ns, |deadline| {
        let (ctx, map) = ctx.when_idle(&buffers, deadline, |ctx| {
            buffer.map_for_device(ctx, start..end, DataDirection::FromDevice)
        })?;
        let mut map = Some(map.ready()?);
        let (ctx, begun) = ctx.wait(deadline, |ctx| begin(ctx, &mut map, len).transpose())?;
        let fence = begun.ready()??;
        match ctx.wait_fence(&fence, deadline)? {
            (ctx, Wake::Ready(result)) => {
                finish(&ctx, &fence);
                result
            }
            (ctx, in_vain) => {
                abandon(&ctx, &fence);
                in_vain.ready()?
            }
        }
    })
}

impl AccelDriver for Rng {
    type Data = CovariantForLt!(Data<'_>);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_rng",
        version: "1",
        user_space_url: "tools/testing/selftests/accel",
        user_space_license: "GPL-2.0",
        documentation_url: "include/uapi/accel/rng.h",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[Ioctl::new(
        0x40,
        "ACCEL_RNG_IOC_FILL",
        fill,
        "Fills a buffer",
    )]);
    const ENGINES: EngineTable = EngineTable::new(&[Engine {
        name: "entropy",
        class: EngineClass::Compute,
        count: 1,
    }]);
    const FEATURES: Features<Self> = Features::none()
        .file()
        .work()
        .interrupts()
        .interrupt_threads()
        .reset();
}

impl FileOps for Rng {
    type File = Timeline;

    fn open(ctx: &Context<'_, Self, Observer>) -> impl PinInit<Timeline, Error> {
        Ok(Timeline::new(ctx.device()))
    }
}

impl InterruptOps for Rng {
    const IRQ_NAME: &'static CStr = c"accel_rng";

    fn interrupt(_dev: &Device<Self>, data: &Data<'_>, _vector: u32) -> Irq<Self> {
        let status = data.registers.read(IRQ_STATUS);
        if !status.used() && !status.configuration() {
            return Irq::NONE;
        }
        let acknowledge = IRQ_ACKNOWLEDGE::zeroed().with_used(status.used());
        data.registers
            .write_reg(acknowledge.with_configuration(status.configuration()));
        Irq::WAKE_THREAD
    }
}

impl InterruptThreadOps for Rng {
    fn interrupt_thread(ctx: &Context<'_, Self, Observer>, _vector: u32) {
        let mut state = ctx.data().device.lock();
        let Some(result) = state.advance(ctx) else {
            return;
        };
        let pending = state.job.as_mut().and_then(|job| job.pending.take());
        drop(state);
        if let Some(pending) = pending {
            pending.signal(result);
        }
        ctx.device().queue_clean_up();
    }
}

impl WorkOps for Rng {
    fn stop(ctx: &Context<'_, Self, Observer>) {
        let mut state = ctx.data().device.lock();
        ctx.data().registers.reset();
        if let Some(job) = &mut state.job {
            job.given = 0;
        }
    }

    /// Unmaps what is done and nobody waits for any more, and lets the next one begin.
    fn clean_up(ctx: &Context<'_, Self, Observer>) {
        let is_left = |job: &mut Job| !job.is_waited_for && job.is_over();
        let job = ctx.data().device.lock().job.take_if(is_left);
        if job.is_some() {
            ctx.device().wake();
        }
    }
}

impl ResetOps for Rng {
    fn reset(ctx: Context<'_, Self, Resetter>) -> Result {
        let data = ctx.data();
        data.registers.reset();
        let mut state = data.device.lock();
        state.queue.renew();
        let job = state.job.take();
        let result = data.registers.bring_up(&state.queue);
        drop(state);
        if let Some(job) = &job {
            job.map.abandon();
        }
        result
    }
}

kernel::of_device_table!(
    OF_TABLE,
    <Rng as platform::Driver>::IdInfo,
    [(of::DeviceId::new(c"virtio,mmio"), ())]
);

kernel::acpi_device_table!(
    ACPI_TABLE,
    <Rng as platform::Driver>::IdInfo,
    [(acpi::DeviceId::new(c"LNRO0005"), ())]
);

impl platform::Driver for Rng {
    type IdInfo = ();
    const OF_ID_TABLE: Option<of::IdTable<Self::IdInfo>> = Some(&OF_TABLE);
    const ACPI_ID_TABLE: Option<acpi::IdTable<Self::IdInfo>> = Some(&ACPI_TABLE);

    fn dma(_info: Option<&()>) -> Dma {
        Dma::bits(64)
    }

    fn probe<'bound>(
        pdev: &'bound platform::Device<'_>,
        _info: Option<&()>,
    ) -> impl PinInit<Data<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            // If the device does not come up, it is reset before its memory goes.
            let queue = Queue::new(pdev.as_ref())?;
            let registers = Registers::map(pdev)?;
            registers.reset();
            registers.bring_up(&queue)?;
            Ok(try_pin_init!(Data {
                registers,
                device <- new_mutex!(State { queue, job: None }),
            }))
        })
    }
}

accel::module_platform_driver! {
    type: Rng,
    name: "accel_rng",
    authors: ["The accel developers"],
    description: "Accelerator driver for virtio entropy devices",
    license: "GPL",
}
