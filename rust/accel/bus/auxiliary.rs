// SPDX-License-Identifier: GPL-2.0

//! Accelerators on the auxiliary bus: parts of a device that another driver has bound.
//!
//! A driver implements [`Driver`], and declares its module with
//! [`module_auxiliary_driver!`](crate::module_auxiliary_driver).

use core::marker::PhantomData;
use kernel::{
    auxiliary,
    prelude::*,
    types::ForLt, //
};

use super::{
    dma,
    registration::{
        self,
        Bound, //
    }, //
};
use crate::driver::AccelDriver;

#[doc(no_inline)]
pub use kernel::{
    auxiliary::{
        DeviceId,
        IdTable, //
    },
    device::Core,
};

/// An auxiliary device, as [`Driver::probe`] is given it.
pub type Device<'a> = auxiliary::Device<Core<'a>>;

/// A driver of accelerators on the auxiliary bus.
pub trait Driver: AccelDriver {
    /// What goes with each row of the id table.
    type IdInfo: 'static;

    /// The devices that the driver takes.
    const ID_TABLE: IdTable<Self::IdInfo>;

    /// Brings a device up, and returns what is kept for as long as it is bound.
    ///
    /// Dropping it must quiesce the device; no call can reach the driver by then. What the driver
    /// of the parent has registered with the device stays until after that.
    fn probe<'bound>(
        adev: &'bound Device<'_>,
        info: &Self::IdInfo,
    ) -> impl PinInit<<Self::Data as ForLt>::Of<'bound>, Error> + 'bound;
}

/// Declares a module with one driver of accelerators on the auxiliary bus.
///
/// Takes what [`module!`](kernel::prelude::module) takes, with the driver as its type.
#[macro_export]
macro_rules! module_auxiliary_driver {
    (type: $type:ty, $($rest:tt)*) => {
        $crate::check_features!($type);

        ::kernel::module_auxiliary_driver! {
            type: $crate::auxiliary::Adapter<$type>,
            $($rest)*
        }
    };
}

/// Makes an auxiliary driver of an accelerator driver.
pub struct Adapter<T: Driver>(PhantomData<T>);

impl<T: Driver> auxiliary::Driver for Adapter<T> {
    type IdInfo = T::IdInfo;
    type Data<'bound> = Bound<T>;

    const ID_TABLE: IdTable<Self::IdInfo> = T::ID_TABLE;

    fn probe<'bound>(
        adev: &'bound Device<'_>,
        info: &'bound Self::IdInfo,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        registration::in_place(move || {
            dma::take_any_length(adev.as_ref());
            // SAFETY: `T::probe` is generic over `'bound`. It can only borrow from the device,
            // which stays bound until devres has ended the binding.
            unsafe { registration::bind(adev.as_ref(), T::probe(adev, info), |_| Ok(())) }
        })
    }

    fn unbind<'bound>(_: &'bound Device<'_>, this: Pin<&Self::Data<'bound>>) {
        this.unregister();
    }
}
