// SPDX-License-Identifier: GPL-2.0

//! The registers of the "edu" device, but for those of its DMA engine.

use accel::pci;
use core::ops::Deref;
use kernel::{
    io::{
        register,
        Io, //
    },
    prelude::*, //
};

use crate::edu_dma;

register! {
    pub(crate) ID(u32) @ 0x00 {
        31:0 value;
    }
    /// Gives the inverse of what was written.
    pub(crate) LIVENESS(u32) @ 0x04 {
        31:0 value;
    }
    /// Takes the argument and gives the result. Writes are ignored while busy.
    pub(crate) FACTORIAL(u32) @ 0x08 {
        31:0 value;
    }
    pub(crate) STATUS(u32) @ 0x20 {
        7:7 irq_on_completion => bool;
        0:0 busy => bool;
    }
    /// A device that is gone seems to have all bits set.
    pub(crate) IRQ_STATUS(u32) @ 0x24 {
        8:8 dma => bool;
        0:0 factorial => bool;
    }
    /// Lowers the interrupts that are written as one. Needed with MSI too.
    pub(crate) IRQ_ACKNOWLEDGE(u32) @ 0x64 {
        8:8 dma => bool;
        0:0 factorial => bool;
    }
}

const BAR_SIZE: usize = 0x100;

/// What `ID` is, of version 1.0.
pub(crate) const EDU_ID: u32 = 0x0100_00ed;

/// The registers. Once they are given up, the device does not touch memory any more.
pub(crate) struct Registers<'bound>(pci::Bar<'bound, BAR_SIZE>);

impl<'bound> Registers<'bound> {
    /// Maps them. Returns `ENODEV` if they are those of something else.
    pub(crate) fn map(pdev: &'bound pci::Device<'_>) -> Result<Self> {
        let bar = pdev.iomap_region_sized::<BAR_SIZE>(0, c"accel_edu")?;
        if u32::from(bar.read(ID).value()) != EDU_ID {
            return Err(ENODEV);
        }
        Ok(Self(bar))
    }

    /// Returns whether the device is still there. One that is not seems to have all bits set.
    pub(crate) fn are_present(&self) -> bool {
        u32::from(self.read(ID).value()) == EDU_ID
    }
}

impl<'bound> Deref for Registers<'bound> {
    type Target = pci::Bar<'bound, BAR_SIZE>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Registers<'_> {
    fn drop(&mut self) {
        edu_dma::quiesce(self);
    }
}
