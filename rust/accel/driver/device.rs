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
        coredump,
        Core,
        DeviceIds, //
    },
    driver::{
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
#[repr(transparent)]
pub struct Device<T: AccelDriver> {
    core: Core,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Device<T> {
    /// Makes a device. User space does not see it before [`Self::add`].
    pub(crate) fn new(
        parent: &device::Device<device::Bound>,
        ids: DeviceIds,
    ) -> Result<ARef<Self>> {
        let ops = &OpsOf::<T>::OPS;
        let core = Core::new(parent, ids, ops, chardev::node(ops)?)?;
        // SAFETY: `Self` is a transparent wrapper of `Core`, and this one was made for `T`.
        Ok(unsafe { ARef::from_raw(ARef::into_raw(core).cast()) })
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

    /// Sets the data of the binding. To be called once, before [`Self::add`]; `data` must stay
    /// until [`Self::remove`] has returned.
    pub(crate) fn set_data(&self, data: &<T::Data as ForLt>::Of<'static>) {
        self.core.set_data(NonNull::from(data).cast());
    }

    /// Shows the sensors of the device to user space, as long as the result is kept. To be called
    /// after [`Self::set_data`].
    pub(crate) fn register_sensors(&self) -> Result<Option<Hwmon>> {
        Hwmon::register(&self.core)
    }

    /// Shows the driver's files in debugfs, as long as the result is kept.
    pub(crate) fn register_debug_files(&self) -> Result<Option<DeviceFolder>> {
        DeviceFolder::new(&self.core, const { T::DEBUG_FILES.entries() })
    }

    /// Shows the device to user space.
    pub(crate) fn add(&self) -> Result {
        self.core.add()
    }

    /// Calls the driver's `background` and `clean_up` when it asks for that, until
    /// [`Self::remove`], which must follow. To be called once, after [`Self::set_data`].
    pub(crate) fn start_background(&self) {
        self.core.background.start();
    }

    /// Asks the driver what memory the device has. To be called once, after [`Self::set_data`] and
    /// before [`Self::add`].
    pub(crate) fn set_memory(&self) -> Result {
        let is_own = |range: &IoRange<'_>| range.is_of(self.core.parent());
        let mut regions = Regions::new(self.core.parent(), &is_own);
        // SAFETY: The device has its data, and has not been removed.
        T::memory(unsafe { self.data() }, &mut regions)?;
        self.core.pool.set_regions(regions);
        Ok(())
    }

    /// Ends what buffers have of the parent. See [`Core::release_parent`].
    pub(crate) fn release_parent(&self) {
        self.core.release_parent();
    }

    /// Takes the device away from user space, for good. See [`Core::remove`].
    pub(crate) fn remove(&self, added: bool) {
        self.core.remove(added);
    }

    /// Returns the data of the binding.
    ///
    /// # Safety
    ///
    /// The device must have data, and must not have been removed yet, for the whole lifetime of
    /// the result.
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
    /// When that changes, [`AccelDriver::stop`] is called. So who begins work on the hardware under
    /// a lock that the driver takes there, too, and asks this before, begins none too late.
    pub fn is_running(&self) -> bool {
        self.core.gate.state() == State::Running
    }

    /// Makes everyone who sleeps in [`Context::wait`](crate::Context::wait) on this device check
    /// their condition again. May be called from interrupt context.
    ///
    /// Wakes all of them. For what each waits for something of its own, have
    /// [`Waiters`](crate::Waiters), or fences; and [`Pollers`](crate::Pollers) for those who poll a
    /// file.
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
    /// `EFBIG` if this one has more than [`coredump::MAX_BYTES`], `EINVAL` if it is empty, `ENODEV`
    /// if the device is gone, and `EOPNOTSUPP` if the kernel keeps no dumps. While there is a dump
    /// of the device that nobody has deleted, or if the administrator wants none, the kernel drops
    /// it without telling.
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
