// SPDX-License-Identifier: GPL-2.0

//! Accesses to the regions of the device.

use super::{Device, State};
use crate::config_space::{DOORBELLS_BYTES, REGISTERS_BYTES};
use crate::interrupts::Source;
use crate::registers::*;
use crate::sensors::{Level, MAX, WARN};

/// A part of the device that the host can read and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// The configuration space.
    Config,
    /// BAR 0.
    Registers,
    /// BAR 2.
    Doorbells,
    /// BAR 4, for who does not map it.
    Memory,
}

impl Device {
    /// The host reads.
    pub fn read(&mut self, region: Region, offset: u64, data: &mut [u8]) {
        match region {
            Region::Memory => self.memory.host_read(offset, data),
            _ if self.removed => data.fill(0xff),
            Region::Config => self.config.read(offset, data),
            Region::Registers | Region::Doorbells => {
                if !are_words(offset, data.len()) {
                    data.fill(0xff);
                    return;
                }
                for (at, word) in (offset..).step_by(4).zip(data.chunks_exact_mut(4)) {
                    let value = match region {
                        Region::Doorbells => self.read_doorbell(at),
                        _ => self.read_register(at),
                    };
                    word.copy_from_slice(&value.to_le_bytes());
                }
            }
        }
    }

    /// The host writes.
    pub fn write(&mut self, region: Region, offset: u64, data: &[u8]) {
        match region {
            Region::Memory => self.memory.host_write(offset, data),
            _ if self.removed => {}
            Region::Config => {
                if self.config.write(offset, data) {
                    self.reset_with_config();
                }
            }
            Region::Registers | Region::Doorbells if are_words(offset, data.len()) => {
                for (at, word) in (offset..).step_by(4).zip(data.chunks_exact(4)) {
                    let value = word
                        .iter()
                        .rev()
                        .fold(0, |value, byte| (value << 8) | u32::from(*byte));
                    match region {
                        Region::Doorbells => self.write_doorbell(at, value),
                        _ => self.write_register(at, value),
                    }
                }
            }
            Region::Registers | Region::Doorbells => {}
        }
    }

    fn read_doorbell(&self, offset: u64) -> u32 {
        let Some((index, offset)) = context_at(offset, 0, DOORBELL_STRIDE) else {
            return 0;
        };
        match offset {
            0 => self.contexts[index].tail(),
            DOORBELL_HEAD => self.contexts[index].head(),
            _ => 0,
        }
    }

    fn write_doorbell(&mut self, offset: u64, value: u32) {
        if let Some((index, 0)) = context_at(offset, 0, DOORBELL_STRIDE) {
            self.contexts[index].ring(value, &mut self.interrupts);
        }
    }

    fn read_register(&mut self, offset: u64) -> u32 {
        if let Some((index, offset)) = context_at(offset, CONTEXT_BLOCKS, CONTEXT_STRIDE) {
            return match offset {
                CTX_CONTROL if self.resetting[index] => CTX_RESET,
                CTX_CONTROL => 0,
                _ => self.contexts[index].read(offset),
            };
        }
        if let Some(source) = source_at(offset) {
            return self.interrupts.route(source);
        }
        match offset {
            IRQ_PENDING => self.interrupts.pending(),
            IRQ_ENABLE => self.interrupts.enabled(),
            STATUS => self.status(),
            ERROR => self.error,
            SCRATCH => self.scratch,
            FIRMWARE_VERSION if self.control.state == State::Ready => self.control.version,
            MAILBOX_COMMAND..TEMPERATURE => self.mailbox.read(offset),
            TEMPERATURE..COUNT_COMMANDS => self.read_sensor(offset),
            COUNT_COMMANDS.. => self.read_counter(offset),
            _ => self.read_identity(offset),
        }
    }

    fn read_identity(&self, offset: u64) -> u32 {
        let identity = &self.identity;
        match offset {
            ID => ID_VALUE,
            REVISION => identity.revision.number().into(),
            CAPABILITIES => identity.revision.capabilities(),
            CONTEXTS => CONTEXT_COUNT as u32,
            MEMORY_SIZE => MEMORY_BYTES as u32,
            DMA_BITS => HOST_ADDRESS_BITS,
            SERIAL_LO => identity.serial as u32,
            SERIAL_HI => (identity.serial >> 32) as u32,
            _ => 0,
        }
    }

    fn status(&self) -> u32 {
        let mut status = self.control.state as u32;
        if self.readings().level() > Level::Normal {
            status |= STATUS_THROTTLED;
        }
        if self.running() > 0 {
            status |= STATUS_BUSY;
        }
        status
    }

    fn read_sensor(&self, offset: u64) -> u32 {
        let readings = self.readings();
        match offset {
            TEMPERATURE => readings.temperature as u32,
            POWER => readings.power,
            CLOCK => readings.clock,
            TEMPERATURE_WARN => WARN as u32,
            TEMPERATURE_MAX => MAX as u32,
            _ => 0,
        }
    }

    fn read_counter(&mut self, offset: u64) -> u32 {
        let counters = &self.counters;
        let value = match offset & !7 {
            COUNT_COMMANDS => counters.commands,
            COUNT_READ => counters.read,
            COUNT_WRITTEN => counters.written,
            COUNT_MACS => counters.macs,
            _ => return 0,
        };
        if offset & 4 != 0 {
            return self.latched;
        }
        self.latched = (value >> 32) as u32;
        value as u32
    }

    fn write_register(&mut self, offset: u64, value: u32) {
        if let Some((index, offset)) = context_at(offset, CONTEXT_BLOCKS, CONTEXT_STRIDE) {
            return self.write_context(index, offset, value);
        }
        if let Some(source) = source_at(offset) {
            return self.interrupts.set_route(source, value);
        }
        match offset {
            CONTROL if value & FUNCTION_RESET != 0 => self.reset(),
            ERROR => self.error &= !value,
            SCRATCH => self.scratch = value,
            IRQ_PENDING => self.interrupts.acknowledge(value),
            IRQ_ENABLE => self.interrupts.enable(value),
            IRQ_FORCE => self.interrupts.force(value),
            MAILBOX_COMMAND..TEMPERATURE => {
                let mailbox = &mut self.mailbox;
                mailbox.write(offset, value, self.now, self.slow);
                // Nobody is there to answer.
                if matches!(self.control.state, State::Crashed | State::Overheated) {
                    mailbox.silence();
                }
            }
            _ => {}
        }
    }

    fn write_context(&mut self, index: usize, offset: u64, value: u32) {
        let context = &mut self.contexts[index];
        if offset != CTX_CONTROL {
            context.write(offset, value, self.identity.revision);
        } else if value & CTX_RESET != 0 {
            self.reset_context(index);
        } else if value & CTX_ENABLE != 0 && self.control.state == State::Ready {
            context.enable(&mut self.interrupts);
        }
    }
}

/// A word, or two of them, where they belong.
fn are_words(offset: u64, bytes: usize) -> bool {
    matches!(bytes, 4 | 8)
        && offset % bytes as u64 == 0
        && offset < REGISTERS_BYTES.max(DOORBELLS_BYTES)
}

/// The context whose part of a region an offset is in, and where in it.
fn context_at(offset: u64, first: u64, stride: u64) -> Option<(usize, u64)> {
    let offset = offset.checked_sub(first)?;
    let index = usize::try_from(offset / stride).ok()?;
    (index < CONTEXT_COUNT).then_some((index, offset % stride))
}

/// The source whose route is at an offset.
fn source_at(offset: u64) -> Option<Source> {
    Source::new(usize::try_from(offset.checked_sub(IRQ_ROUTE)? / 4).ok()?)
}
