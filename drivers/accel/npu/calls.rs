// SPDX-License-Identifier: GPL-2.0

//! What a process asks for: a context, mappings, jobs, and to wait for them.

use accel::{
    buffer::{
        with_reserved,
        Access, //
    },
    engine::EngineId,
    fence::{
        DriverFence,
        Fence,
        FenceCallback,
        SyncFile, //
    },
    prelude::*,
    IoWindow, //
};
use core::ops::Range;
use kernel::{
    dma::{
        DataDirection,
        DmaAddress, //
    },
    io::Io,
    sync::{
        aref::ARef,
        atomic::Relaxed, //
    },
};

use crate::{
    file::{
        own,
        PAGE, //
    },
    health,
    hwctx::{
        Mode,
        UserRing, //
    },
    job::{
        Input,
        Inputs,
        Job, //
    },
    registers::CAPABILITIES,
    space::{
        Request,
        UNMAP_MS, //
    },
    uapi::*,
    Npu, //
};

/// The engine that each context is, a row in the table of engines.
const ENGINES: [EngineId<Npu>; 4] = [
    EngineId::row::<0>(),
    EngineId::row::<1>(),
    EngineId::row::<2>(),
    EngineId::row::<3>(),
];

/// Maps the rings that a process has in a buffer.
fn map_rings(ctx: &Context<'_, Npu>, args: &Open) -> Result<UserRing> {
    let entries = match args.order {
        4..=12 => 1usize << args.order,
        _ => return Err(EINVAL),
    };
    if args.coalesce != 0 && !ctx.data().bar.read(CAPABILITIES).coalesce() {
        return Err(EOPNOTSUPP);
    }
    let records = (entries * size_of::<Command>()).next_multiple_of(PAGE);
    let len = records + entries * 16;
    let buffer = ctx.buffer(args.ring)?;
    let map = buffer.map_in_place(ctx, 0..len, DataDirection::Bidirectional)?;
    let piece = map.pieces(ctx, 0)?.next().ok_or(EINVAL)?;
    if piece.len < len || piece.address % PAGE as DmaAddress != 0 {
        return Err(EINVAL);
    }
    Ok(UserRing {
        commands: piece.address,
        records: piece.address + records as DmaAddress,
        order: args.order,
        coalesce: args.coalesce,
        pollers: ctx.pollers(),
        _map: map,
    })
}

/// Handles `ACCEL_NPU_IOC_OPEN`.
pub(crate) fn open(ctx: Context<'_, Npu>, args: &mut Open) -> Result {
    let is_of_user = args.flags == ACCEL_NPU_USER_RING;
    if args.flags & !ACCEL_NPU_USER_RING != 0 || args.context != 0 {
        return Err(EINVAL);
    }
    let rings = match is_of_user {
        true => Some(map_rings(&ctx, args)?),
        false if args.ring != 0 || args.order != 0 || args.coalesce != 0 => return Err(EINVAL),
        false => None,
    };
    let (data, file) = (ctx.data(), ctx.file());
    let mut own = file.context.lock();
    let hw = match *own {
        Some(id) => &data.contexts[id.get()],
        None => {
            let mut contexts = data.contexts.iter();
            contexts.find(|hw| hw.claim(&file.owner)).ok_or(EBUSY)?
        }
    };
    *own = Some(hw.id());
    hw.close(ctx.device(), &data.bar)?;
    file.seen.store(0, Relaxed);
    let mode = match rings {
        Some(rings) => {
            let page = (hw.id().get() * PAGE) as u64;
            let doorbell = data.doorbells.part(page, PAGE as u64)?;
            Mode::User(rings, IoWindow::new(&ctx, doorbell)?)
        }
        None => Mode::Driver,
    };
    hw.open(ctx.device(), &data.bar, mode);
    args.context = hw.id().get() as u32;
    Ok(())
}

fn range(offset: u64, len: u64) -> Result<Range<usize>> {
    let start = usize::try_from(offset).map_err(|_| EINVAL)?;
    let len = usize::try_from(len).map_err(|_| EINVAL)?;
    Ok(start..start.checked_add(len).ok_or(EINVAL)?)
}

/// How long exporters may take to map memory, in milliseconds.
const MAP_MS: u32 = 10_000;

/// Handles `ACCEL_NPU_IOC_MAP`.
pub(crate) fn map(ctx: Context<'_, Npu>, args: &mut Map) -> Result {
    if args.flags & !ACCEL_NPU_WRITE != 0 || args.reserved != 0 {
        return Err(EINVAL);
    }
    own(&ctx)?.is_of_user()?;
    let buffer = ctx.buffer(args.handle)?;
    let request = Request {
        memory: &buffer,
        range: range(args.offset, args.len)?,
        address: args.address,
        is_writable: args.flags & ACCEL_NPU_WRITE != 0,
    };
    let (ctx, wake) = ctx.when_mapped(&[&buffer], Deadline::in_ms(MAP_MS), |ctx| {
        let hw = own(ctx)?;
        hw.is_of_user()?;
        hw.space.map(ctx, &request)
    })?;
    wake.ready()?;
    // Its exporter may want it back from now on.
    ctx.device().queue_background_in(health::BUSY_MS);
    Ok(())
}

/// Handles `ACCEL_NPU_IOC_UNMAP`.
pub(crate) fn unmap(mut ctx: Context<'_, Npu>, args: &mut Unmap) -> Result {
    if args.reserved != 0 {
        return Err(EINVAL);
    }
    let hw = own(&ctx)?;
    hw.is_of_user()?;
    let bar = &ctx.data().bar;
    hw.space.cut(args.address, || hw.activity(bar))?;
    for _ in 0..UNMAP_MS {
        let (hw, bar) = (own(&ctx)?, &ctx.data().bar);
        if hw.space.unmap(args.address, || hw.activity(bar)) {
            return Ok(());
        }
        let wake;
        (ctx, wake) = ctx.wait(Deadline::in_ms(1), |_| None::<()>)?;
        if matches!(wake, Wake::Interrupted) {
            return Err(EINTR);
        }
    }
    Err(ETIMEDOUT)
}

/// Returns what the job of `done` waits for, and has others wait for it.
fn reserve(
    ctx: &Context<'_, Npu>,
    accesses: &[Accessed],
    done: &DriverFence,
) -> Result<KVec<Input>> {
    let mut implicit = KVec::new();
    if accesses.is_empty() {
        return Ok(implicit);
    }
    let mut buffers = KVec::with_capacity(accesses.len(), GFP_KERNEL_ACCOUNT)?;
    for accessed in accesses {
        let access = match accessed.flags {
            0 => Access::Read,
            ACCEL_NPU_WRITE => Access::Write,
            _ => return Err(EINVAL),
        };
        let buffer = ctx.buffer(accessed.handle)?;
        buffers.push((buffer, access), GFP_KERNEL_ACCOUNT)?;
    }
    with_reserved(ctx, &buffers, |reserved| {
        let pending = reserved.pending()?.into_iter();
        for fence in pending.filter(|fence| !done.follows(fence)) {
            implicit.push(watch(ctx, fence)?, GFP_KERNEL_ACCOUNT)?;
        }
        reserved.add(done);
        Ok(())
    })?;
    Ok(implicit)
}

fn watch(ctx: &Context<'_, Npu>, fence: ARef<Fence>) -> Result<Input> {
    KBox::pin_init(FenceCallback::new(ctx.device(), fence), GFP_KERNEL_ACCOUNT)
}

/// Handles `ACCEL_NPU_IOC_SUBMIT`.
pub(crate) fn submit(
    ctx: Context<'_, Npu>,
    args: &mut Submit,
    (commands, accesses): (&[Command], &[Accessed]),
) -> Result {
    let waits = args.flags & ACCEL_NPU_IN_FENCE != 0;
    if args.flags & !(ACCEL_NPU_IN_FENCE | ACCEL_NPU_OUT_FENCE) != 0
        || !waits && args.in_fence != 0
        || args.out_fence != 0
        || args.job != 0
        || args.reserved != 0
        || args.timeout_ms > 60_000
        || commands.is_empty()
        || commands
            .iter()
            .any(|command| command.flags & !ACCEL_NPU_NOTIFY != 0)
    {
        return Err(EINVAL);
    }
    let asked = match waits {
        true => Some(watch(&ctx, Fence::from_fd(args.in_fence)?)?),
        false => None,
    };
    let timeout_ms = match args.timeout_ms {
        0 => health::timeout_ms(&ctx),
        ms => ms,
    };
    let (data, hw) = (ctx.data(), own(&ctx)?);
    let _submitter = hw.submitter.lock();
    hw.check_room(commands.len())?;
    let done = ctx.file().timeline.fence()?;
    let out = args.flags & ACCEL_NPU_OUT_FENCE != 0;
    let out = out.then(|| SyncFile::new(done.fence())).transpose()?;
    let implicit = reserve(&ctx, accesses, &done)?;
    let inputs = Inputs { asked, implicit };
    // When this is dropped, it is what was in the place of the job.
    let mut job = Some(Job::new(
        &ctx,
        ENGINES[hw.id().get()],
        done,
        inputs,
        timeout_ms,
    ));
    args.job = hw.submit(ctx.device(), &data.bar, &mut job, commands)?;
    if let Some(file) = out {
        args.out_fence = file.fd();
        file.install();
    }
    // In time for it, if nothing else is under way.
    ctx.device()
        .queue_background_in(timeout_ms.min(health::BUSY_MS));
    Ok(())
}

/// Handles `ACCEL_NPU_IOC_WAIT`.
pub(crate) fn wait(ctx: Context<'_, Npu>, args: &mut Wait) -> Result {
    let are_zero = args.error == 0 && args.status == 0 && args.address == 0 && args.command == 0;
    if !are_zero || args.reserved != 0 {
        return Err(EINVAL);
    }
    match own(&ctx)?.is_of_user() {
        Ok(true) => wait_for_commands(ctx, args),
        Ok(false) => wait_for_job(ctx, args),
        // What has become of jobs can be asked nevertheless.
        Err(lost) => wait_for_job(ctx, args).map_err(|e| match e {
            ENOENT => lost,
            e => e,
        }),
    }
}

fn wait_for_job(ctx: Context<'_, Npu>, args: &mut Wait) -> Result {
    let fence = own(&ctx)?.with_job(args.job, |job| job.fence().clone())?;
    let (ctx, status) =
        Deadline::restartable(args.timeout_ms, &mut args.deadline_ns, |deadline| {
            let (ctx, wake) = ctx.wait_fence(&fence, deadline)?;
            Ok((ctx, wake.ready()?))
        })?;
    args.error = status.map_or_else(|e| e.to_errno(), |()| 0);
    let failure = own(&ctx)?.with_job(args.job, |job| job.failure);
    if let Ok(Some(failure)) = failure {
        args.status = failure.status;
        args.address = failure.address;
        args.command = failure.command;
    }
    let seen = &ctx.file().seen;
    seen.store(seen.load(Relaxed).max(args.job), Relaxed);
    Ok(())
}

/// What `Wait::status` begins at if a context has halted.
const HALTED: u32 = 256;

fn wait_for_commands(ctx: Context<'_, Npu>, args: &mut Wait) -> Result {
    let waiters = own(&ctx)?.waiters.clone();
    // CAST: How many commands are done is counted by 32 bits.
    let wanted = args.job as u32;
    let (ctx, progress) =
        Deadline::restartable(args.timeout_ms, &mut args.deadline_ns, |deadline| {
            let (ctx, wake) = ctx.wait_in(&waiters, deadline, |ctx| {
                let progress = own(ctx).and_then(|hw| hw.progress(&ctx.data().bar));
                let is_over = progress.as_ref().is_ok_and(|progress| {
                    // CAST: Half of all numbers come after another one.
                    let ahead = progress.completed.wrapping_sub(wanted) as i32;
                    ahead >= 0 || progress.halt.is_some()
                });
                (is_over || progress.is_err()).then_some(progress)
            })?;
            Ok((ctx, wake.ready()??))
        })?;
    if let Some(halt) = progress.halt {
        args.error = EIO.to_errno();
        args.status = HALTED + halt;
    }
    ctx.file().seen.store(progress.completed.into(), Relaxed);
    Ok(())
}
