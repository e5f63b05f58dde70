// SPDX-License-Identifier: GPL-2.0

//! What devices reach by DMA, on all buses where they do it themselves.

use kernel::{
    device,
    dma::DmaMask,
    prelude::*, //
};

use crate::sys::ffi;

/// Has memory be divided for `dev` as little as possible, whose driver knows of no limit. Nobody
/// must use it for DMA yet.
#[inline(never)]
pub(super) fn take_any_length(dev: &device::Device<device::Bound>) {
    ffi::accel_helper_dma_set_max_segment(dev, u32::MAX);
}

/// What a device can do by DMA, which its driver knows: `dma()` of
/// [`pci::Driver`](crate::pci::Driver) and [`platform::Driver`](crate::platform::Driver).
///
/// By default, it addresses what its bus says, 32 bits, in pieces of any length.
///
/// # Examples
///
/// ```
/// use accel::Dma;
///
/// /// Addresses of 40 bits, but rings are in the first 4 GiB; at most 1 MiB at a time.
/// const NPU: Dma = Dma::bits(40).coherent_bits(32).max_segment(1 << 20);
/// ```
#[derive(Clone, Copy)]
pub struct Dma {
    streaming: Option<u32>,
    coherent: Option<u32>,
    max_segment: u32,
}

impl Default for Dma {
    fn default() -> Self {
        Self {
            streaming: None,
            coherent: None,
            max_segment: u32::MAX,
        }
    }
}

impl Dma {
    /// The device reaches addresses of so many bits, 64 at most.
    pub const fn bits(bits: u32) -> Self {
        Self {
            streaming: Some(bits),
            coherent: Some(bits),
            max_segment: u32::MAX,
        }
    }

    /// Coherent memory has to have addresses of so many bits, 64 at most.
    pub const fn coherent_bits(self, bits: u32) -> Self {
        Self {
            coherent: Some(bits),
            ..self
        }
    }

    /// A piece of memory at an address of its own has at most so many bytes.
    pub const fn max_segment(self, bytes: u32) -> Self {
        Self {
            max_segment: bytes,
            ..self
        }
    }

    /// Tells the DMA API. Returns `EINVAL` for more than 64 bits, and `EIO` if the system cannot
    /// serve a device that has so few.
    ///
    /// # Safety
    ///
    /// Nobody must use `dev` for DMA meanwhile.
    #[inline(never)]
    pub(super) unsafe fn apply(self, dev: &device::Device<device::Bound>) -> Result {
        ffi::accel_helper_dma_set_max_segment(dev, self.max_segment);
        let mask = |bits| DmaMask::try_new(bits).map(|mask| mask.value());
        // SAFETY: Same requirements.
        unsafe {
            if let Some(bits) = self.streaming {
                ffi::dma_set_mask(dev, mask(bits)?)?;
            }
            if let Some(bits) = self.coherent {
                ffi::dma_set_coherent_mask(dev, mask(bits)?)?;
            }
        }
        Ok(())
    }
}
