// SPDX-License-Identifier: GPL-2.0

//! Which of the optional traits a driver implements.

use core::marker::PhantomData;

use super::{
    buffer::{
        BufferOps,
        MemoryOps, //
    },
    close::CloseOps,
    file::FileOps,
    info::InfoOps,
    interrupts::{
        InterruptOps,
        InterruptThreadOps, //
    },
    memory::RegionsFn,
    mmap::MmapOps,
    power::PowerOps,
    reset::ResetOps,
    start::StartOps,
    work::WorkOps,
    AccelDriver,
    Invariant, //
};
use crate::{
    base::names,
    device::ops::FeatureFns, //
};

/// The optional traits that the driver `T` implements: [`AccelDriver::FEATURES`].
///
/// Each function adds the trait of the same name, and does not compile unless the driver implements
/// that trait. What is not added is not used. A driver that implements a trait and does not add it
/// is wrong: the macros that declare a module, such as
/// [`module_pci_driver!`](crate::module_pci_driver), refuse it, and a driver that does without them
/// asks for that with [`check_features!`](crate::check_features).
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Features, ResetOps, Resetter, WorkOps};
///
/// # struct Npu;
/// impl AccelDriver for Npu {
///     const FEATURES: Features<Self> = Features::none().work().reset();
/// #   type Data = CovariantForLt!(());
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
///
/// impl WorkOps for Npu {
///     fn stop(_ctx: &Context<'_, Self, Observer>) {
///         // Stops DMA.
///     }
/// }
///
/// impl ResetOps for Npu {
///     fn reset(_ctx: Context<'_, Self, Resetter>) -> Result {
///         // Brings the hardware up again.
///         Ok(())
///     }
/// }
/// ```
pub struct Features<T: AccelDriver> {
    pub(crate) fns: FeatureFns,
    /// What lists the memory of a device when it is bound; part of [`MemoryOps`].
    pub(super) regions: Option<RegionsFn<T>>,
    // INVARIANT: All functions are those of `T`.
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Features<T> {
    /// Returns the features of a driver that implements none of the optional traits.
    pub const fn none() -> Self {
        Self {
            fns: FeatureFns::NONE,
            regions: None,
            _driver: PhantomData,
        }
    }

    /// Returns whether the devices of the driver sleep.
    pub(crate) const fn is_power_managed(&self) -> bool {
        cfg!(CONFIG_PM) && self.fns.power.is_some()
    }

    /// Returns whether the driver handles interrupts.
    pub(crate) const fn has_interrupts(&self) -> bool {
        self.fns.interrupts.is_some()
    }

    /// Returns which traits were added, in the order of [`TRAITS`].
    const fn added(&self) -> [bool; TRAITS.len()] {
        let fns = &self.fns;
        [
            fns.start.is_some(),
            fns.file.is_some(),
            fns.close.is_some(),
            fns.buffer.is_some(),
            fns.memory.is_some(),
            fns.mmap.is_some(),
            fns.work.is_some(),
            fns.interrupts.is_some(),
            fns.interrupt_thread.is_some(),
            fns.info.is_some(),
            fns.reset.is_some(),
            fns.power.is_some(),
        ]
    }
}

const TRAITS: [&str; 12] = [
    "StartOps",
    "FileOps",
    "CloseOps",
    "BufferOps",
    "MemoryOps",
    "MmapOps",
    "WorkOps",
    "InterruptOps",
    "InterruptThreadOps",
    "InfoOps",
    "ResetOps",
    "PowerOps",
];

/// Says which of the optional traits `T` implements, whatever its [`AccelDriver::FEATURES`] say.
///
/// A constant of this type exists if `T` implements the trait, and comes before that of the same
/// name of [`NotImplemented`], which every type has. For that, `T` must be a type that is known
/// where the constant is named, so this is for macros.
#[doc(hidden)]
pub struct Implemented<T>(PhantomData<T>);

#[doc(hidden)]
pub trait NotImplemented {
    const START: bool = false;
    const FILE: bool = false;
    const CLOSE: bool = false;
    const BUFFER: bool = false;
    const MEMORY: bool = false;
    const MMAP: bool = false;
    const WORK: bool = false;
    const INTERRUPTS: bool = false;
    const INTERRUPT_THREADS: bool = false;
    const INFO: bool = false;
    const RESET: bool = false;
    const POWER: bool = false;
}

impl<T> NotImplemented for Implemented<T> {}

macro_rules! implemented {
    ($($trait:ident => $name:ident,)*) => {
        $(
            impl<T: $trait> Implemented<T> {
                pub const $name: bool = true;
            }
        )*
    };
}

implemented! {
    StartOps => START,
    FileOps => FILE,
    CloseOps => CLOSE,
    BufferOps => BUFFER,
    MemoryOps => MEMORY,
    MmapOps => MMAP,
    WorkOps => WORK,
    InterruptOps => INTERRUPTS,
    InterruptThreadOps => INTERRUPT_THREADS,
    InfoOps => INFO,
    ResetOps => RESET,
    PowerOps => POWER,
}

/// Stops the compiler if the features of `T` lack one of those that are implemented, which are in
/// the order of [`TRAITS`].
#[doc(hidden)]
pub const fn check<T: AccelDriver>(implemented: [bool; TRAITS.len()]) {
    let added = T::FEATURES.added();
    let mut i = 0;
    while i < TRAITS.len() {
        names::require(
            added[i] || !implemented[i],
            TRAITS[i].as_bytes(),
            "the driver implements the trait, and its FEATURES do not have it",
        );
        i += 1;
    }
}

/// Checks that the [`FEATURES`](crate::AccelDriver::FEATURES) of a driver have each optional trait
/// that the driver implements. What is wrong does not compile.
///
/// The macros that declare a module with one driver, such as
/// [`module_pci_driver!`](crate::module_pci_driver), contain this.
///
/// # Examples
///
/// ```
/// # use accel::prelude::*;
/// # struct Npu;
/// # impl AccelDriver for Npu {
/// #   type Data = CovariantForLt!(());
/// #   const INFO: DriverInfo = DriverInfo {
/// #       name: "npu",
/// #       version: "1",
/// #       user_space_url: "https://npu.example",
/// #       user_space_license: "GPL-2.0",
/// #       documentation_url: "https://npu.example/registers",
/// #   };
/// #   const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
/// #   const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
/// # }
/// accel::check_features!(Npu);
/// ```
#[macro_export]
macro_rules! check_features {
    ($type:ty) => {
        const _: () = {
            #[allow(unused_imports, reason = "the driver may have all features")]
            use $crate::features::{check, Implemented, NotImplemented};

            check::<$type>([
                <Implemented<$type>>::START,
                <Implemented<$type>>::FILE,
                <Implemented<$type>>::CLOSE,
                <Implemented<$type>>::BUFFER,
                <Implemented<$type>>::MEMORY,
                <Implemented<$type>>::MMAP,
                <Implemented<$type>>::WORK,
                <Implemented<$type>>::INTERRUPTS,
                <Implemented<$type>>::INTERRUPT_THREADS,
                <Implemented<$type>>::INFO,
                <Implemented<$type>>::RESET,
                <Implemented<$type>>::POWER,
            ])
        };
    };
}
