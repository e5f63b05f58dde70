// SPDX-License-Identifier: GPL-2.0

//! Sleep of the devices of the test driver.

use accel::{
    prelude::*,
    Awake,
    PowerManager,
    PowerOps,
    Resetter,
    StartOps, //
};
use kernel::{
    new_mutex,
    sync::{
        atomic::{
            Atomic,
            AtomicFlag,
            Relaxed, //
        },
        Mutex, //
    },
    time::Msecs, //
};

use crate::{
    calls::Asleep,
    Policy,
    Test,
    Words, //
};

/// How often the data of a device was dropped while that was asleep, which is a mistake.
static DROPPED_ASLEEP: Atomic<u32> = Atomic::new(0);

/// What is kept of a device.
#[pin_data]
pub(crate) struct Sleep {
    /// How often it was put to sleep, and was woken.
    suspends: Atomic<u32>,
    resumes: Atomic<u32>,
    asleep: IsAsleep,
    /// How often it was asleep when it was needed.
    missed: Atomic<u32>,
    /// What the next attempt to put it to sleep returns, and the next ones to wake it: an error
    /// number, or 0.
    suspend_error: Atomic<u32>,
    resume_error: Atomic<u32>,
    /// How long it takes to wake it, in milliseconds.
    resume_ms: Atomic<u32>,
    #[pin]
    kept: Mutex<Option<Awake>>,
}

/// Whether a device is asleep.
struct IsAsleep(AtomicFlag);

impl Sleep {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            suspends: Atomic::new(0),
            resumes: Atomic::new(0),
            asleep: IsAsleep(AtomicFlag::new(false)),
            missed: Atomic::new(0),
            suspend_error: Atomic::new(0),
            resume_error: Atomic::new(0),
            resume_ms: Atomic::new(0),
            kept <- new_mutex!(None),
        })
    }

    /// Fails if the driver was told that it cannot put the device to sleep. To be busy lasts; any
    /// other error has the device reset, and one is enough.
    fn may_suspend(&self) -> Result {
        error(self.suspend_error.load(Relaxed)).inspect_err(|&e| {
            if e != EBUSY {
                self.suspend_error.store(0, Relaxed);
            }
        })
    }

    /// Returns what keeps the device awake, if anything does.
    pub(crate) fn take_kept(&self) -> Option<Awake> {
        self.kept.lock().take()
    }

    /// Notes whether the device is awake.
    pub(crate) fn need(&self) {
        if self.asleep.0.load(Relaxed) {
            self.missed.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for IsAsleep {
    fn drop(&mut self) {
        if self.0.load(Relaxed) {
            DROPPED_ASLEEP.fetch_add(1, Relaxed);
        }
    }
}

/// Returns the error of a number, one of those that matter; none if it is 0.
pub(crate) fn error(number: u32) -> Result {
    if number == 0 {
        return Ok(());
    }
    let error = [EBUSY, ENODEV, ETIMEDOUT]
        .into_iter()
        .find(|error| error.to_errno().unsigned_abs() == number);
    Err(error.unwrap_or(EIO))
}

impl<P: Policy> StartOps for Test<P> {
    fn start(ctx: Context<'_, Self, Resetter>) -> Result {
        if ctx.stay_awake().is_none() {
            ctx.data().sleep.missed.fetch_add(1, Relaxed);
        }
        Ok(())
    }
}

impl<P: Policy> PowerOps for Test<P> {
    const AUTOSUSPEND_MS: Msecs = 20;

    fn suspend(ctx: Context<'_, Self, PowerManager>) -> Result {
        let sleep = &ctx.data().sleep;
        sleep.may_suspend()?;
        sleep.need();
        sleep.asleep.0.store(true, Relaxed);
        sleep.suspends.fetch_add(1, Relaxed);
        Ok(())
    }

    fn resume(ctx: Context<'_, Self, PowerManager>) -> Result {
        let resume_ms = ctx.data().sleep.resume_ms.load(Relaxed);
        let (ctx, _) = ctx.wait(Deadline::in_ms(resume_ms), |_| None::<()>)?;

        let sleep = &ctx.data().sleep;
        error(sleep.resume_error.load(Relaxed))?;
        sleep.asleep.0.store(false, Relaxed);
        sleep.resumes.fetch_add(1, Relaxed);
        Ok(())
    }
}

/// Adds, with the device awake.
pub(crate) fn powered_add<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    ctx.data().sleep.need();
    args.add()
}

/// As `ACCEL_TEST_IOC_SLEEP`, with the device awake before and afterwards.
pub(crate) fn powered_sleep<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    ctx.data().sleep.need();
    let before = ctx.data().wakes.load(Relaxed);
    let _asleep = Asleep::new(&ctx.data().asleep);
    let (ctx, wake) = ctx.wait(Deadline::in_ms(args.a), |ctx| {
        (ctx.data().wakes.load(Relaxed) != before).then_some(())
    })?;
    ctx.data().sleep.need();
    wake.ready()
}

/// Keeps the device awake, or, if `a` is zero, does not any more. The result is whether it is kept.
pub(crate) fn keep_awake<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let awake = match args.a {
        0 => None,
        _ => ctx.stay_awake(),
    };
    args.result = awake.is_some().into();
    *ctx.data().sleep.kept.lock() = awake;
    Ok(())
}

/// Says what the next attempt to put the device to sleep returns, `a`, and that those to wake it
/// take `b` milliseconds.
pub(crate) fn set_power<P: Policy>(
    ctx: Context<'_, Test<P>, Observer>,
    args: &mut Words,
) -> Result {
    let sleep = &ctx.data().sleep;
    sleep.suspend_error.store(args.a, Relaxed);
    sleep.resume_ms.store(args.b, Relaxed);
    Ok(())
}

/// Says what attempts to wake the device return, `a`.
pub(crate) fn fail_resume<P: Policy>(
    ctx: Context<'_, Test<P>, Observer>,
    args: &mut Words,
) -> Result {
    ctx.data().sleep.resume_error.store(args.a, Relaxed);
    Ok(())
}

/// Counts what `a` says.
pub(crate) fn count_power<P: Policy>(
    ctx: Context<'_, Test<P>, Observer>,
    args: &mut Words,
) -> Result {
    let sleep = &ctx.data().sleep;
    let count = match args.a {
        0 => &sleep.suspends,
        1 => &sleep.resumes,
        2 => &sleep.missed,
        3 => &DROPPED_ASLEEP,
        _ => return Err(EINVAL),
    };
    args.result = count.load(Relaxed);
    Ok(())
}
