// SPDX-License-Identifier: GPL-2.0

//! The interrupts of a PCI device.

use kernel::{
    bindings,
    device::Bound,
    ffi::c_int,
    irq::Flags,
    pci::{
        self,
        IrqType,
        IrqVectorRegistration, //
    },
    prelude::*,
    sync::aref::ARef, //
};

use super::{
    enabled::as_raw,
    Driver, //
};
use crate::{
    device::{
        interrupts::{
            Line,
            RequestedInterrupts,
            Source, //
        },
        ops::FeatureFns,
        Core, //
    },
    driver::device::Device, //
};

/// The interrupts of a device. Handlers go before the vectors that they are for.
pub(super) struct Interrupts {
    _requested: RequestedInterrupts,
    _vectors: KBox<IrqVectorRegistration<'static>>,
}

impl Interrupts {
    /// Requests the vectors that the driver wants.
    pub(super) fn request<T: Driver>(
        pdev: &pci::Device<Bound>,
        dev: &Device<T>,
    ) -> Result<Option<Self>> {
        // SAFETY: The binding keeps the data until its interrupts have been freed, and longer.
        let data = unsafe { dev.data() };
        let Some(vectors) = T::interrupts(pdev, data)? else {
            return Ok(None);
        };
        // SAFETY: `T::interrupts` is generic over the lifetime of the vectors, so they can only be
        // those of the device.
        unsafe { Self::request_all(pdev, dev.core(), &T::FEATURES.fns, vectors) }.map(Some)
    }

    /// # Safety
    ///
    /// `vectors` must be those of `pdev`, `fns` those of the driver of `core`. The result must be
    /// dropped before `pdev` is unbound, and before the data of the binding is.
    #[inline(never)]
    unsafe fn request_all(
        pdev: &pci::Device<Bound>,
        core: &Core,
        fns: &FeatureFns,
        vectors: IrqVectorRegistration<'_>,
    ) -> Result<Self> {
        // SAFETY: Lifetimes do not affect the layout. The vectors are freed with the binding,
        // which ends before the device is unbound.
        let vectors = unsafe {
            core::mem::transmute::<IrqVectorRegistration<'_>, IrqVectorRegistration<'static>>(
                vectors,
            )
        };
        let vectors = KBox::new(vectors, GFP_KERNEL)?;
        // SAFETY: The handlers are freed before the vectors, by the order of the fields, also if
        // there are not all of them yet.
        let registration: &'static IrqVectorRegistration<'static> =
            unsafe { &*core::ptr::from_ref(&*vectors) };

        let mut sources = KVec::with_capacity(registration.len(), GFP_KERNEL)?;
        for vector in 0..registration.len() {
            let source = Source {
                request: registration.index(vector)?.into(),
                flags: Flags::SHARED,
            };
            sources.push(source, GFP_KERNEL)?;
        }
        let line = match registration.irq_type() {
            IrqType::Intx => Some(Intx::line_of(pdev)?),
            IrqType::Msi | IrqType::MsiX => None,
        };
        Ok(Self {
            // SAFETY: The device has the vectors until they are freed, which is after this, and the
            // binding keeps the data until this is dropped.
            _requested: unsafe { core.request_interrupts(fns, sources, line) }?,
            _vectors: vectors,
        })
    }
}

/// The line of a PCI device that has neither MSI nor MSI-X.
struct Intx(ARef<pci::Device>);

impl Intx {
    /// Returns the line of a device.
    fn line_of(pdev: &pci::Device<Bound>) -> Result<KBox<dyn Line>> {
        Ok(KBox::new(Self(pdev.into()), GFP_KERNEL)?)
    }
}

impl Line for Intx {
    fn set_masked(&self, is_masked: bool) {
        // What cannot be read seems to be masked, and then nothing is written: a device behind a
        // channel that is frozen.
        //
        // SAFETY: The reference to the device is a valid pointer to it.
        unsafe { bindings::pci_intx(as_raw(&self.0), c_int::from(!is_masked)) };
    }
}
