// SPDX-License-Identifier: GPL-2.0

//! Work of a device, as its driver begins it and has it go on.

use kernel::{
    prelude::*,
    time::Msecs, //
};

use super::{
    context::{
        Context,
        Observer, //
    },
    device::Device,
    features::Features,
    handler,
    AccelDriver, //
};
use crate::device::{
    engine::FileEngine,
    ops::features::WorkFns,
    work::Work, //
};

/// Drivers with work that goes on when a call has returned. All is optional; by default there is
/// nothing to do.
///
/// # Examples
///
/// ```
/// use accel::{fence::DriverFence, prelude::*, Features, WorkOps};
/// use kernel::{new_mutex, sync::Mutex};
///
/// # struct Npu;
/// #[pin_data]
/// struct Data {
///     /// The fences of jobs that the device has not begun.
///     #[pin]
///     queue: Mutex<KVec<DriverFence>>,
/// }
///
/// impl WorkOps for Npu {
///     fn stop(_ctx: &Context<'_, Self, Observer>) {
///         // Stops DMA, and waits until the device has ceased.
///     }
///
///     fn background(ctx: &Context<'_, Self, Observer>) {
///         let next = ctx.data().queue.lock().pop();
///         if let Some(fence) = next {
///             // Does the job.
///             fence.signal(Ok(()));
///             ctx.device().queue_background();
///         }
///     }
/// }
///
/// impl AccelDriver for Npu {
///     type Data = CovariantForLt!(Data);
///     const FEATURES: Features<Self> = Features::none().work();
/// #   const INFO: DriverInfo = DriverInfo {
/// #       name: "npu",
/// #       version: "1",
/// #       user_space_url: "https://npu.example",
/// #       user_space_license: "GPL-2.0",
/// #       documentation_url: "https://npu.example/registers",
/// #   };
/// #   const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
/// #   const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
/// }
/// ```
pub trait WorkOps: AccelDriver {
    /// Stops the hardware: when this returns, the hardware touches no memory any more, and begins
    /// no work.
    ///
    /// Called once when a device is to be reset, is wedged, or goes, and when the system shuts
    /// down: newcomers are kept out already, but calls may still be inside the driver, and
    /// interrupts arrive. The fences of all work that is not done are signalled next, so whoever
    /// waits for them takes it that their memory is theirs again. A
    /// [`ResetOps::reset`](super::ResetOps::reset) that succeeds brings the hardware back. By
    /// default there is nothing to stop.
    ///
    /// No work may begin afterwards, so take the lock under which that happens, and ask
    /// [`Device::is_running`] wherever it does.
    ///
    /// A device that is awake stays so meanwhile, but one that is asleep is not woken: ask
    /// [`Context::stay_awake`] before touching its registers. It may also be out of the machine, so
    /// waiting for it needs a time limit. May sleep, but fences depend on it, see
    /// [`Signalling`](crate::base::fence::Signalling); so it must not wait for users, for fences or
    /// for memory.
    fn stop(_ctx: &Context<'_, Self, Observer>) {}

    /// Does what is to be done on the driver's own account, such as starting what a fence has held
    /// up. Called after [`Device::queue_background`],
    /// when the time of [`Device::queue_background_in`] has come, and by a
    /// [`FenceCallback`](crate::device::fence_callback::FenceCallback), possibly for no reason; but
    /// only while the device is running, and awake if the system is.
    ///
    /// May sleep, but holds up the removal of the device: if there is much to do, it does a part
    /// and has itself called again. Fences are signalled here, so it must not wait for memory, nor
    /// give back that of work that is done, as for [`Self::stop`]: leave that to
    /// [`Self::clean_up`].
    fn background(_ctx: &Context<'_, Self, Observer>) {}

    /// Gives back what finished work has left behind, such as the memory of its buffers. Called
    /// after [`Device::queue_clean_up`], possibly for no reason; unless the device is being reset,
    /// and until it goes.
    ///
    /// No fence depends on this, so it may allocate memory and take any lock, but none that
    /// [`Self::stop`] or [`Self::background`] take while it does. Holds up the removal of the
    /// device.
    fn clean_up(_ctx: &Context<'_, Self, Observer>) {}
}

impl<T: WorkOps> Features<T> {
    /// Adds [`WorkOps`].
    pub const fn work(mut self) -> Self {
        self.fns.work = Some(WorkFns {
            stop: handler::by_ref(T::stop),
            background: handler::by_ref(T::background),
            clean_up: handler::by_ref(T::clean_up),
        });
        self
    }

    /// Has the compiler check that the driver's background work is done.
    pub(super) const fn require_work() {
        assert!(
            T::FEATURES.fns.work.is_some(),
            "a driver with background work has `work()` in its FEATURES"
        );
    }
}

impl<T: AccelDriver> Device<T> {
    /// Begins a piece of work, which ends when the result is dropped. The information topic USAGE
    /// shows such work. If an engine does it for an open file, use
    /// [`FileEngine::begin_work`](crate::device::engine::FileEngine::begin_work).
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// fn compute<T: AccelDriver>(ctx: &Context<'_, T>) {
    ///     let _work = ctx.device().begin_work();
    ///     // Busy until this returns.
    /// }
    /// ```
    pub fn begin_work(&self) -> Work {
        Work::begin(self.core().account.clone(), 0)
    }

    /// As [`Self::begin_work`], for work that has to end within `timeout_ms` milliseconds, a day at
    /// most. If it does not, the device is reset, see [`Self::reset`], with
    /// [`Fault::timeout`](crate::Fault::timeout); what is still there after a reset is not waited
    /// for again.
    ///
    /// A device can have 128 such pieces of work at a time; `EBUSY` if it has them already.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, Work};
    /// /// Begins a job that takes 100 milliseconds at most. If it gets stuck, the device is reset.
    /// fn begin<T: AccelDriver>(dev: &Device<T>) -> Result<Work> {
    ///     dev.begin_work_within(100)
    /// }
    /// ```
    pub fn begin_work_within(&self, timeout_ms: Msecs) -> Result<Work> {
        let watch = self.core().watch(timeout_ms)?;
        Ok(self.begin_work().watched_by(watch))
    }
}

impl<T: WorkOps> Device<T> {
    /// Lets [`WorkOps::background`] be called, soon, unless the device is gone. May be called
    /// in any context.
    ///
    /// However often this is called, `background` runs once at a time, and once more after the last
    /// call.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, WorkOps};
    /// /// What an interrupt does that says that the device takes another job.
    /// fn has_room<T: WorkOps>(dev: &Device<T>) {
    ///     dev.queue_background();
    /// }
    /// ```
    pub fn queue_background(&self) {
        const { Features::<T>::require_work() };
        self.core().queue_background();
    }

    /// Lets [`WorkOps::background`] be called in `ms` milliseconds, a day at most, or sooner: of
    /// all times that were asked for since it was last called so, the earliest counts. May be
    /// called in any context.
    ///
    /// When the time has come, `background` is called as after [`Self::queue_background`]: while a
    /// reset is under way or the system is asleep, not before the end of that, and never if the
    /// device is wedged or gone. A reset and a sleep of the system are followed by a call in any
    /// case. The device may be asleep: ask [`Context::stay_awake`] before touching its registers.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, WorkOps};
    /// /// What `background` of a driver does that reads the temperature every 5 seconds.
    /// fn poll_temperature<T: WorkOps>(ctx: &Context<'_, T, Observer>) {
    ///     if let Some(_awake) = ctx.stay_awake() {
    ///         // Reads the register.
    ///     }
    ///     ctx.device().queue_background_in(5_000);
    /// }
    /// ```
    pub fn queue_background_in(&self, ms: Msecs) {
        const { Features::<T>::require_work() };
        self.core().queue_background_in(ms);
    }

    /// Lets [`WorkOps::clean_up`] be called, as [`Self::queue_background`] does with
    /// [`WorkOps::background`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, WorkOps};
    /// /// What an interrupt does that says that a job is done: it frees no memory.
    /// fn job_done<T: WorkOps>(dev: &Device<T>) {
    ///     dev.wake();
    ///     dev.queue_clean_up();
    /// }
    /// ```
    pub fn queue_clean_up(&self) {
        const { Features::<T>::require_work() };
        self.core().queue_clean_up();
    }
}

impl FileEngine {
    /// As [`Self::begin_work`], for work that has to end within `timeout_ms` milliseconds. See
    /// [`Device::begin_work_within`] of `device`.
    pub fn begin_work_within<T: AccelDriver>(
        self,
        device: &Device<T>,
        timeout_ms: Msecs,
    ) -> Result<Work> {
        let watch = device.core().watch(timeout_ms)?;
        Ok(self.begin_work().watched_by(watch))
    }
}
