// SPDX-License-Identifier: GPL-2.0

//! The numbers of the datasheet, `Documentation/accel/npu.rst`, by their names there.

#![allow(missing_docs)] // the datasheet has it

/// Number of contexts.
pub const CONTEXT_COUNT: usize = 4;
/// Number of interrupt sources.
pub const SOURCE_COUNT: usize = 17;
/// Bytes of device memory.
pub const MEMORY_BYTES: u64 = 64 << 20;
/// Bits of a host address.
pub const HOST_ADDRESS_BITS: u32 = 40;

/// What the register `ID` reads as.
pub const ID_VALUE: u32 = 0x4e50_5531;
pub const ID: u64 = 0x000;
pub const REVISION: u64 = 0x004;
pub const CAPABILITIES: u64 = 0x008;
pub const CONTEXTS: u64 = 0x00c;
pub const MEMORY_SIZE: u64 = 0x010;
pub const DMA_BITS: u64 = 0x014;
pub const SERIAL_LO: u64 = 0x018;
pub const SERIAL_HI: u64 = 0x01c;
pub const STATUS: u64 = 0x020;
pub const CONTROL: u64 = 0x024;
pub const ERROR: u64 = 0x028;
pub const SCRATCH: u64 = 0x02c;
pub const FIRMWARE_VERSION: u64 = 0x030;
pub const IRQ_PENDING: u64 = 0x100;
pub const IRQ_ENABLE: u64 = 0x104;
pub const IRQ_FORCE: u64 = 0x108;
pub const IRQ_ROUTE: u64 = 0x140;
pub const MAILBOX_COMMAND: u64 = 0x200;
pub const MAILBOX_ARGUMENT: u64 = 0x204;
pub const MAILBOX_STATUS: u64 = 0x214;
pub const MAILBOX_REPLY: u64 = 0x218;
pub const TEMPERATURE: u64 = 0x300;
pub const POWER: u64 = 0x304;
pub const CLOCK: u64 = 0x308;
pub const TEMPERATURE_WARN: u64 = 0x30c;
pub const TEMPERATURE_MAX: u64 = 0x310;
pub const COUNT_COMMANDS: u64 = 0x320;
pub const COUNT_READ: u64 = 0x328;
pub const COUNT_WRITTEN: u64 = 0x330;
pub const COUNT_MACS: u64 = 0x338;
/// The first block of a context.
pub const CONTEXT_BLOCKS: u64 = 0x1000;
/// From one block of a context to the next one.
pub const CONTEXT_STRIDE: u64 = 0x100;

pub const CTX_CONTROL: u64 = 0x00;
pub const CTX_STATUS: u64 = 0x04;
pub const RING_BASE_LO: u64 = 0x08;
pub const RING_BASE_HI: u64 = 0x0c;
pub const RING_ORDER: u64 = 0x10;
pub const RING_HEAD: u64 = 0x14;
pub const RECORD_BASE_LO: u64 = 0x18;
pub const RECORD_BASE_HI: u64 = 0x1c;
pub const CTX_COALESCE: u64 = 0x20;
pub const CTX_COMPLETED: u64 = 0x24;
pub const CTX_FAILED: u64 = 0x28;
pub const TABLE_BASE_LO: u64 = 0x2c;
pub const TABLE_BASE_HI: u64 = 0x30;
pub const TABLE_PAGES: u64 = 0x34;

/// Bytes of a page that an entry of a table is for.
pub const PAGE_BYTES: u64 = 1 << 12;
/// The most entries of a table.
pub const MAX_TABLE_PAGES: u32 = 1 << 20;
/// In an entry: there is such a page.
pub const PAGE_VALID: u64 = 1 << 0;
/// In an entry: commands may write to it.
pub const PAGE_WRITABLE: u64 = 1 << 1;

pub const CTX_ENABLE: u32 = 1 << 0;
pub const CTX_RESET: u32 = 1 << 1;
pub const CTX_DISABLED: u32 = 0;
pub const CTX_IDLE: u32 = 1;
pub const CTX_RUNNING: u32 = 2;
pub const CTX_HALTED: u32 = 3;

/// From one doorbell to the next one.
pub const DOORBELL_STRIDE: u64 = 0x1000;
/// In the page of a doorbell: where the head is shown.
pub const DOORBELL_HEAD: u64 = 8;

pub const CAP_COPY_FILL: u32 = 1 << 0;
pub const CAP_VECTOR: u32 = 1 << 1;
pub const CAP_MATMUL: u32 = 1 << 2;
pub const CAP_NOTIFY: u32 = 1 << 3;
pub const CAP_TABLE: u32 = 1 << 4;
pub const CAP_COALESCE: u32 = 1 << 8;
pub const CAP_VECTOR_F32: u32 = 1 << 9;
pub const CAP_REQUANTIZE: u32 = 1 << 10;

pub const STATE_ROM: u32 = 0;
pub const STATE_LOADED: u32 = 1;
pub const STATE_READY: u32 = 2;
pub const STATE_CRASHED: u32 = 3;
pub const STATE_OVERHEATED: u32 = 4;
pub const STATUS_THROTTLED: u32 = 1 << 8;
pub const STATUS_BUSY: u32 = 1 << 9;
/// In `CONTROL`.
pub const FUNCTION_RESET: u32 = 1 << 0;

pub const ERROR_FIRMWARE: u32 = 1 << 0;
pub const ERROR_OVERHEATED: u32 = 1 << 1;
pub const ERROR_MEMORY: u32 = 1 << 2;
pub const ERROR_WARM: u32 = 1 << 3;

pub const MAILBOX_LOAD: u16 = 1;
pub const MAILBOX_START: u16 = 2;
pub const MAILBOX_PING: u16 = 3;
pub const MAILBOX_CLOCK: u16 = 4;
pub const MAILBOX_BUSY: u32 = 1 << 8;
pub const MAILBOX_DONE: u32 = 1 << 9;

/// A revision of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision {
    /// The first one.
    A,
    /// With coalescing, floating point and requantisation.
    B,
}

impl Revision {
    /// As in the configuration space.
    pub fn number(self) -> u8 {
        match self {
            Self::A => 0x10,
            Self::B => 0x20,
        }
    }

    /// The bit in the header of a firmware image.
    pub fn firmware_bit(self) -> u32 {
        match self {
            Self::A => 1 << 0,
            Self::B => 1 << 1,
        }
    }

    /// What it can do.
    pub fn capabilities(self) -> u32 {
        let common = CAP_COPY_FILL | CAP_VECTOR | CAP_MATMUL | CAP_NOTIFY | CAP_TABLE;
        match self {
            Self::A => common,
            Self::B => common | CAP_COALESCE | CAP_VECTOR_F32 | CAP_REQUANTIZE,
        }
    }

    /// Whether it has all of these.
    pub fn has(self, capabilities: u32) -> bool {
        self.capabilities() & capabilities == capabilities
    }
}
