// SPDX-License-Identifier: GPL-2.0

//! The interrupts of a platform device.

use kernel::{
    irq::{
        Flags,
        IrqRequest, //
    },
    prelude::*, //
};

use super::{
    BoundDevice,
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
    driver::device::Device,
    sys::ffi, //
};

/// The interrupts of a platform device, as its driver lists them: the first one is vector 0.
///
/// # Examples
///
/// ```
/// use accel::platform::{BoundDevice, Lines};
/// use kernel::prelude::*;
///
/// /// All interrupts of the device, four at most.
/// fn interrupts<'a>(pdev: &'a BoundDevice, lines: &mut Lines<'a>) -> Result {
///     for index in 0..4 {
///         if let Ok(irq) = pdev.optional_irq_by_index(index) {
///             lines.add(irq)?;
///         }
///     }
///     Ok(())
/// }
/// ```
pub struct Lines<'a>(KVec<(IrqRequest<'a>, bool)>);

impl<'a> Lines<'a> {
    /// Adds an interrupt that nobody else has. Returns which vector it is.
    pub fn add(&mut self, irq: IrqRequest<'a>) -> Result<u32> {
        self.push(irq, false)
    }

    /// Adds an interrupt that other devices may have, too. Returns which vector it is.
    ///
    /// While the device is asleep, it must not raise it: for the sake of the others, it is not
    /// masked then.
    pub fn add_shared(&mut self, irq: IrqRequest<'a>) -> Result<u32> {
        self.push(irq, true)
    }

    fn push(&mut self, irq: IrqRequest<'a>, is_shared: bool) -> Result<u32> {
        let vector = u32::try_from(self.0.len())?;
        self.0.push((irq, is_shared), GFP_KERNEL)?;
        Ok(vector)
    }
}

/// Requests the interrupts that the driver lists.
pub(super) fn request<T: Driver>(
    pdev: &BoundDevice,
    dev: &Device<T>,
) -> Result<Option<RequestedInterrupts>> {
    let mut lines = Lines(KVec::new());
    // SAFETY: The binding keeps the data until its interrupts have been freed, and longer.
    T::interrupts(pdev, unsafe { dev.data() }, &mut lines)?;
    // SAFETY: `T::interrupts` is generic over the lifetime of the interrupts, so they can only be
    // those of the device.
    unsafe { request_all(dev.core(), &T::FEATURES.fns, lines) }
}

/// # Safety
///
/// The interrupts must be those of the parent of `core`, and `fns` those of its driver. The result
/// must be dropped before the parent is unbound, and before the data of the binding is.
#[inline(never)]
unsafe fn request_all(
    core: &Core,
    fns: &FeatureFns,
    lines: Lines<'_>,
) -> Result<Option<RequestedInterrupts>> {
    let lines = lines.0;
    if lines.is_empty() {
        return Ok(None);
    }
    let mut sources = KVec::with_capacity(lines.len(), GFP_KERNEL)?;
    let mut exclusive = KVec::new();
    for (request, is_shared) in lines {
        let flags = match is_shared {
            true => Flags::SHARED,
            false => Flags::TRIGGER_NONE,
        };
        if !is_shared {
            exclusive.push(request.irq(), GFP_KERNEL)?;
        }
        // SAFETY: Lifetimes do not affect the layout. The interrupts are freed with the binding,
        // which ends before the device is unbound.
        let request =
            unsafe { core::mem::transmute::<IrqRequest<'_>, IrqRequest<'static>>(request) };
        sources.push(Source { request, flags }, GFP_KERNEL)?;
    }
    let line: KBox<dyn Line> = KBox::new(Exclusive(exclusive), GFP_KERNEL)?;
    // SAFETY: Same requirements.
    unsafe { core.request_interrupts(fns, sources, Some(line)) }.map(Some)
}

/// The numbers of interrupts that nobody else has.
struct Exclusive(KVec<u32>);

impl Line for Exclusive {
    fn set_masked(&self, is_masked: bool) {
        for &number in &self.0 {
            match is_masked {
                true => ffi::disable_irq_nosync(number),
                false => ffi::enable_irq(number),
            }
        }
    }
}
