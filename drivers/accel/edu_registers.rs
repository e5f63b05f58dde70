// SPDX-License-Identifier: GPL-2.0

//! The registers of the "edu" device.

use accel::pci;
use core::ops::Deref;
use kernel::{
    io::{
        register,
        Io, //
    },
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

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
    pub(crate) DMA_SOURCE(u32) @ 0x80 {
        31:0 address;
    }
    pub(crate) DMA_TARGET(u32) @ 0x88 {
        31:0 address;
    }
    pub(crate) DMA_COUNT(u32) @ 0x90 {
        31:0 bytes;
    }
    pub(crate) DMA_COMMAND(u32) @ 0x98 {
        2:2 irq_on_completion => bool;
        1:1 from_device => bool;
        /// Stays set as long as the engine works.
        0:0 run => bool;
    }
}

const BAR_SIZE: usize = 0x100;

/// How long the DMA engine works on a piece, at most, in milliseconds: ten times what it takes.
const LONGEST_MS: u32 = 1000;

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

    /// Returns whether the DMA engine works.
    pub(crate) fn is_dma_running(&self) -> bool {
        self.read(DMA_COMMAND).run()
    }

    /// Waits until the DMA engine does not touch memory any more; it cannot be stopped. One that is
    /// out of the machine seems to work forever, but does not.
    pub(crate) fn quiesce_dma(&self) {
        for _ in 0..LONGEST_MS {
            if !self.is_dma_running() || !self.are_present() {
                break;
            }
            fsleep(Delta::from_millis(1));
        }
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
        self.quiesce_dma();
    }
}
