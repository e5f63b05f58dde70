// SPDX-License-Identifier: GPL-2.0

//! Events, errors and resets of the test driver.

use accel::{
    prelude::*,
    uapi::ACCEL_EVENT_DRIVER_BASE,
    CloseOps,
    EventKind,
    Fault,
    ResetLimit,
    ResetOps,
    Resetter, //
};
use kernel::{
    current,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
};

use crate::{
    power::error,
    Policy,
    Test,
    Words, //
};

/// What is kept of a device.
pub(crate) struct Health {
    /// How often it was reset.
    resets: Atomic<u32>,
    /// How many callers are inside of an ioctl that must not be while it is reset.
    inside: Atomic<u32>,
    /// How often there was one nevertheless.
    disturbed: Atomic<u32>,
    /// How often a file was closed with the hardware at hand.
    closes: Atomic<u32>,
    /// How long a reset takes, in milliseconds.
    reset_ms: Atomic<u32>,
    /// What resets return: an error number, or 0.
    reset_error: Atomic<u32>,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self {
            resets: Atomic::new(0),
            inside: Atomic::new(0),
            disturbed: Atomic::new(0),
            closes: Atomic::new(0),
            reset_ms: Atomic::new(0),
            reset_error: Atomic::new(0),
        }
    }

    fn expect_nobody_inside(&self) {
        if self.inside.load(Relaxed) != 0 {
            self.disturbed.fetch_add(1, Relaxed);
        }
    }
}

/// The most events that a call sends.
const MAX_EVENTS: u32 = 1 << 16;

/// The longest that a call stays inside, in microseconds: so long it holds up a removal.
const MAX_STAY_US: u32 = 10_000_000;

/// After how many events a call looks for signals.
const SOME_EVENTS: u32 = 256;

/// After how many microseconds a call that stays inside looks for signals.
const A_WHILE_US: u32 = 10_000;

fn check_signals() -> Result {
    match current!().signal_pending() {
        true => Err(EINTR),
        false => Ok(()),
    }
}

/// Sends `b` events of kind `a`.
pub(crate) fn send<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let kind = EventKind::try_from(ACCEL_EVENT_DRIVER_BASE.saturating_add(args.a))?;
    if args.b > MAX_EVENTS {
        return Err(EINVAL);
    }
    for n in 0..args.b {
        if n % SOME_EVENTS == SOME_EVENTS - 1 {
            check_signals()?;
        }
        ctx.device().send_event(kind, [n.into(), args.b.into(), 0]);
    }
    Ok(())
}

/// Reports a fault of code `b`: of the hardware, or, if `a` is 1, of the firmware.
pub(crate) fn report<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    ctx.device().report(match args.a {
        0 => Fault::hardware(args.b.into()),
        1 => Fault::firmware(args.b.into()),
        _ => return Err(EINVAL),
    });
    Ok(())
}

/// Reports a fault of the hardware, of code `b`, that only a reset mends.
pub(crate) fn ask_for_reset<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    ctx.device().reset(Fault::hardware(args.b.into()));
    Ok(())
}

/// Resets the device, and returns when that is done.
pub(crate) fn reset_now<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let before = ctx.device().resets();
    let ctx = ctx.reset()?;
    // CAST: There are few.
    args.result = (ctx.device().resets() - before) as u32;
    Ok(())
}

/// Says what resets return, `a`, and that they take `b` milliseconds. With zero, one that is under
/// way ends, too.
pub(crate) fn set_reset<P: Policy>(
    ctx: Context<'_, Test<P>, Observer>,
    args: &mut Words,
) -> Result {
    let health = &ctx.data().health;
    health.reset_error.store(args.a, Relaxed);
    health.reset_ms.store(args.b, Relaxed);
    ctx.device().wake();
    Ok(())
}

/// Tells how often the device was reset, or, if `a` is 1, how often not alone.
pub(crate) fn resets<P: Policy>(ctx: Context<'_, Test<P>, Observer>, args: &mut Words) -> Result {
    let health = &ctx.data().health;
    args.result = match args.a {
        0 => health.resets.load(Relaxed),
        1 => health.disturbed.load(Relaxed),
        _ => return Err(EINVAL),
    };
    Ok(())
}

/// Tells how often files were closed.
pub(crate) fn closes<P: Policy>(ctx: Context<'_, Test<P>, Observer>, args: &mut Words) -> Result {
    args.result = ctx.data().health.closes.load(Relaxed);
    Ok(())
}

/// Stays inside, which nothing but a signal ends early.
fn stay(mut left_us: u32) -> Result {
    while left_us > 0 {
        check_signals()?;
        let now_us = left_us.min(A_WHILE_US);
        fsleep(Delta::from_micros(now_us.into()));
        left_us -= now_us;
    }
    Ok(())
}

/// Is inside for `a` microseconds.
pub(crate) fn stay_inside<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    if args.a > MAX_STAY_US {
        return Err(EINVAL);
    }
    let health = &ctx.data().health;
    health.inside.fetch_add(1, Relaxed);
    let stayed = stay(args.a);
    health.inside.fetch_sub(1, Relaxed);
    stayed
}

/// Sleeps for `a` milliseconds, and takes `b` milliseconds to return.
pub(crate) fn linger<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let stay_us = args.b.checked_mul(1000).ok_or(EINVAL)?;
    if stay_us > MAX_STAY_US {
        return Err(EINVAL);
    }
    let slept = ctx
        .wait(Deadline::in_ms(args.a), |_| None::<()>)
        .map(|_| ());
    let stayed = stay(stay_us);
    slept.and(stayed)
}

/// Works for `b` milliseconds on what has to be done in `a`. Returns `ECANCELED` if the device was
/// reset meanwhile.
pub(crate) fn work_within<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let before = ctx.data().health.resets.load(Relaxed);
    let _work = ctx.device().begin_work_within(args.a)?;
    let (_ctx, wake) = ctx.wait(Deadline::in_ms(args.b), |ctx| {
        (ctx.data().health.resets.load(Relaxed) != before).then_some(())
    })?;
    match wake {
        Wake::Ready(()) => Err(ECANCELED),
        Wake::TimedOut => Ok(()),
        Wake::Interrupted => Err(EINTR),
    }
}

impl<P: Policy> CloseOps for Test<P> {
    /// Takes a moment, in which the device must be awake and must not be reset.
    fn close(ctx: &Context<'_, Self>) {
        let data = ctx.data();
        data.health.inside.fetch_add(1, Relaxed);
        data.sleep.need();
        fsleep(Delta::from_millis(1));
        data.sleep.need();
        data.health.inside.fetch_sub(1, Relaxed);
        data.health.closes.fetch_add(1, Relaxed);
    }
}

impl<P: Policy> ResetOps for Test<P> {
    const LIMIT: ResetLimit = ResetLimit::new(4, 2);

    fn reset(ctx: Context<'_, Self, Resetter>) -> Result {
        ctx.data().sleep.need();
        ctx.data().health.expect_nobody_inside();
        let deadline = Deadline::in_ms(ctx.data().health.reset_ms.load(Relaxed));
        let (ctx, _) = ctx.wait(deadline, |ctx| {
            (ctx.data().health.reset_ms.load(Relaxed) == 0).then_some(())
        })?;

        let health = &ctx.data().health;
        health.expect_nobody_inside();
        health.resets.fetch_add(1, Relaxed);
        error(health.reset_error.load(Relaxed))
    }
}
