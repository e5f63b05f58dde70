// SPDX-License-Identifier: GPL-2.0

//! Accelerators without hardware of their own, on the faux bus: samples, tests, pure software.
//!
//! A [`Registration`] says how long such a device is wanted, but nothing depends on its being
//! dropped: its owner may forget it, or put it into data of the device itself. The faux devices are
//! in a list of the framework, and those of a module that is unloaded go, at the latest, before its
//! code does: the kernel tells of it in between.

#[cfg(CONFIG_MODULES)]
mod modules;

use kernel::{
    device,
    faux,
    prelude::*,
    sync::{
        aref::ARef,
        global_lock, //
    },
    types::ForLt, //
};

use super::{
    dma,
    registration, //
};
use crate::{
    device::DeviceIds,
    driver::{
        device::Device,
        AccelDriver,
        OpsOf, //
    }, //
};

/// A driver of accelerators on the faux bus.
pub trait Driver: AccelDriver {
    /// Returns what is kept for as long as the device exists.
    fn probe<'bound>(
        dev: &'bound device::Device<device::Bound>,
    ) -> impl PinInit<<Self::Data as ForLt>::Of<'bound>, Error> + 'bound;
}

/// A faux device with an accelerator on it. Both go when this is dropped, and at the latest when
/// the driver's module does.
///
/// To drop it waits for all calls into the driver, so it must not be done in one that comes by the
/// device itself.
pub struct Registration<T: AccelDriver>(ARef<Device<T>>);

impl<T: Driver> Registration<T> {
    /// Creates a faux device called `name` and registers an accelerator for it.
    pub fn new(name: &CStr) -> Result<Self> {
        let faux = faux::Registration::new(name, None)?;
        let parent: &device::Device<device::Bound> =
            AsRef::<faux::Device<_>>::as_ref(&faux).as_ref();

        dma::take_any_length(parent);
        // SAFETY: `T::probe` is generic over the lifetime. It can only borrow from the device,
        // which stays bound until devres has ended the binding.
        let bound = unsafe {
            registration::register(parent, DeviceIds::default(), T::probe(parent), |_| Ok(()))
        }?;
        let dev = bound.device().clone();

        let place = core::ptr::from_ref(const { &OpsOf::<T>::OPS }).addr();
        keep(faux, dev.minor(), place)?;
        Ok(Self(dev))
    }

    /// Returns the accelerator.
    pub fn device(&self) -> &Device<T> {
        &self.0
    }
}

impl<T: AccelDriver> Drop for Registration<T> {
    fn drop(&mut self) {
        destroy(&|device| device.minor == self.0.minor());
    }
}

/// A faux device whose accelerator was registered. Whoever takes it out of the list destroys it.
struct Registered {
    /// Which accelerator it is; no other has the number while that exists.
    minor: u32,
    /// An address in the driver's module.
    #[cfg_attr(not(CONFIG_MODULES), expect(dead_code))]
    place: usize,
    _faux: faux::Registration,
}

global_lock! {
    // SAFETY: Initialised by `Devices::new()`, before there are drivers.
    unsafe(uninit) static DEVICES: Mutex<KVec<Registered>> = KVec::new();
}

/// Puts a device into the list. If there is no room, it is destroyed.
fn keep(faux: faux::Registration, minor: u32, place: usize) -> Result {
    // Given up before `faux` is dropped.
    let mut devices = DEVICES.lock();
    devices.reserve(1, GFP_KERNEL)?;
    // There is room now.
    let _ = devices.push_within_capacity(Registered {
        minor,
        place,
        _faux: faux,
    });
    Ok(())
}

/// Destroys the first device that is meant, if there is one, and returns whether there was.
#[inline(never)]
fn destroy(is_meant: &dyn Fn(&Registered) -> bool) -> bool {
    let mut devices = DEVICES.lock();
    let Some(place) = devices.iter().position(is_meant) else {
        return false;
    };
    let device = devices.remove(place);
    // What is dropped with the device may be the registration of it, or of another.
    drop(devices);
    drop(device);
    true
}

/// The faux devices, in the framework; there is one, as long as there may be drivers.
pub(crate) struct Devices {
    #[cfg(CONFIG_MODULES)]
    _watch: modules::Watch,
}

impl Devices {
    /// # Safety
    ///
    /// Must be called exactly once, before there are drivers.
    pub(crate) unsafe fn new() -> Result<Self> {
        // SAFETY: Called once, before any other use.
        unsafe { DEVICES.init() };
        Ok(Self {
            #[cfg(CONFIG_MODULES)]
            _watch: modules::Watch::new()?,
        })
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        // Without drivers there are no devices, but what is static is never dropped.
        let list = core::mem::replace(&mut *DEVICES.lock(), KVec::new());
        drop(list);
    }
}

/// Declares a module with one accelerator of a driver, on a faux device of the module's name.
///
/// Takes what [`module!`](kernel::prelude::module) takes, with the driver as its type.
#[macro_export]
macro_rules! module_faux_driver {
    (type: $type:ty, $($rest:tt)*) => {
        $crate::check_features!($type);

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
