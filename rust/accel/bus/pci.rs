// SPDX-License-Identifier: GPL-2.0

//! Accelerators on the PCI bus.
//!
//! A driver implements [`Driver`], and declares its module with
//! [`module_pci_driver!`](crate::module_pci_driver).

mod enabled;
mod function_reset;
mod interrupts;
mod operations;
mod recovery;

use core::marker::PhantomData;
use kernel::{
    bindings,
    device::Bound,
    ffi::{
        c_int,
        c_ulong, //
    },
    pci,
    prelude::*,
    types::ForLt, //
};

use self::{
    enabled::Enabled,
    interrupts::Interrupts, //
};
use super::{
    dma::Dma,
    registration, //
};
use crate::{
    device::DeviceIds,
    driver::AccelDriver,
    memory::io_range::{
        IoRange,
        Provider, //
    },
    sys::ffi, //
};

pub use self::{
    function_reset::reset_function,
    operations::Operations, //
};

#[doc(no_inline)]
pub use kernel::{
    device::Core,
    pci::{
        Bar,
        IdTable,
        IrqType,
        IrqTypes,
        IrqVectorRegistration, //
    },
};

/// A PCI device, as [`Driver::probe`] is given it.
pub type Device<'a> = pci::Device<Core<'a>>;

/// A PCI device, as [`Driver::interrupts`] is given it.
pub type BoundDevice = pci::Device<Bound>;

/// A driver of accelerators on the PCI bus.
pub trait Driver: AccelDriver {
    /// What goes with each row of the id table.
    type IdInfo: 'static;

    /// The devices that the driver takes.
    const ID_TABLE: IdTable<Self::IdInfo>;

    /// Returns what the device can do by DMA, which the row of the id table may say. There is none
    /// if the device was bound without a row, such as by `driver_override`. By default, the device
    /// reaches addresses of 32 bits.
    fn dma(info: Option<&Self::IdInfo>) -> Dma {
        let _ = info;
        Dma::bits(32)
    }

    /// Brings a device up, and returns what is kept for as long as it is bound. What it has enabled
    /// of the device is taken back after that.
    ///
    /// To be dropped is the sign to quiesce the device: by then, no user space can reach it and no
    /// interrupt arrives.
    fn probe<'bound>(
        pdev: &'bound Device<'_>,
        info: Option<&Self::IdInfo>,
    ) -> impl PinInit<<Self::Data as ForLt>::Of<'bound>, Error> + 'bound;

    /// Allocates the vectors of the interrupts that [`InterruptOps`](crate::InterruptOps) handles,
    /// when the data is in place. By default that is one of any kind, if the driver handles
    /// interrupts.
    ///
    /// The device is bound without interrupts if this returns `None`, and is not bound if this
    /// fails. MSI and MSI-X need bus mastering, which [`Self::probe`] enables. Afterwards,
    /// [`Device::vectors`](crate::Device::vectors) says how many there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::pci::{BoundDevice, IrqType, IrqTypes, IrqVectorRegistration};
    /// use kernel::prelude::*;
    ///
    /// /// A vector for each of 17 sources, or one for all.
    /// fn all_or_one(pdev: &BoundDevice) -> Result<Option<IrqVectorRegistration<'_>>> {
    ///     pdev.alloc_irq_vectors(17, 17, IrqTypes::all())
    ///         .or_else(|_| pdev.alloc_irq_vectors(1, 1, IrqTypes::all()))
    ///         .map(Some)
    /// }
    ///
    /// /// As many vectors of MSI-X as there are, up to 32; without any, the device is polled.
    /// fn some_or_none(pdev: &BoundDevice) -> Option<IrqVectorRegistration<'_>> {
    ///     let kinds = IrqTypes::default().with(IrqType::MsiX);
    ///     pdev.alloc_irq_vectors(1, 32, kinds).ok()
    /// }
    /// ```
    fn interrupts<'a>(
        pdev: &'a BoundDevice,
        data: &<Self::Data as ForLt>::Of<'_>,
    ) -> Result<Option<IrqVectorRegistration<'a>>> {
        let _ = data;
        match const { Self::FEATURES.has_interrupts() } {
            true => pdev.alloc_irq_vectors(1, 1, IrqTypes::all()).map(Some),
            false => Ok(None),
        }
    }
}

/// Returns the id of the device `vendor:device`, for the id table.
///
/// Vendors that `linux/pci_ids.h` knows have `pci::DeviceId::from_id` as well.
pub const fn device_id(vendor: u16, device: u16) -> pci::DeviceId {
    let id = bindings::pci_device_id {
        vendor: vendor as u32,
        device: device as u32,
        subvendor: PCI_ANY_ID,
        subdevice: PCI_ANY_ID,
        class: 0,
        class_mask: 0,
        driver_data: 0,
        override_only: 0,
    };

    // SAFETY: `pci::DeviceId` is a transparent wrapper of the C structure.
    unsafe { core::mem::transmute::<bindings::pci_device_id, pci::DeviceId>(id) }
}

/// Returns the addresses of a BAR, for [`MmapOps::mmap`](crate::MmapOps::mmap) and
/// [`MemoryOps::memory`](crate::buffer::MemoryOps::memory). Returns `EINVAL` if it is not memory.
pub fn bar_range(pdev: &BoundDevice, bar: u32) -> Result<IoRange<'_>> {
    let (start, len) = (pdev.resource_start(bar)?, pdev.resource_len(bar)?);
    // CAST: `pci::Device` is a transparent wrapper of `Opaque<struct pci_dev>`.
    let raw = core::ptr::from_ref(pdev).cast::<bindings::pci_dev>();
    // SAFETY: A reference to a device is a valid pointer to it, and its BARs do not change while it
    // is bound.
    let resource = unsafe { &(*raw).resource }.get(bar as usize);
    if resource.ok_or(EINVAL)?.flags & IORESOURCE_MEM == 0 {
        return Err(EINVAL);
    }
    // SAFETY: The BAR of a bound device is the device's own memory, and there is one of this
    // number. CAST: It is small.
    Ok(unsafe {
        let provider = ffi::accel_helper_p2pdma_provider(raw.cast_mut(), bar as c_int);
        IoRange::new(pdev.as_ref(), start, len, Provider::from_raw(provider))
    })
}

/// Matches anything, in an id.
const PCI_ANY_ID: u32 = !0;

const IORESOURCE_MEM: c_ulong = bindings::IORESOURCE_MEM as c_ulong;

/// Declares a module with one driver of accelerators on the PCI bus.
///
/// Takes what [`module!`](kernel::prelude::module) takes, with the driver as its type.
#[macro_export]
macro_rules! module_pci_driver {
    (type: $type:ty, $($rest:tt)*) => {
        $crate::check_features!($type);

        ::kernel::module_driver!(<T>, $crate::pci::Operations<T>, {
            type: $type,
            $($rest)*
        });
    };
}

/// Makes a PCI driver of an accelerator driver.
pub struct Adapter<T: Driver>(PhantomData<T>);

impl<T: Driver> pci::Driver for Adapter<T> {
    type IdInfo = T::IdInfo;
    type Data<'bound> = registration::Bound<T>;

    const ID_TABLE: IdTable<Self::IdInfo> = T::ID_TABLE;

    fn probe<'bound>(
        pdev: &'bound Device<'_>,
        info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        let ids = DeviceIds {
            vendor: pdev.vendor_id().as_raw().into(),
            device: pdev.device_id().into(),
            subsystem_vendor: pdev.subsystem_vendor_id().into(),
            subsystem_device: pdev.subsystem_device_id().into(),
            revision: pdev.revision_id().into(),
        };

        registration::in_place(move || {
            // SAFETY: Nobody uses the device for DMA before it is probed.
            unsafe { T::dma(info).apply(pdev.as_ref()) }?;
            Enabled::restore_when_unbound(pdev)?;
            // SAFETY: `T::probe` is generic over `'bound`. It can only borrow from the device,
            // which stays bound until devres has ended the binding.
            let bound = unsafe {
                registration::register(pdev.as_ref(), ids, T::probe(pdev, info), |dev| {
                    Interrupts::request::<T>(pdev, dev)
                })
            }?;
            enabled::save(pdev);
            // The PCI core has a reference, too, for drivers to give up: `local_pci_probe()`.
            Ok(bound.with_sleep(pdev.as_ref(), 2))
        })
    }

    fn unbind<'bound>(_: &'bound Device<'_>, this: Pin<&Self::Data<'bound>>) {
        this.unregister();
    }
}
