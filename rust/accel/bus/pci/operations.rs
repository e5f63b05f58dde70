// SPDX-License-Identifier: GPL-2.0

//! How a PCI driver is registered: as the kernel crate does it, with what that leaves out.

use core::marker::PhantomData;
use kernel::{
    bindings,
    driver::{
        DriverLayout,
        RegistrationOps, //
    },
    pci,
    prelude::*,
    types::{
        ForLt,
        Opaque, //
    }, //
};

use super::{
    recovery,
    Adapter,
    Driver, //
};
use crate::sys::ffi::Shared;

/// Registers the PCI driver that an accelerator driver makes.
pub struct Operations<T>(PhantomData<fn(T) -> T>);

/// What the kernel crate has.
type Plain<T> = pci::Adapter<Adapter<T>>;

/// With these, though there is nothing in them, the PCI core saves the state of a device, puts it
/// into a low-power state and wakes it, also when the system sleeps. Without any, it takes a driver
/// for one that knows nothing of power, and leaves its device on.
static PM_OPS: Shared<bindings::dev_pm_ops> = Shared::new(pin_init::zeroed());

fn pm_ops() -> *const bindings::dev_pm_ops {
    PM_OPS.get()
}

// SAFETY: The layout is that of the adapter of the kernel crate.
unsafe impl<T: Driver> DriverLayout for Operations<T>
where
    for<'a> <T::Data as ForLt>::Of<'a>: Send + Sync,
{
    type DriverType = <Plain<T> as DriverLayout>::DriverType;
    type DriverData<'bound> = <Plain<T> as DriverLayout>::DriverData<'bound>;
    const DEVICE_DRIVER_OFFSET: usize = <Plain<T> as DriverLayout>::DEVICE_DRIVER_OFFSET;
}

// SAFETY: All that is registered is registered by the adapter of the kernel crate.
unsafe impl<T: Driver> RegistrationOps for Operations<T>
where
    for<'a> <T::Data as ForLt>::Of<'a>: Send + Sync,
{
    unsafe fn register(
        driver: &Opaque<Self::DriverType>,
        name: &'static CStr,
        module: &'static ThisModule,
    ) -> Result {
        // SAFETY: Nobody else has the driver before it is registered, and what it refers to is
        // static. The rest is the same requirements.
        unsafe {
            if const { T::FEATURES.is_power_managed() } {
                (*driver.get()).driver.pm = pm_ops();
            }
            (*driver.get()).err_handler = recovery::handlers();
            (*driver.get()).shutdown = Some(recovery::shut_down);
            <Plain<T> as RegistrationOps>::register(driver, name, module)
        }
    }

    unsafe fn unregister(driver: &Opaque<Self::DriverType>) {
        // SAFETY: Same requirements.
        unsafe { <Plain<T> as RegistrationOps>::unregister(driver) }
    }
}
