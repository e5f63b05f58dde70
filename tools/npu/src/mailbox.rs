// SPDX-License-Identifier: GPL-2.0

//! The mailbox: how the driver speaks with the boot ROM and the firmware.

use std::time::Duration;

use crate::bus::Bus;
use crate::firmware::{check, Refusal, HEADER_BYTES, MAX_PAYLOAD};
use crate::registers::{
    Revision, MAILBOX_ARGUMENT, MAILBOX_BUSY, MAILBOX_CLOCK, MAILBOX_COMMAND, MAILBOX_DONE,
    MAILBOX_LOAD, MAILBOX_PING, MAILBOX_REPLY, MAILBOX_START, MAILBOX_STATUS, STATE_CRASHED,
    STATE_LOADED, STATE_OVERHEATED, STATE_READY, STATE_ROM,
};

/// How long most answers take.
const LATENCY: Duration = Duration::from_millis(1);
/// How long the start of the firmware takes.
const START_LATENCY: Duration = Duration::from_millis(10);
/// What the clock can be set to, in MHz.
const CLOCKS: std::ops::RangeInclusive<u32> = 200..=1000;

/// The state of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// No firmware.
    Rom = STATE_ROM,
    /// Firmware that was not started.
    Loaded = STATE_LOADED,
    /// Firmware runs.
    Ready = STATE_READY,
    /// Firmware does not run any more.
    Crashed = STATE_CRASHED,
    /// Too hot.
    Overheated = STATE_OVERHEATED,
}

/// Results other than `MAILBOX_OK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Problem {
    /// `MAILBOX_UNKNOWN`
    Unknown = 1,
    /// `MAILBOX_STATE`
    State = 2,
    /// `MAILBOX_INVALID`
    Invalid = 3,
    /// `MAILBOX_DMA`
    Dma = 4,
    /// `MAILBOX_MAGIC`
    Magic = 5,
    /// `MAILBOX_HEADER_CRC`
    HeaderCrc = 6,
    /// `MAILBOX_LENGTH`
    Length = 7,
    /// `MAILBOX_PAYLOAD_CRC`
    PayloadCrc = 8,
    /// `MAILBOX_REVISION`
    Revision = 9,
    /// `MAILBOX_TOO_OLD`
    TooOld = 10,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Magic => Self::Magic,
            Refusal::HeaderCrc => Self::HeaderCrc,
            Refusal::Length => Self::Length,
            Refusal::PayloadCrc => Self::PayloadCrc,
            Refusal::Revision => Self::Revision,
            Refusal::TooOld => Self::TooOld,
        }
    }
}

/// What commands of the mailbox change: the firmware, and what it controls.
#[derive(Debug)]
pub struct Control {
    /// The state of the device.
    pub state: State,
    /// The version of the image that is loaded.
    pub version: u32,
    /// The clock in MHz.
    pub clock: u32,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            state: State::Rom,
            version: 0,
            clock: *CLOCKS.end(),
        }
    }
}

/// The registers of the mailbox.
#[derive(Debug, Default)]
pub struct Mailbox {
    command: u32,
    arguments: [u32; 4],
    reply: [u32; 4],
    status: u32,
    due: Option<Duration>,
}

impl Mailbox {
    /// Reads a register.
    pub fn read(&self, offset: u64) -> u32 {
        match offset {
            MAILBOX_COMMAND => self.command,
            MAILBOX_STATUS => self.status,
            _ => word_of(offset, MAILBOX_ARGUMENT)
                .map(|index| self.arguments[index])
                .or(word_of(offset, MAILBOX_REPLY).map(|index| self.reply[index]))
                .unwrap_or(0),
        }
    }

    /// Writes a register; the answer to a command is due later, and `slow` longer.
    pub fn write(&mut self, offset: u64, value: u32, now: Duration, slow: Duration) {
        if let Some(index) = word_of(offset, MAILBOX_ARGUMENT) {
            self.arguments[index] = value;
        }
        if offset == MAILBOX_COMMAND && self.status & MAILBOX_BUSY == 0 {
            self.command = value;
            self.status = MAILBOX_BUSY | (value & 0xffff_0000);
            let latency = match self.code() {
                MAILBOX_START => START_LATENCY,
                _ => LATENCY,
            };
            self.due = Some(now + latency + slow);
        }
    }

    fn code(&self) -> u16 {
        self.command as u16
    }

    /// When an answer is due.
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// The answers that were due do not come.
    pub fn silence(&mut self) {
        self.due = None;
    }

    /// Answers what is due; whether it was.
    pub fn answer(
        &mut self,
        now: Duration,
        control: &mut Control,
        revision: Revision,
        bus: &mut Bus<'_>,
    ) -> bool {
        if self.due.is_none_or(|due| due > now) {
            return false;
        }
        self.due = None;
        let result = match self.execute(control, revision, bus) {
            Ok(reply) => {
                self.reply = [reply, 0, 0, 0];
                0
            }
            Err(problem) => {
                self.reply = [0; 4];
                problem as u32
            }
        };
        self.status = MAILBOX_DONE | (self.command & 0xffff_0000) | result;
        true
    }

    fn execute(
        &self,
        control: &mut Control,
        revision: Revision,
        bus: &mut Bus<'_>,
    ) -> Result<u32, Problem> {
        let in_state = |states: &[State]| match states.contains(&control.state) {
            true => Ok(()),
            false => Err(Problem::State),
        };
        match self.code() {
            MAILBOX_LOAD => {
                in_state(&[State::Rom, State::Loaded])?;
                (control.state, control.version) = (State::Rom, 0);
                control.version = self.load(revision, bus)?;
                control.state = State::Loaded;
                Ok(control.version)
            }
            MAILBOX_START => {
                in_state(&[State::Loaded])?;
                control.state = State::Ready;
                Ok(control.version)
            }
            MAILBOX_PING => {
                in_state(&[State::Ready])?;
                Ok(!self.arguments[0])
            }
            MAILBOX_CLOCK => {
                in_state(&[State::Ready])?;
                let clock = self.arguments[0];
                if !CLOCKS.contains(&clock) {
                    return Err(Problem::Invalid);
                }
                control.clock = clock;
                Ok(clock)
            }
            _ => Err(Problem::Unknown),
        }
    }

    fn load(&self, revision: Revision, bus: &mut Bus<'_>) -> Result<u32, Problem> {
        let [low, high, size, _] = self.arguments;
        let size = size as usize;
        if size > HEADER_BYTES + MAX_PAYLOAD {
            return Err(Problem::Length);
        }
        // An image is in the host's memory only.
        if high >> 31 != 0 {
            return Err(Problem::Invalid);
        }
        let address = (u64::from(high) << 32) | u64::from(low);
        let mut image = vec![0; size];
        bus.read(address, &mut image).map_err(|_| Problem::Dma)?;
        Ok(check(&image, revision)?)
    }
}

/// Which of four words that begin at a register an offset is.
fn word_of(offset: u64, first: u64) -> Option<usize> {
    let index = offset.checked_sub(first)? / 4;
    (index < 4).then_some(index as usize)
}
