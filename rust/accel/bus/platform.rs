// SPDX-License-Identifier: GPL-2.0

//! Accelerators on the platform bus: those that firmware or the board describes.
//!
//! A driver implements [`Driver`], and declares its module with
//! [`module_platform_driver!`](crate::module_platform_driver). Registers, clocks and regulators it
//! takes from the kernel crate, which has nothing for reset lines yet.

mod interrupts;

use core::marker::PhantomData;
use kernel::{
    acpi,
    device::Bound,
    io::resource::Resource,
    of,
    platform,
    prelude::*,
    types::ForLt, //
};

use super::{
    dma::Dma,
    registration, //
};
use crate::{
    driver::AccelDriver,
    memory::io_range::IoRange,
    sys::ffi, //
};

pub use self::interrupts::Lines;

#[doc(no_inline)]
pub use kernel::{
    device::Core,
    io::mem::IoMem, //
};

/// A platform device, as [`Driver::probe`] is given it.
pub type Device<'a> = platform::Device<Core<'a>>;

/// A platform device, as [`Driver::interrupts`] is given it.
pub type BoundDevice = platform::Device<Bound>;

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

    /// Returns what the device can do by DMA. By default, that is what firmware says, or 32 bits.
    fn dma(info: Option<&Self::IdInfo>) -> Dma {
        let _ = info;
        Dma::default()
    }

    /// Brings a device up, and returns what is kept for as long as it is bound.
    ///
    /// `info` is missing if the device is in none of the tables. To be dropped is the sign to
    /// quiesce the device: by then, no user space can reach it and no interrupt arrives.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::platform::{self, IoMem};
    /// use kernel::prelude::*;
    ///
    /// /// Maps the registers that the device tree calls "core", of which there are 4 KiB.
    /// fn registers<'bound>(pdev: &'bound platform::Device<'_>) -> Result<IoMem<'bound, 0x1000>> {
    ///     pdev.io_request_by_name(c"core").ok_or(ENODEV)?.iomap_sized()
    /// }
    /// ```
    fn probe<'bound>(
        pdev: &'bound Device<'_>,
        info: Option<&Self::IdInfo>,
    ) -> impl PinInit<<Self::Data as ForLt>::Of<'bound>, Error> + 'bound;

    /// Adds the interrupts that [`InterruptOps`](crate::InterruptOps) handles to `lines`, when the
    /// data is in place. By default that is the first one of the device, if the driver handles
    /// interrupts.
    ///
    /// If this fails, the device is not bound. Afterwards,
    /// [`Device::vectors`](crate::Device::vectors) says how many there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::platform::{BoundDevice, Lines};
    /// use kernel::prelude::*;
    ///
    /// /// Vector 0 is for jobs. Vector 1 is for errors, if the device has that.
    /// fn interrupts<'a>(pdev: &'a BoundDevice, lines: &mut Lines<'a>) -> Result {
    ///     lines.add(pdev.irq_by_name(c"job")?)?;
    ///     if let Ok(errors) = pdev.optional_irq_by_name(c"error") {
    ///         lines.add(errors)?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    fn interrupts<'a>(
        pdev: &'a BoundDevice,
        data: &<Self::Data as ForLt>::Of<'_>,
        lines: &mut Lines<'a>,
    ) -> Result {
        let _ = data;
        if const { Self::FEATURES.has_interrupts() } {
            lines.add(pdev.irq_by_index(0)?)?;
        }
        Ok(())
    }
}

/// Returns the addresses of the range of memory number `index`, for
/// [`MmapOps::mmap`](crate::MmapOps::mmap) and
/// [`MemoryOps::memory`](crate::buffer::MemoryOps::memory).
///
/// Returns `ENODEV` if there is none, and `EINVAL` if it is memory of the system.
///
/// # Examples
///
/// ```
/// use accel::{platform, IoRange};
/// use kernel::prelude::*;
///
/// fn doorbells<'bound>(pdev: &'bound platform::Device<'_>) -> Result<IoRange<'bound>> {
///     platform::mem_range(pdev, 1)
/// }
/// ```
pub fn mem_range(pdev: &BoundDevice, index: u32) -> Result<IoRange<'_>> {
    range_of(pdev, pdev.resource_by_index(index))
}

/// As [`mem_range`], by the name of the range.
///
/// # Examples
///
/// ```
/// use accel::{platform, IoRange};
/// use kernel::prelude::*;
///
/// fn doorbells<'bound>(pdev: &'bound platform::Device<'_>) -> Result<IoRange<'bound>> {
///     platform::mem_range_by_name(pdev, c"doorbells")
/// }
/// ```
pub fn mem_range_by_name<'a>(pdev: &'a BoundDevice, name: &CStr) -> Result<IoRange<'a>> {
    range_of(pdev, pdev.resource_by_name(name))
}

/// Returns a resource of `pdev`, which is one of memory.
fn range_of<'a>(pdev: &'a BoundDevice, resource: Option<&Resource>) -> Result<IoRange<'a>> {
    let resource = resource.ok_or(ENODEV)?;
    let (start, len) = (resource.start(), resource.size());
    if ffi::is_ram(start, usize::try_from(len)?) {
        return Err(EINVAL);
    }
    // SAFETY: It is not RAM, and the resources of a bound device are its own.
    Ok(unsafe { IoRange::new(pdev.as_ref(), start, len, None) })
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
    type Data<'bound> = registration::Bound<T>;

    const OF_ID_TABLE: Option<of::IdTable<Self::IdInfo>> = T::OF_ID_TABLE;
    const ACPI_ID_TABLE: Option<acpi::IdTable<Self::IdInfo>> = T::ACPI_ID_TABLE;

    fn probe<'bound>(
        pdev: &'bound Device<'_>,
        info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        registration::in_place(move || {
            // SAFETY: Nobody uses the device for DMA before it is probed.
            unsafe { T::dma(info).apply(pdev.as_ref()) }?;
            // SAFETY: `T::probe` is generic over `'bound`. It can only borrow from the device,
            // which stays bound until devres has ended the binding.
            unsafe {
                registration::bind(pdev.as_ref(), T::probe(pdev, info), |dev| {
                    interrupts::request::<T>(pdev, dev)
                })
            }
        })
    }

    fn unbind<'bound>(_: &'bound Device<'_>, this: Pin<&Self::Data<'bound>>) {
        this.unregister();
    }
}
