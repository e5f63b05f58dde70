// SPDX-License-Identifier: GPL-2.0

//! A device as its driver has it.

use core::ptr::NonNull;
use kernel::{
    device,
    prelude::*,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        Arc, //
    },
    types::{
        CovariantForLt,
        ForLt, //
    },
};

use crate::{
    base::{
        fence::Fences,
        state::State, //
    },
    device::{
        core::registration::Unregistered,
        coredump,
        Core,
        DeviceIds, //
    },
    driver::{
        context::{
            Context,
            Observer, //
        },
        AccelDriver,
        Invariant,
        OpsOf, //
    },
    memory::{
        io_range::IoRange,
        Regions, //
    },
    node::{
        chardev,
        debugfs::DeviceFolder,
        hwmon::Hwmon, //
    }, //
};

/// An accelerator device that is driven by `T`.
///
/// # Examples
///
/// ```
/// use accel::prelude::*;
/// use kernel::sync::aref::ARef;
///
/// /// A part of the driver's data that wakes those who wait for the device. That there is a
/// /// reference does not keep the device from being unbound.
/// struct Doorbell<T: AccelDriver> {
///     device: ARef<Device<T>>,
/// }
///
/// impl<T: AccelDriver> Doorbell<T> {
///     fn rings(&self) {
///         self.device.wake();
///     }
/// }
/// ```
#[repr(transparent)]
pub struct Device<T: AccelDriver> {
    core: Core,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Device<T> {
    /// Makes a device with `data`, and asks the driver what memory it has.
    ///
    /// # Safety
    ///
    /// `parent` must be about to be bound to the driver. `data` must stay until the
    /// [`Unregistered`] device, or the registration that it becomes, has been dropped.
    pub(crate) unsafe fn new(
        parent: &device::Device<device::Bound>,
        ids: DeviceIds,
        data: &<T::Data as ForLt>::Of<'static>,
    ) -> Result<(ARef<Self>, Unregistered)> {
        let is_own = |range: &IoRange<'_>| range.is_of(parent);
        let mut regions = Regions::new(parent, &is_own);
        if let Some(memory) = const { T::FEATURES.regions } {
            memory(T::Data::cast_ref(data), &mut regions)?;
        }

        let ops = &OpsOf::<T>::OPS;
        let node = chardev::node(ops)?;
        let data = NonNull::from(data).cast();
        // SAFETY: Same requirements; the device is made for `T`.
        unsafe {
            let device = Unregistered::new(parent, ids, ops, node, data, regions)?;
            Ok((Self::from_core(device.core()).into(), device))
        }
    }

    /// # Safety
    ///
    /// The device must have been made for `T`.
    pub(crate) unsafe fn from_core(core: &Core) -> &Self {
        // SAFETY: `Self` is a transparent wrapper of `Core`.
        unsafe { &*core::ptr::from_ref(core).cast() }
    }

    /// Returns the device without its driver.
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Shows the sensors of the device to user space, as long as the result is kept.
    pub(crate) fn register_sensors(&self) -> Result<Option<Hwmon>> {
        Hwmon::register(&self.core)
    }

    /// Shows the driver's files in debugfs, as long as the result is kept.
    pub(crate) fn register_debug_files(&self) -> Result<Option<DeviceFolder>> {
        DeviceFolder::new(&self.core, const { T::DEBUG_FILES.entries() })
    }

    /// Returns the data of the binding.
    ///
    /// # Safety
    ///
    /// The gate must be held, or the binding must keep the data, for the whole lifetime of the
    /// result.
    pub(crate) unsafe fn data<'a>(&self) -> &'a <T::Data as ForLt>::Of<'a> {
        // SAFETY: Same requirements; the device was made for `T`.
        let data: &<T::Data as ForLt>::Of<'static> = unsafe { self.core.data() };
        T::Data::cast_ref(data)
    }

    /// Returns those fences of the device that are not signalled.
    pub(crate) fn fences(&self) -> Arc<Fences> {
        self.core.fences.clone()
    }

    /// Returns the number of the device: N of `/dev/accelerator/accelN`.
    pub fn minor(&self) -> u32 {
        self.core.minor.number()
    }

    /// Returns whether the device takes work: it is neither being reset, nor wedged, nor gone.
    ///
    /// When that changes, [`WorkOps::stop`](crate::WorkOps::stop) is called. So who begins work on
    /// the hardware under a lock that the driver takes there, too, and asks this before, begins
    /// none too late.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// use kernel::sync::Mutex;
    ///
    /// /// Gives the next job to the hardware. `stop()` takes the same lock.
    /// fn start_next<T: AccelDriver>(dev: &Device<T>, queue: &Mutex<KVec<u32>>) {
    ///     let mut queue = queue.lock();
    ///     if dev.is_running() {
    ///         let _job = queue.pop();
    ///         // Rings the doorbell.
    ///     }
    /// }
    /// ```
    pub fn is_running(&self) -> bool {
        self.core.gate.state() == State::Running
    }

    /// Calls `f` with a context, for callers that come by another subsystem: a notifier, or a
    /// callback of another driver. Returns `None` if the device is gone.
    ///
    /// The device is not removed meanwhile, so `f` must not wait for what others decide, and must
    /// not take long. It may be asleep, wedged, or in a reset: as in any call of an observer, ask
    /// [`Context::stay_awake`](crate::Context::stay_awake) and [`Self::is_running`] before reaching
    /// the hardware. That the driver's module stays for as long as it may be called is up to the
    /// other subsystem. To be called by a thread.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// # use kernel::types::ForLt;
    /// use kernel::sync::atomic::{Atomic, Relaxed};
    ///
    /// /// What another driver calls when the power limit of the machine has changed.
    /// fn limit_changed<T>(dev: &Device<T>, milliwatts: u32)
    /// where
    ///     T: for<'a> AccelDriver<Data: ForLt<Of<'a> = Atomic<u32>>>,
    /// {
    ///     dev.enter(|ctx| ctx.data().store(milliwatts, Relaxed));
    /// }
    /// ```
    pub fn enter<V>(&self, f: impl FnOnce(&Context<'_, T, Observer>) -> V) -> Option<V> {
        let call = self.core.enter().ok()?;
        // SAFETY: The call was admitted to a device of `T`, in no higher role than this.
        Some(f(unsafe { Context::from_ref(&call) }))
    }

    /// Makes everyone who sleeps in [`Context::wait`](crate::Context::wait) on this device check
    /// their condition again. May be called from interrupt context.
    ///
    /// Wakes all of them. For what each waits for something of its own, have
    /// [`Waiters`](crate::Waiters), or fences; and [`Pollers`](crate::Pollers) for those who poll a
    /// file.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// use kernel::sync::atomic::{Atomic, Relaxed};
    ///
    /// /// What an interrupt does that says that a job is done.
    /// fn job_done<T: AccelDriver>(dev: &Device<T>, finished: &Atomic<u32>) {
    ///     finished.fetch_add(1, Relaxed);
    ///     dev.wake();
    /// }
    /// ```
    pub fn wake(&self) {
        let core = self.core();
        core.wait.callers.wake_all();
        if core.wait.observers.has_sleepers() {
            core.notify();
        }
    }

    /// Keeps `data`, which the driver has gathered after an error, for those who look into it: see
    /// [`coredump`]. May sleep.
    ///
    /// Returns `EBUSY` if another dump of the device was taken within [`coredump::INTERVAL_MS`],
    /// `EFBIG` if this one has more than [`AccelDriver::MAX_DUMP`], `EINVAL` if it is empty,
    /// `ENODEV` if the device is gone, and `EOPNOTSUPP` if the kernel keeps no dumps. While there
    /// is a dump of the device that nobody has deleted, or if the administrator wants none, the
    /// kernel drops it without telling.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// fn dump<T: AccelDriver>(dev: &Device<T>, registers: &[u8]) -> Result {
    ///     let mut data = VVec::with_capacity(registers.len(), GFP_KERNEL)?;
    ///     data.extend_from_slice(registers, GFP_KERNEL)?;
    ///     dev.coredump(data)
    /// }
    /// ```
    pub fn coredump(&self, data: VVec<u8>) -> Result {
        coredump::hand_over(&self.core, data)
    }
}

// SAFETY: `Device` is a transparent wrapper of `Core`.
unsafe impl<T: AccelDriver> AlwaysRefCounted for Device<T> {
    fn inc_ref(&self) {
        self.core.inc_ref();
    }

    unsafe fn dec_ref(device: NonNull<Self>) {
        // SAFETY: Same requirements.
        unsafe { Core::dec_ref(device.cast()) };
    }
}
