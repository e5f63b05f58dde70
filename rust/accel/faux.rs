// SPDX-License-Identifier: GPL-2.0

//! Accelerators without hardware of their own, on the faux bus: samples, tests, pure software.

use kernel::{
    device,
    faux,
    prelude::*,
    types::ForLt, //
};

use crate::{
    device::{
        Device,
        DeviceIds, //
    },
    driver::AccelDriver,
    registration::{
        self,
        Bound, //
    },
};

/// A driver of accelerators on the faux bus.
pub trait Driver: AccelDriver {
    /// Returns what is kept for as long as the device exists.
    fn probe<'bound>(
        dev: &'bound device::Device<device::Bound>,
    ) -> impl PinInit<<Self::Data as ForLt>::Of<'bound>, Error> + 'bound;
}

/// A faux device with an accelerator on it. Both go when this is dropped.
pub struct Registration<T: AccelDriver> {
    bound: Bound<T>,
    _faux: faux::Registration,
}

impl<T: Driver> Registration<T>
where
    for<'a> <T::Data as ForLt>::Of<'a>: Send + Sync,
{
    /// Creates a faux device called `name` and registers an accelerator for it.
    pub fn new(name: &CStr) -> Result<Self> {
        let faux = faux::Registration::new(name, None)?;
        let parent: &device::Device<device::Bound> =
            AsRef::<faux::Device<_>>::as_ref(&faux).as_ref();

        // SAFETY: `T::probe` is generic over the lifetime. It can only borrow from the device,
        // which stays bound until devres has ended the registration.
        let bound = unsafe {
            registration::register(parent, DeviceIds::default(), T::probe(parent), |_| Ok(()))
        }?;
        Ok(Self { bound, _faux: faux })
    }

    /// Returns the accelerator.
    pub fn device(&self) -> &Device<T> {
        self.bound.device()
    }
}

/// Declares a module with one accelerator of a driver, on a faux device of the module's name.
///
/// Takes what [`module!`](kernel::prelude::module) takes, with the driver as its type.
#[macro_export]
macro_rules! module_faux_driver {
    (type: $type:ty, $($rest:tt)*) => {
        struct FauxDriverModule {
            _registration: $crate::faux::Registration<$type>,
        }

        impl ::kernel::Module for FauxDriverModule {
            fn init(_module: &'static ::kernel::ThisModule) -> ::kernel::error::Result<Self> {
                let name = <LocalModule as ::kernel::ModuleMetadata>::NAME;
                Ok(Self {
                    _registration: $crate::faux::Registration::new(name)?,
                })
            }
        }

        ::kernel::prelude::module! {
            type: FauxDriverModule,
            $($rest)*
        }
    };
}
