// SPDX-License-Identifier: GPL-2.0

//! Accelerators on the platform bus: those that firmware or the board describes.
//!
//! A driver implements [`Driver`], and declares its module with
//! [`module_platform_driver!`](crate::module_platform_driver).

use core::marker::PhantomData;
use kernel::{
    acpi,
    of,
    platform,
    prelude::*,
    types::ForLt, //
};

use super::registration::{
    self,
    Bound, //
};
use crate::driver::AccelDriver;

#[doc(no_inline)]
pub use kernel::device::Core;

/// A platform device, as [`Driver::probe`] is given it.
pub type Device<'a> = platform::Device<Core<'a>>;

/// A driver of accelerators on the platform bus.
///
/// Beside what is in its tables, it takes devices that have the name of its module.
pub trait Driver: AccelDriver {
    /// What goes with each row of the id tables.
    type IdInfo: 'static;

    /// The devices of a device tree that the driver takes.
    const OF_ID_TABLE: Option<of::IdTable<Self::IdInfo>> = None;

    /// The devices of ACPI that the driver takes.
    const ACPI_ID_TABLE: Option<acpi::IdTable<Self::IdInfo>> = None;

    /// Brings a device up, and returns what is kept for as long as it is bound.
    ///
    /// `info` is missing if the device is in none of the tables. To be dropped is the sign to
    /// quiesce the device: by then, no user space can reach it.
    fn probe<'bound>(
        pdev: &'bound Device<'_>,
        info: Option<&Self::IdInfo>,
    ) -> impl PinInit<<Self::Data as ForLt>::Of<'bound>, Error> + 'bound;
}

/// Declares a module with one driver of accelerators on the platform bus.
///
/// Takes what [`module!`](kernel::prelude::module) takes, with the driver as its type.
#[macro_export]
macro_rules! module_platform_driver {
    (type: $type:ty, $($rest:tt)*) => {
        $crate::check_features!($type);

        ::kernel::module_platform_driver! {
            type: $crate::platform::Adapter<$type>,
            $($rest)*
        }
    };
}

/// Makes a platform driver of an accelerator driver.
pub struct Adapter<T: Driver>(PhantomData<T>);

impl<T: Driver> platform::Driver for Adapter<T> {
    type IdInfo = T::IdInfo;
    type Data<'bound> = Bound<T>;

    const OF_ID_TABLE: Option<of::IdTable<Self::IdInfo>> = T::OF_ID_TABLE;
    const ACPI_ID_TABLE: Option<acpi::IdTable<Self::IdInfo>> = T::ACPI_ID_TABLE;

    fn probe<'bound>(
        pdev: &'bound Device<'_>,
        info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        // SAFETY: `T::probe` is generic over `'bound`. It can only borrow from the device, which
        // stays bound until devres has ended the binding.
        unsafe { registration::bind(pdev.as_ref(), T::probe(pdev, info)) }
    }

    fn unbind<'bound>(_: &'bound Device<'_>, this: Pin<&Self::Data<'bound>>) {
        this.unregister();
    }
}
