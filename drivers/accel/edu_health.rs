// SPDX-License-Identifier: GPL-2.0

//! What keeps the "edu" device well: how long it may compute, how it is reset, how it sleeps, and
//! what there is to see of it.

use accel::{
    pci,
    prelude::*,
    PowerManager,
    PowerOps,
    ResetOps,
    Resetter, //
};
use kernel::{
    io::Io,
    seq_file::SeqFile,
    seq_print,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta,
        Msecs, //
    },
};

use crate::{
    edu_registers::{
        Registers,
        FACTORIAL,
        ID,
        IRQ_ACKNOWLEDGE,
        IRQ_STATUS,
        LIVENESS,
        STATUS, //
    },
    edu_uapi,
    Edu, //
};

/// How long the device may compute before it is reset. It takes a few milliseconds.
pub(crate) struct Watchdog(Atomic<Msecs>);

impl Watchdog {
    pub(crate) fn new() -> Self {
        Self(Atomic::new(60_000))
    }

    pub(crate) fn ms(&self) -> Msecs {
        self.0.load(Relaxed)
    }
}

/// The attribute `watchdog_ms`.
pub(crate) fn watchdog_ms(ctx: &Context<'_, Edu, Observer>) -> Msecs {
    ctx.data().watchdog.ms()
}

/// Sets the attribute `watchdog_ms`, for what is computed from now on.
pub(crate) fn set_watchdog_ms(ctx: &Context<'_, Edu, Observer>, ms: Msecs) -> Result {
    if ms == 0 {
        return Err(EINVAL);
    }
    ctx.data().watchdog.0.store(ms, Relaxed);
    Ok(())
}

/// Has the bus reset the function.
pub(crate) fn reset(ctx: Context<'_, Edu>, args: &mut edu_uapi::Reset) -> Result {
    if args.reserved != 0 {
        return Err(EINVAL);
    }
    pci::reset_function(ctx)?;
    Ok(())
}

/// Lowers all interrupts that the device has raised.
fn acknowledge_all(bar: &Registers<'_>) {
    let all = IRQ_ACKNOWLEDGE::zeroed()
        .with_factorial(true)
        .with_dma(true);
    bar.write_reg(all);
}

/// Has the device signal what it finishes, but not what it had finished before.
pub(crate) fn enable_interrupts(bar: &Registers<'_>) {
    acknowledge_all(bar);
    bar.write_reg(STATUS::zeroed().with_irq_on_completion(true));
}

/// How long to wait for the device to come to an end, in milliseconds.
const TIMEOUT_MS: u32 = 1000;

fn is_idle(bar: &Registers<'_>) -> bool {
    !bar.read(STATUS).busy() && !bar.is_dma_running()
}

/// Waits until the device is idle or gone, or this takes too long. It cannot be stopped.
fn settle(bar: &Registers<'_>) {
    for _ in 0..TIMEOUT_MS {
        if is_idle(bar) || !bar.are_present() {
            break;
        }
        fsleep(Delta::from_millis(1));
    }
}

impl ResetOps for Edu {
    /// Brings the device back, which has to come to an end by itself.
    fn reset(ctx: Context<'_, Self, Resetter>) -> Result {
        let data = ctx.data();
        settle(&data.bar);

        let mut job = data.job.lock();
        // One that does not answer may seem to be idle.
        if !is_idle(&data.bar) || !data.bar.are_present() {
            return Err(EIO);
        }
        job.lose();
        enable_interrupts(&data.bar);
        drop(job);
        data.dma.lose();
        Ok(())
    }
}

impl PowerOps for Edu {
    /// Puts the device to sleep. What it has just computed is kept for who waits for it.
    fn suspend(ctx: Context<'_, Self, PowerManager>) -> Result {
        let data = ctx.data();
        settle(&data.bar);
        data.complete(ctx.device());

        let _job = data.job.lock();
        if !is_idle(&data.bar) {
            return Err(EBUSY);
        }
        data.bar.write_reg(STATUS::zeroed());
        // Nobody would lower them while it is asleep.
        acknowledge_all(&data.bar);
        ctx.device().queue_clean_up();
        Ok(())
    }

    /// Wakes the device, if it is still there.
    fn resume(ctx: Context<'_, Self, PowerManager>) -> Result {
        let data = ctx.data();
        let _job = data.job.lock();
        if !data.bar.are_present() {
            return Err(EIO);
        }
        enable_interrupts(&data.bar);
        Ok(())
    }
}

/// The debug file `registers`.
pub(crate) fn show_registers(ctx: &Context<'_, Edu, Observer>, out: &SeqFile) -> Result {
    let Some(_awake) = ctx.stay_awake() else {
        seq_print!(out, "asleep\n");
        return Ok(());
    };
    let data = ctx.data();
    let _job = data.job.lock();
    let id: u32 = data.bar.read(ID).value().into();
    let liveness: u32 = data.bar.read(LIVENESS).value().into();
    let factorial: u32 = data.bar.read(FACTORIAL).value().into();
    let status = data.bar.read(STATUS);
    let irq = data.bar.read(IRQ_STATUS);
    seq_print!(
        out,
        "id {id:#010x}\nliveness {liveness:#010x}\nfactorial {factorial}\n"
    );
    seq_print!(
        out,
        "busy {}\nirq_on_completion {}\n",
        status.busy(),
        status.irq_on_completion()
    );
    seq_print!(
        out,
        "irq_factorial {}\nirq_dma {}\n",
        irq.factorial(),
        irq.dma()
    );
    Ok(())
}
