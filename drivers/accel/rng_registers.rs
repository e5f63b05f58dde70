// SPDX-License-Identifier: GPL-2.0

//! The registers of a virtio device, "MMIO Device Register Layout" of the specification, and its
//! first queue.

use accel::platform::{
    self,
    IoMem, //
};
use kernel::{
    device,
    dma::{
        Coherent,
        DmaAddress, //
    },
    io::{
        io_read,
        io_write,
        register,
        Io, //
    },
    prelude::*,
    sync::barrier::{
        dma_mb,
        Read,
        Write, //
    }, //
};

register! {
    MAGIC(u32) @ 0x00 {
        31:0 value;
    }
    VERSION(u32) @ 0x04 {
        31:0 value;
    }
    /// What kind of device it is; zero if there is none.
    KIND(u32) @ 0x08 {
        31:0 value;
    }
    DEVICE_FEATURES(u32) @ 0x10 {
        1:1 access_platform => bool;
        0:0 version_1 => bool;
    }
    /// Which 32 of the features are in `DEVICE_FEATURES`.
    DEVICE_FEATURES_SELECT(u32) @ 0x14 {
        31:0 value;
    }
    DRIVER_FEATURES(u32) @ 0x20 {
        1:1 access_platform => bool;
        0:0 version_1 => bool;
    }
    DRIVER_FEATURES_SELECT(u32) @ 0x24 {
        31:0 value;
    }
    /// Which queue the following registers are of.
    QUEUE_SELECT(u32) @ 0x30 {
        31:0 value;
    }
    QUEUE_SIZE_MAX(u32) @ 0x34 {
        31:0 value;
    }
    QUEUE_SIZE(u32) @ 0x38 {
        31:0 value;
    }
    QUEUE_READY(u32) @ 0x44 {
        0:0 ready => bool;
    }
    QUEUE_NOTIFY(u32) @ 0x50 {
        31:0 queue;
    }
    pub(crate) IRQ_STATUS(u32) @ 0x60 {
        1:1 configuration => bool;
        0:0 used => bool;
    }
    pub(crate) IRQ_ACKNOWLEDGE(u32) @ 0x64 {
        1:1 configuration => bool;
        0:0 used => bool;
    }
    /// Writing zero resets the device.
    STATUS(u32) @ 0x70 {
        3:3 features_ok => bool;
        2:2 driver_ok => bool;
        1:1 driver => bool;
        0:0 acknowledge => bool;
    }
}

// Halves of addresses, which have no fields.
register! {
    DESCRIPTORS_LOW(u32) @ 0x80 {
        31:0 value;
    }
    DESCRIPTORS_HIGH(u32) @ 0x84 {
        31:0 value;
    }
    AVAILABLE_LOW(u32) @ 0x90 {
        31:0 value;
    }
    AVAILABLE_HIGH(u32) @ 0x94 {
        31:0 value;
    }
    USED_LOW(u32) @ 0xa0 {
        31:0 value;
    }
    USED_HIGH(u32) @ 0xa4 {
        31:0 value;
    }
}

const SIZE: usize = 0x100;
const MAGIC_VALUE: u32 = 0x7472_6976;
/// The version of the registers that is not legacy.
const VERSION_VALUE: u32 = 2;
const ENTROPY: u32 = 4;

/// The registers. Once they are given up, the device does not touch memory any more.
pub(crate) struct Registers<'bound>(IoMem<'bound, SIZE>);

impl<'bound> Registers<'bound> {
    /// Maps them. Returns `ENODEV` if they are those of something else.
    pub(crate) fn map(pdev: &'bound platform::Device<'_>) -> Result<Self> {
        let io = pdev.io_request_by_index(0).ok_or(ENODEV)?.iomap_sized()?;
        let this = Self(io);
        let is_ours = this.read(MAGIC).into_raw() == MAGIC_VALUE
            && this.read(VERSION).into_raw() == VERSION_VALUE
            && this.read(KIND).into_raw() == ENTROPY;
        match is_ours {
            true => Ok(this),
            false => Err(ENODEV),
        }
    }

    /// Resets the device: it touches no memory any more, and interrupts no more.
    pub(crate) fn reset(&self) {
        self.write_reg(STATUS::zeroed());
    }

    /// Brings the device up after a reset, with a queue that is new. Returns `EIO` if the device
    /// does not take part.
    pub(crate) fn bring_up(&self, queue: &Queue) -> Result {
        let status = STATUS::zeroed().with_acknowledge(true).with_driver(true);
        self.write_reg(status);
        // Above the first 32, there are all that matter here.
        self.write_reg(DEVICE_FEATURES_SELECT::zeroed().with_value(1u32));
        let offered = self.read(DEVICE_FEATURES);
        self.write_reg(DRIVER_FEATURES_SELECT::zeroed().with_value(0u32));
        self.write_reg(DRIVER_FEATURES::zeroed());
        self.write_reg(DRIVER_FEATURES_SELECT::zeroed().with_value(1u32));
        self.write_reg(
            DRIVER_FEATURES::zeroed()
                .with_version_1(true)
                .with_access_platform(offered.access_platform()),
        );
        let status = status.with_features_ok(true);
        self.write_reg(status);
        if !offered.version_1() || !self.read(STATUS).features_ok() {
            return Err(EIO);
        }
        self.set_queue(queue)?;
        self.write_reg(status.with_driver_ok(true));
        Ok(())
    }

    fn set_queue(&self, queue: &Queue) -> Result {
        self.write_reg(QUEUE_SELECT::zeroed());
        if self.read(QUEUE_READY).ready() || self.read(QUEUE_SIZE_MAX).into_raw() == 0 {
            return Err(EIO);
        }
        self.write_reg(QUEUE_SIZE::zeroed().with_value(1u32));
        let (low, high) = halves(queue.address(DESCRIPTOR));
        self.write_reg(DESCRIPTORS_LOW::zeroed().with_value(low));
        self.write_reg(DESCRIPTORS_HIGH::zeroed().with_value(high));
        let (low, high) = halves(queue.address(AVAILABLE));
        self.write_reg(AVAILABLE_LOW::zeroed().with_value(low));
        self.write_reg(AVAILABLE_HIGH::zeroed().with_value(high));
        let (low, high) = halves(queue.address(USED));
        self.write_reg(USED_LOW::zeroed().with_value(low));
        self.write_reg(USED_HIGH::zeroed().with_value(high));
        self.write_reg(QUEUE_READY::zeroed().with_ready(true));
        Ok(())
    }

    /// Tells the device that there is something in the queue.
    pub(crate) fn notify(&self) {
        self.write_reg(QUEUE_NOTIFY::zeroed());
    }
}

impl<'bound> core::ops::Deref for Registers<'bound> {
    type Target = IoMem<'bound, SIZE>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Registers<'_> {
    fn drop(&mut self) {
        self.reset();
    }
}

fn halves(address: DmaAddress) -> (u32, u32) {
    // CAST: These are the halves.
    (address as u32, (address >> 32) as u32)
}

// Where the parts of the queue are in its memory, in words of 64 bits.
const DESCRIPTOR: usize = 0;
const AVAILABLE: usize = 2;
const USED: usize = 4;
const WORDS: usize = 6;

/// The flag of a descriptor whose memory the device writes.
const WRITE: u64 = 2;

/// A queue of one place, "Split Virtqueues" of the specification. All of its numbers are
/// little-endian, and of the index in it, 16 bits count.
pub(crate) struct Queue {
    memory: Coherent<[u64; WORDS]>,
    /// How many pieces the device was given.
    given: u16,
}

impl Queue {
    pub(crate) fn new(dev: &device::Device<device::Bound>) -> Result<Self> {
        Ok(Self {
            memory: Coherent::zeroed(dev, GFP_KERNEL)?,
            given: 0,
        })
    }

    fn address(&self, part: usize) -> DmaAddress {
        // CAST: It is small.
        self.memory.dma_address() + 8 * part as DmaAddress
    }

    /// Makes it new. The device must have been reset.
    pub(crate) fn renew(&mut self) {
        self.given = 0;
        io_write!(&self.memory, [build: AVAILABLE], 0u64);
        io_write!(&self.memory, [build: USED], 0u64);
    }

    /// Gives the device memory to write to. It must have none.
    pub(crate) fn give(&mut self, address: u64, len: u32) {
        self.given = self.given.wrapping_add(1);
        io_write!(&self.memory, [build: DESCRIPTOR], address.to_le());
        let rest = u64::from(len) | WRITE << 32;
        io_write!(&self.memory, [build: DESCRIPTOR + 1], rest.to_le());
        dma_mb(Write);
        let available = u64::from(self.given) << 16;
        io_write!(&self.memory, [build: AVAILABLE], available.to_le());
    }

    /// Returns how much the device has written of what it was given last, if it is done.
    pub(crate) fn written(&self) -> Option<u32> {
        let used = u64::from_le(io_read!(&self.memory, [build: USED]));
        // CAST: The index is these bits.
        if (used >> 16) as u16 != self.given {
            return None;
        }
        // The length was written before.
        dma_mb(Read);
        // CAST: The length is these bits.
        Some(u64::from_le(io_read!(&self.memory, [build: USED + 1])) as u32)
    }
}
