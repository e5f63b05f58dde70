// SPDX-License-Identifier: GPL-2.0

//! The lifecycle of accelerators whose device is on a bus, where the driver core binds it.

use core::ptr::NonNull;
use kernel::{
    device::Device,
    error::to_result,
    ffi::{
        c_char,
        c_int,
        c_uint, //
    },
    prelude::*,
    sync::aref::ARef, //
};

use crate::owned::{
    Owned,
    Owner,
    Returned, //
};

/// The name that all drivers of this module have on their bus.
pub(crate) const DRIVER_NAME: &CStr = <crate::LocalModule as kernel::ModuleMetadata>::NAME;

// SAFETY: These are the functions of `bus.h`, and `Device` is a transparent wrapper of the C
// structure. Those that are safe take any device.
#[allow(
    improper_ctypes,
    reason = "empty structures, which the kernel's compilers agree on"
)]
unsafe extern "C" {
    #[cfg(CONFIG_AUXILIARY_BUS)]
    safe fn accel_test_child(dev: &Device) -> Option<NonNull<Device>>;
    safe fn accel_test_minor(dev: &Device) -> c_int;
    safe fn accel_test_unbind(dev: &Device);
    safe fn accel_test_bind(dev: &Device) -> c_int;
    fn accel_test_limit_dma(dev: &Device);
    fn accel_test_platform_device(name: *const c_char) -> Returned<PlatformDeviceSide>;
    fn accel_test_irq_device(
        name: *const c_char,
        first: c_uint,
        count: c_uint,
    ) -> Returned<PlatformDeviceSide>;
    fn accel_test_remove_platform_device(dev: NonNull<PlatformDeviceSide>);
}

/// A device on a bus, which may have an accelerator.
pub(crate) struct BusDevice(ARef<Device>);

impl BusDevice {
    /// Returns the only child of `parent`.
    #[cfg(CONFIG_AUXILIARY_BUS)]
    fn below(parent: &Device) -> Result<Self> {
        let child = accel_test_child(parent).ok_or(ENODEV)?;
        // SAFETY: The function has taken the reference for us.
        Ok(Self(unsafe { ARef::from_raw(child) }))
    }

    /// Returns the minor of the accelerator.
    pub(crate) fn minor(&self) -> Result<u32> {
        let minor = accel_test_minor(&self.0);
        to_result(minor)?;
        // CAST: Not negative, since it is no error.
        Ok(minor as u32)
    }

    /// Takes the driver away.
    pub(crate) fn unbind(&self) {
        accel_test_unbind(&self.0);
    }

    /// Looks for a driver, as when the device was added.
    pub(crate) fn bind(&self) -> Result {
        let bound = accel_test_bind(&self.0);
        to_result(bound)?;
        if bound == 0 {
            return Err(ENODEV);
        }
        Ok(())
    }
}

/// The device of a [`PlatformDevice`].
#[repr(transparent)]
struct PlatformDeviceSide(Device);

// SAFETY: Unregisters the device, which the function registers that returns one.
unsafe impl Owner for PlatformDeviceSide {
    const END: unsafe extern "C" fn(NonNull<Self>) = accel_test_remove_platform_device;
}

/// A registered platform device.
pub(crate) struct PlatformDevice(Owned<PlatformDeviceSide>);

impl PlatformDevice {
    pub(crate) fn new(name: &CStr) -> Result<Self> {
        // SAFETY: The name is a C string, of which the function makes a copy.
        let registered = unsafe { accel_test_platform_device(name.as_char_ptr()) };
        registered.owned().map(Self)
    }

    /// As [`Self::new`], with `count` interrupts from `first` on, and a range of memory.
    pub(crate) fn with_irqs(name: &CStr, first: u32, count: u32) -> Result<Self> {
        // SAFETY: As above.
        let registered = unsafe { accel_test_irq_device(name.as_char_ptr(), first, count) };
        registered.owned().map(Self)
    }

    pub(crate) fn device(&self) -> BusDevice {
        BusDevice((&self.0 .0).into())
    }

    /// Makes it one that cannot address all memory.
    pub(crate) fn limit_dma(&self) {
        // SAFETY: A platform device has a mask.
        unsafe { accel_test_limit_dma(&self.0 .0) };
    }
}

#[kunit_tests(accel_bus)]
mod tests {
    use super::*;
    use crate::{
        node::Node,
        test_state::{
            self,
            Alive, //
        },
        ADD, //
    };
    #[cfg(CONFIG_AUXILIARY_BUS)]
    use kernel::{
        auxiliary,
        faux,
        types::ForLt, //
    };

    #[cfg(CONFIG_AUXILIARY_BUS)]
    #[test]
    fn an_auxiliary_device_is_removed_with_an_open_file() -> Result {
        let parent = auxiliary_parent()?;
        let registration = auxiliary_device(&parent)?;
        let device = auxiliary_child(&parent)?;
        is_removed_with_an_open_file(&device, || drop(registration))
    }

    #[cfg(CONFIG_AUXILIARY_BUS)]
    #[test]
    fn an_auxiliary_device_is_bound_again_with_an_open_file() -> Result {
        let parent = auxiliary_parent()?;
        let _registration = auxiliary_device(&parent)?;
        is_bound_again_with_an_open_file(&auxiliary_child(&parent)?)
    }

    #[cfg(CONFIG_AUXILIARY_BUS)]
    #[test]
    fn a_failing_probe_of_an_auxiliary_device_leaves_nothing() -> Result {
        let parent = auxiliary_parent()?;
        test_state::fail_next_probe();
        let _registration = auxiliary_device(&parent)?;
        is_left_alone(&auxiliary_child(&parent)?)
    }

    #[test]
    fn a_platform_device_is_removed_with_an_open_file() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let device = platform.device();
        is_removed_with_an_open_file(&device, || drop(platform))
    }

    #[test]
    fn a_platform_device_is_bound_again_with_an_open_file() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        is_bound_again_with_an_open_file(&platform.device())
    }

    #[test]
    fn a_failing_probe_of_a_platform_device_leaves_nothing() -> Result {
        test_state::fail_next_probe();
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        is_left_alone(&platform.device())
    }

    #[test]
    fn a_platform_device_of_another_name_is_not_taken() -> Result {
        let platform = PlatformDevice::new(c"accel_kunit_other")?;
        assert_eq!(platform.device().minor(), Err(ENODEV));
        assert_eq!(test_state::alive(), Alive { data: 0, files: 0 });
        Ok(())
    }

    /// Opens the accelerator of `device`, and calls `remove`, which removes the device.
    fn is_removed_with_an_open_file(device: &BusDevice, remove: impl FnOnce()) -> Result {
        let minor = device.minor()?;
        let user = Node::open_user(minor)?;
        assert_eq!(user.ioctl(ADD, [16, 20, 22, 0])?[3], 42);
        assert_eq!(test_state::alive(), Alive { data: 1, files: 1 });

        remove();
        assert_eq!(test_state::alive(), Alive { data: 0, files: 0 });
        assert_eq!(user.ioctl(ADD, [16, 20, 22, 0]), Err(ENODEV));
        assert_eq!(Node::open_user(minor).err(), Some(ENOENT));
        Ok(())
    }

    /// Takes the driver from `device` and gives it back, while a file of before stays open.
    fn is_bound_again_with_an_open_file(device: &BusDevice) -> Result {
        let minor = device.minor()?;
        let user = Node::open_user(minor)?;

        device.unbind();
        assert_eq!(device.minor(), Err(ENODEV));
        assert_eq!(test_state::alive(), Alive { data: 0, files: 0 });

        device.bind()?;
        let minor_again = device.minor()?;
        assert!(minor_again != minor);
        let user_again = Node::open_user(minor_again)?;
        assert_eq!(user_again.ioctl(ADD, [16, 20, 22, 0])?[3], 42);
        assert_eq!(user.ioctl(ADD, [16, 20, 22, 0]), Err(ENODEV));
        assert_eq!(test_state::alive(), Alive { data: 1, files: 1 });
        Ok(())
    }

    /// Checks that `device`, whose probe has failed, can be had nevertheless with the next.
    fn is_left_alone(device: &BusDevice) -> Result {
        assert_eq!(device.minor(), Err(ENODEV));
        assert_eq!(test_state::alive(), Alive { data: 0, files: 0 });

        device.bind()?;
        let user = Node::open_user(device.minor()?)?;
        assert_eq!(user.ioctl(ADD, [16, 20, 22, 0])?[3], 42);
        Ok(())
    }

    #[cfg(CONFIG_AUXILIARY_BUS)]
    type AuxiliaryRegistration<'a> = auxiliary::Registration<'a, ForLt!(())>;

    #[cfg(CONFIG_AUXILIARY_BUS)]
    fn auxiliary_parent() -> Result<faux::Registration> {
        faux::Registration::new(c"accel_kunit.parent", None)
    }

    /// Creates an auxiliary device below `parent`, with what the driver's table says of it.
    #[cfg(CONFIG_AUXILIARY_BUS)]
    fn auxiliary_device(parent: &faux::Registration) -> Result<AuxiliaryRegistration<'_>> {
        let parent = parent.as_ref().as_ref();
        AuxiliaryRegistration::new(parent, crate::AUXILIARY_NAME, 0, DRIVER_NAME, ())
    }

    #[cfg(CONFIG_AUXILIARY_BUS)]
    fn auxiliary_child(parent: &faux::Registration) -> Result<BusDevice> {
        let parent: &Device<kernel::device::Bound> = parent.as_ref().as_ref();
        BusDevice::below(parent)
    }
}
