// SPDX-License-Identifier: GPL-2.0

//! The registers of the device, by their names in `Documentation/accel/npu.rst`.

use accel::pci;
use core::ops::Deref;
use kernel::{
    io::{
        register,
        register::Array,
        Io, //
    },
    prelude::*, //
};

register! {
    pub(crate) ID(u32) @ 0x000 {
        31:0 value;
    }
    pub(crate) CAPABILITIES(u32) @ 0x008 {
        8:8 coalesce => bool;
        4:4 table => bool;
    }
    pub(crate) STATUS(u32) @ 0x020 {
        3:0 state;
    }
    pub(crate) CONTROL(u32) @ 0x024 {
        0:0 function_reset => bool;
    }
    pub(crate) ERROR(u32) @ 0x028 {
        1:1 overheated => bool;
        0:0 firmware => bool;
    }
    /// An event sets a bit, and one that is written clears it.
    pub(crate) IRQ_PENDING(u32) @ 0x100 {
        31:0 sources;
    }
    pub(crate) IRQ_ENABLE(u32) @ 0x104 {
        31:0 sources;
    }
    pub(crate) IRQ_ROUTE(u32)[17] @ 0x140 {
        31:0 vector;
    }
    pub(crate) MAILBOX_COMMAND(u32) @ 0x200 {
        31:16 sequence;
        15:0 code;
    }
    pub(crate) MAILBOX_ARGUMENT(u32)[4] @ 0x204 {
        31:0 word;
    }
    pub(crate) MAILBOX_STATUS(u32) @ 0x214 {
        31:16 sequence;
        9:9 done => bool;
        7:0 result;
    }
    pub(crate) MAILBOX_REPLY(u32) @ 0x218 {
        31:0 word;
    }
    pub(crate) TEMPERATURE(u32) @ 0x300 {
        31:0 millidegrees;
    }
    pub(crate) POWER(u32) @ 0x304 {
        31:0 milliwatts;
    }
    pub(crate) CLOCK(u32) @ 0x308 {
        31:0 megahertz;
    }
    pub(crate) TEMPERATURE_MAX(u32) @ 0x310 {
        31:0 millidegrees;
    }
    /// Low and high words; the low word is read first.
    pub(crate) COUNT(u32)[8] @ 0x320 {
        31:0 word;
    }
    pub(crate) CTX_CONTROL(u32)[4, stride = 0x100] @ 0x1000 {
        1:1 reset => bool;
        0:0 enable => bool;
    }
    pub(crate) CTX_STATUS(u32)[4, stride = 0x100] @ 0x1004 {
        15:8 error;
        3:0 state;
    }
    pub(crate) RING_BASE_LO(u32)[4, stride = 0x100] @ 0x1008 {
        31:0 word;
    }
    pub(crate) RING_BASE_HI(u32)[4, stride = 0x100] @ 0x100c {
        31:0 word;
    }
    pub(crate) RING_ORDER(u32)[4, stride = 0x100] @ 0x1010 {
        31:0 order;
    }
    pub(crate) RECORD_BASE_LO(u32)[4, stride = 0x100] @ 0x1018 {
        31:0 word;
    }
    pub(crate) RECORD_BASE_HI(u32)[4, stride = 0x100] @ 0x101c {
        31:0 word;
    }
    pub(crate) CTX_COALESCE(u32)[4, stride = 0x100] @ 0x1020 {
        31:0 value;
    }
    pub(crate) CTX_COMPLETED(u32)[4, stride = 0x100] @ 0x1024 {
        31:0 commands;
    }
    pub(crate) TABLE_BASE_LO(u32)[4, stride = 0x100] @ 0x102c {
        31:0 word;
    }
    pub(crate) TABLE_BASE_HI(u32)[4, stride = 0x100] @ 0x1030 {
        31:0 word;
    }
    pub(crate) TABLE_PAGES(u32)[4, stride = 0x100] @ 0x1034 {
        31:0 pages;
    }
    /// In BAR 2, with a page for each context.
    DOORBELL(u32)[4, stride = 0x1000] @ 0x0 {
        31:0 tail;
    }
}

const BAR_SIZE: usize = 0x1_0000;
const DOORBELLS_SIZE: usize = 0x4000;
const NPU_ID: u32 = 0x4e50_5531;

pub(crate) const CONTEXTS: usize = 4;
pub(crate) const STATE_READY: u32 = 2;
pub(crate) const CTX_RUNNING: u32 = 2;
pub(crate) const CTX_HALTED: u32 = 3;
pub(crate) const HALT_DEVICE: u32 = 5;

/// The sources of interrupts: that of the device itself, and the first of four of each context.
pub(crate) const SOURCE_MANAGEMENT: u32 = 1;
pub(crate) const SOURCE_COMPLETION: u32 = 1 << 0;
pub(crate) const SOURCE_HALT: u32 = 1 << 1;
pub(crate) const SOURCE_NOTIFY: u32 = 1 << 3;
/// Those that are of interest: not that a ring is empty.
pub(crate) const SOURCES: u32 = 0x1_ffff & !(0x8888);

/// The number of a context.
#[derive(Clone, Copy)]
pub(crate) struct ContextId(usize);

impl ContextId {
    pub(crate) const fn new(number: usize) -> Self {
        Self(number % CONTEXTS)
    }

    /// Returns the number, as one for which the compiler knows that there are registers.
    #[inline(always)]
    pub(crate) const fn get(self) -> usize {
        self.0 % CONTEXTS
    }
}

/// The registers and the doorbells. Once they are given up, the device does not touch memory any
/// more.
pub(crate) struct Registers<'bound> {
    bar: pci::Bar<'bound, BAR_SIZE>,
    doorbells: pci::Bar<'bound, DOORBELLS_SIZE>,
}

impl<'bound> Registers<'bound> {
    /// Maps them. Returns `ENODEV` if they are those of something else.
    pub(crate) fn map(pdev: &'bound pci::Device<'_>) -> Result<Self> {
        let bar = pdev.iomap_region_sized::<BAR_SIZE>(0, c"accel_npu")?;
        let doorbells = pdev.iomap_region_sized::<DOORBELLS_SIZE>(2, c"accel_npu")?;
        let this = Self { bar, doorbells };
        match this.are_present() && this.read(CAPABILITIES).table() {
            true => Ok(this),
            false => Err(ENODEV),
        }
    }

    /// Returns whether the device is still there. One that is not seems to have all bits set.
    pub(crate) fn are_present(&self) -> bool {
        self.read(ID).into_raw() == NPU_ID
    }

    /// Resets the function, which takes no time: all that the device does ends.
    pub(crate) fn reset_function(&self) {
        self.write_reg(CONTROL::zeroed().with_function_reset(true));
        // What was written has arrived once something else is read.
        self.read(STATUS);
    }

    /// Resets a context. Returns whether it was, which it is at once, unless the device hangs.
    pub(crate) fn reset_context(&self, id: ContextId) -> bool {
        let reset = CTX_CONTROL::zeroed().with_reset(true);
        self.write(CTX_CONTROL::at(id.get()), reset);
        !self.read(CTX_CONTROL::at(id.get())).reset()
    }

    /// Tells a context up to where its ring has commands. What was written to the ring before can
    /// be seen by the device.
    pub(crate) fn ring(&self, id: ContextId, tail: u32) {
        self.doorbells
            .write(DOORBELL::at(id.get()), DOORBELL::from(tail));
    }

    /// Reads the counters.
    pub(crate) fn counts(&self) -> [u64; 4] {
        [0, 2, 4, 6].map(|at| {
            let [low, high] = [at, at + 1].map(|at| {
                let register = COUNT::try_at(at);
                register.map_or(0, |register| self.read(register).into_raw())
            });
            u64::from(high) << 32 | u64::from(low)
        })
    }
}

impl<'bound> Deref for Registers<'bound> {
    type Target = pci::Bar<'bound, BAR_SIZE>;

    fn deref(&self) -> &Self::Target {
        &self.bar
    }
}

impl Drop for Registers<'_> {
    fn drop(&mut self) {
        self.reset_function();
    }
}
