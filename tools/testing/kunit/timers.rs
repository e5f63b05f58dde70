// SPDX-License-Identifier: GPL-2.0

//! What a driver asks for in advance, and callers that come by another subsystem.

use accel::{
    faux,
    prelude::*,
    Fault,
    Features,
    ResetOps,
    Resetter,
    WorkOps, //
};
use kernel::{
    device,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::Msecs, //
};

/// What no test waits for.
const NEVER_MS: Msecs = 60 * 60 * 1000;

/// A driver whose `background` asks for itself, a number of times.
struct Timed;

/// How often `background` is called, and is to ask for itself.
struct Data {
    calls: Atomic<u32>,
    rounds: Atomic<u32>,
}

impl AccelDriver for Timed {
    type Data = CovariantForLt!(Data);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_kunit_timers",
        version: "1",
        user_space_url: "tools/testing/kunit",
        user_space_license: "GPL-2.0",
        documentation_url: "tools/testing/kunit",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
    const FEATURES: Features<Self> = Features::none().work().reset();
}

impl WorkOps for Timed {
    fn background(ctx: &Context<'_, Self, Observer>) {
        let data = ctx.data();
        data.calls.fetch_add(1, Relaxed);
        if data.rounds.load(Relaxed) > 0 {
            data.rounds.fetch_sub(1, Relaxed);
            ctx.device().queue_background_in(5);
        }
    }
}

impl ResetOps for Timed {
    /// Takes longer than what is asked for.
    fn reset(ctx: Context<'_, Self, Resetter>) -> Result {
        let before = ctx.data().calls.load(Relaxed);
        ctx.device().queue_background_in(1);
        let (ctx, _) = ctx.wait(Deadline::in_ms(200), |_| None::<()>)?;
        match ctx.data().calls.load(Relaxed) == before {
            true => Ok(()),
            false => Err(EIO),
        }
    }
}

impl faux::Driver for Timed {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<Data, Error> + '_ {
        Ok(Data {
            calls: Atomic::new(0),
            rounds: Atomic::new(0),
        })
    }
}

#[kunit_tests(accel_timers)]
mod tests {
    use super::*;
    use crate::scene::{
        self,
        until, //
    };
    use accel::{
        faux::Registration,
        Device, //
    };
    use kernel::sync::aref::ARef;

    #[test]
    fn the_earliest_time_counts() -> Result {
        let device = device()?;
        device.device().queue_background_in(NEVER_MS);
        device.device().queue_background_in(5);
        device.device().queue_background_in(NEVER_MS);
        until(|| calls(&device) == Some(1))?;
        // It was for all of them.
        device.device().queue_background_in(5);
        until(|| calls(&device) == Some(2))?;
        Ok(())
    }

    #[test]
    fn what_is_asked_for_at_once_does_not_wait() -> Result {
        let device = device()?;
        device.device().queue_background_in(NEVER_MS);
        device.device().queue_background();
        until(|| calls(&device) == Some(1))?;
        Ok(())
    }

    #[test]
    fn it_asks_for_itself() -> Result {
        let device = device()?;
        device
            .device()
            .enter(|ctx| ctx.data().rounds.store(4, Relaxed));
        device.device().queue_background_in(0);
        until(|| calls(&device) == Some(5))?;
        Ok(())
    }

    #[test]
    fn a_time_that_comes_in_a_reset_is_made_up_for() -> Result {
        let device = device()?;
        device.device().reset(Fault::hardware(1));
        // The hook fails if it is called meanwhile, and then it never is again.
        until(|| calls(&device) == Some(1))?;
        Ok(())
    }

    #[test]
    fn nothing_is_left_of_it_when_the_device_goes() -> Result {
        let device = device()?;
        device.device().queue_background_in(NEVER_MS);
        device.device().queue_background_in(1);
        drop(device);
        Ok(())
    }

    #[test]
    fn nobody_enters_a_device_that_is_gone() -> Result {
        let device = device()?;
        let other = ARef::<Device<Timed>>::from(device.device());
        assert_eq!(other.enter(|ctx| ctx.device().minor()), Some(other.minor()));
        drop(device);
        assert_eq!(other.enter(|ctx| ctx.device().minor()), None);
        // Nor does this do anything any more.
        other.queue_background_in(1);
        Ok(())
    }

    fn calls(device: &Registration<Timed>) -> Option<u32> {
        device.device().enter(|ctx| ctx.data().calls.load(Relaxed))
    }

    fn device() -> Result<Registration<Timed>> {
        scene::device("timers")
    }
}
