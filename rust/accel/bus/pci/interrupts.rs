// SPDX-License-Identifier: GPL-2.0

//! The interrupts of a PCI device.

use kernel::{
    bindings,
    device::Bound,
    ffi::c_int,
    irq::{
        self,
        Flags,
        IrqRequest,
        IrqReturn, //
    },
    pci::{
        self,
        IrqType,
        IrqTypes,
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
    base::fence::Signalling,
    device::interrupts::Line,
    driver::device::Device, //
};

/// The interrupts of a device. Handlers go before the vectors that they are for.
pub(super) struct Interrupts<T: Driver> {
    dev: ARef<Device<T>>,
    handlers: KVec<Pin<KBox<irq::Registration<'static, Handler<T>>>>>,
    _vectors: Option<KBox<IrqVectorRegistration<'static>>>,
}

impl<T: Driver> Interrupts<T> {
    /// Requests the vectors that the driver asks for.
    pub(super) fn request(pdev: &pci::Device<Bound>, dev: &ARef<Device<T>>) -> Result<Self> {
        if T::INTERRUPTS == 0 {
            return Ok(Self {
                dev: dev.clone(),
                handlers: KVec::new(),
                _vectors: None,
            });
        }

        let vectors = pdev.alloc_irq_vectors(T::INTERRUPTS, T::INTERRUPTS, IrqTypes::all())?;
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
        let sources: &'static IrqVectorRegistration<'static> =
            unsafe { &*core::ptr::from_ref(&*vectors) };
        let mut this = Self {
            dev: dev.clone(),
            handlers: KVec::new(),
            _vectors: Some(vectors),
        };

        let mut numbers = KVec::new();
        for vector in 0..T::INTERRUPTS {
            let request: IrqRequest<'static> = sources.index(vector as usize)?.into();
            numbers.push(request.irq(), GFP_KERNEL)?;
            let handler = Handler {
                dev: dev.clone(),
                vector,
            };
            // SAFETY: The registration is owned by the binding, which is always dropped.
            let handler =
                unsafe { irq::Registration::new(request, Flags::SHARED, T::IRQ_NAME, Ok(handler)) };
            let handler = KBox::pin_init(handler, GFP_KERNEL)?;
            this.handlers.push(handler, GFP_KERNEL)?;
        }

        let line = match sources.irq_type() {
            IrqType::Intx => Some(Intx::line_of(pdev)?),
            IrqType::Msi | IrqType::MsiX => None,
        };
        dev.core().interrupts.set_handlers(numbers, line);
        Ok(this)
    }
}

impl<T: Driver> Drop for Interrupts<T> {
    fn drop(&mut self) {
        // If the line is masked, it stays so: there is no handler any more. To enable the device
        // ends that.
        self.dev.core().interrupts.set_handlers(KVec::new(), None);
    }
}

/// The line of a PCI device that has neither MSI nor MSI-X.
struct Intx(ARef<pci::Device>);

impl Intx {
    /// Returns the line of a device.
    #[inline(never)]
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

/// Hands interrupts on to the driver.
struct Handler<T: Driver> {
    dev: ARef<Device<T>>,
    vector: u32,
}

impl<T: Driver> irq::Handler for Handler<T> {
    fn handle(&self) -> IrqReturn {
        if self.dev.core().interrupts.are_silenced() {
            return IrqReturn::None;
        }
        let _signalling = Signalling::begin();
        // SAFETY: The binding keeps the data until the interrupts have been freed.
        let data = unsafe { self.dev.data() };
        T::interrupt(&self.dev, data, self.vector)
    }
}
