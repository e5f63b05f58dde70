// SPDX-License-Identifier: GPL-2.0

//! A hardware context: its registers, its rings and the command that it executes.

use std::fmt;
use std::time::Duration;

use zerocopy::{FromZeros, IntoBytes};

use crate::bus::{Bus, Table};
use crate::coalesce::Coalesce;
use crate::command::{
    Command, Failure, Record, Status, COMMAND_BYTES, NOTIFY, RECORD_BYTES, SILENT,
};
use crate::interrupts::{Interrupts, Source};
use crate::registers::{
    Revision, CAP_COALESCE, CTX_COALESCE, CTX_COMPLETED, CTX_DISABLED, CTX_FAILED, CTX_HALTED,
    CTX_IDLE, CTX_RUNNING, CTX_STATUS, MAX_TABLE_PAGES, RECORD_BASE_HI, RECORD_BASE_LO,
    RING_BASE_HI, RING_BASE_LO, RING_HEAD, RING_ORDER, TABLE_BASE_HI, TABLE_BASE_LO, TABLE_PAGES,
};
use crate::work::{Progress, Work};

/// Why a context has halted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Halt {
    /// `HALT_FETCH`
    Fetch = 1,
    /// `HALT_RECORD`
    Record = 2,
    /// `HALT_DOORBELL`
    Doorbell = 3,
    /// `HALT_ORDER`
    Order = 4,
    /// `HALT_DEVICE`
    Device = 5,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Disabled,
    Enabled,
    Halted(Halt),
}

/// A command that was taken from the ring.
#[derive(Debug)]
struct Running {
    sequence: u32,
    flags: u16,
    work: Result<Work, Failure>,
    /// Slow answers: when it may begin.
    not_before: Duration,
}

/// How a context is made to misbehave.
#[derive(Debug, Default, Clone, Copy)]
pub struct ContextFaults {
    /// Commands do not end.
    pub hang: bool,
    /// The next record has another sequence number.
    pub wrong: bool,
    /// The next record is written twice.
    pub duplicate: bool,
}

/// What a context needs of the device, for one step.
pub struct Surroundings<'a> {
    /// The host and device memory.
    pub bus: Bus<'a>,
    /// Where events are raised.
    pub interrupts: &'a mut Interrupts,
    /// Which device it is.
    pub revision: Revision,
    /// Now.
    pub now: Duration,
    /// How much longer each command takes.
    pub slow: Duration,
    /// Set if device memory could not be read.
    pub memory_error: bool,
}

/// When a context has to be called again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It has more to do.
    Now,
    /// At that time.
    At(Duration),
    /// When somebody asks for something.
    Never,
}

impl Next {
    /// The earlier one.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Now, _) | (_, Self::Now) => Self::Now,
            (Self::At(one), Self::At(another)) => Self::At(one.min(another)),
            (Self::Never, other) | (other, Self::Never) => other,
        }
    }
}

/// A hardware context.
#[derive(Debug)]
pub struct Context {
    index: usize,
    state: State,
    ring_base: u64,
    record_base: u64,
    table: Table,
    order: u32,
    head: u32,
    tail: u32,
    record: u32,
    phase: bool,
    completed: u32,
    failed: u32,
    coalesce: Coalesce,
    running: Option<Running>,
    /// How it is made to misbehave.
    pub faults: ContextFaults,
}

impl Context {
    /// The context with that number.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            state: State::Disabled,
            ring_base: 0,
            record_base: 0,
            table: Table::default(),
            order: 0,
            head: 0,
            tail: 0,
            record: 0,
            phase: true,
            completed: 0,
            failed: 0,
            coalesce: Coalesce::default(),
            running: None,
            faults: ContextFaults::default(),
        }
    }

    /// A reset of this context, which also ends a hang.
    pub fn reset(&mut self, interrupts: &mut Interrupts) {
        let faults = ContextFaults {
            hang: false,
            ..self.faults
        };
        *self = Self::new(self.index);
        self.faults = faults;
        interrupts.clear_context(self.index);
    }

    /// Enables the context, if it is disabled.
    pub fn enable(&mut self, interrupts: &mut Interrupts) {
        if self.state != State::Disabled {
            return;
        }
        self.state = State::Enabled;
        if !(4..=12).contains(&self.order) {
            self.halt(Halt::Order, interrupts);
        }
    }

    /// Halts the context, unless it is disabled or halted.
    pub fn halt(&mut self, why: Halt, interrupts: &mut Interrupts) {
        if self.state == State::Enabled {
            self.state = State::Halted(why);
            self.running = None;
            interrupts.raise(Source::halt(self.index));
        }
    }

    /// Whether a command is being executed.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Reads a register of the block, other than `CTX_CONTROL`.
    pub fn read(&self, offset: u64) -> u32 {
        match offset {
            CTX_STATUS => self.status(),
            RING_BASE_LO => self.ring_base as u32,
            RING_BASE_HI => (self.ring_base >> 32) as u32,
            RING_ORDER => self.order,
            RING_HEAD => self.head,
            RECORD_BASE_LO => self.record_base as u32,
            RECORD_BASE_HI => (self.record_base >> 32) as u32,
            TABLE_BASE_LO => self.table.base as u32,
            TABLE_BASE_HI => (self.table.base >> 32) as u32,
            TABLE_PAGES => self.table.pages,
            CTX_COALESCE => self.coalesce.register(),
            CTX_COMPLETED => self.completed,
            CTX_FAILED => self.failed,
            _ => 0,
        }
    }

    fn status(&self) -> u32 {
        match self.state {
            State::Disabled => CTX_DISABLED,
            State::Enabled if self.is_running() => CTX_RUNNING,
            State::Enabled => CTX_IDLE,
            State::Halted(why) => CTX_HALTED | ((why as u32) << 8),
        }
    }

    /// Writes a register of the block, other than `CTX_CONTROL`.
    pub fn write(&mut self, offset: u64, value: u32, revision: Revision) {
        if offset == CTX_COALESCE {
            if revision.has(CAP_COALESCE) {
                self.coalesce.set_register(value);
            }
            return;
        }
        if self.state != State::Disabled {
            return;
        }
        match offset {
            RING_BASE_LO => set_low(&mut self.ring_base, value),
            RING_BASE_HI => set_high(&mut self.ring_base, value),
            RING_ORDER => self.order = value,
            RECORD_BASE_LO => set_low(&mut self.record_base, value),
            RECORD_BASE_HI => set_high(&mut self.record_base, value),
            TABLE_BASE_LO => set_low(&mut self.table.base, value),
            TABLE_BASE_HI => set_high(&mut self.table.base, value),
            TABLE_PAGES => self.table.pages = value.min(MAX_TABLE_PAGES),
            _ => {}
        }
    }

    /// Reads the doorbell.
    pub fn tail(&self) -> u32 {
        self.tail
    }

    /// Reads the word beside the doorbell.
    pub fn head(&self) -> u32 {
        self.head
    }

    /// Rings the doorbell.
    pub fn ring(&mut self, tail: u32, interrupts: &mut Interrupts) {
        if self.state != State::Enabled {
            return;
        }
        if tail < self.entries() {
            self.tail = tail;
        } else {
            self.halt(Halt::Doorbell, interrupts);
        }
    }

    fn entries(&self) -> u32 {
        1 << self.order
    }

    /// Executes a slice of a command, and raises what is due.
    pub fn step(&mut self, around: &mut Surroundings<'_>) -> Next {
        let next = self.execute(around);
        if self.coalesce.is_due(around.now) {
            around.interrupts.raise(Source::completion(self.index));
        }
        let deadline = self.coalesce.deadline();
        next.or(deadline.map_or(Next::Never, Next::At))
    }

    fn execute(&mut self, around: &mut Surroundings<'_>) -> Next {
        if self.state != State::Enabled || (self.running.is_none() && self.head == self.tail) {
            return Next::Never;
        }
        if self.running.is_none() {
            match self.fetch(around) {
                Ok(command) => self.running = Some(command),
                Err(_) => {
                    self.halt(Halt::Fetch, around.interrupts);
                    return Next::Never;
                }
            }
        }
        let Some(running) = &mut self.running else {
            return Next::Never;
        };
        if self.faults.hang {
            return Next::Never;
        }
        if running.not_before > around.now {
            return Next::At(running.not_before);
        }
        around.bus.table = self.table;
        let result = match &mut running.work {
            Ok(work) => work.step(&mut around.bus),
            Err(failure) => Err(*failure),
        };
        around.bus.table = Table::default();
        if result == Ok(Progress::More) {
            return Next::Now;
        }
        let (sequence, flags) = (running.sequence, running.flags);
        self.running = None;
        self.complete(sequence, flags, result.err(), around);
        if self.head == self.tail {
            Next::Never
        } else {
            Next::Now
        }
    }

    fn fetch(&self, around: &mut Surroundings<'_>) -> Result<Running, Failure> {
        let mut command = Command::new_zeroed();
        let at = self.ring_base + u64::from(self.head) * COMMAND_BYTES as u64;
        around.bus.read(at, command.as_mut_bytes())?;
        Ok(Running {
            sequence: command.sequence.get(),
            flags: command.flags.get(),
            work: Work::new(&command, around.revision),
            not_before: around.now + around.slow,
        })
    }

    fn complete(
        &mut self,
        sequence: u32,
        flags: u16,
        failure: Option<Failure>,
        around: &mut Surroundings<'_>,
    ) {
        let status = failure.map_or(Status::Ok, |failure| failure.status);
        around.memory_error |= status == Status::Memory;
        let wrong = u32::from(std::mem::take(&mut self.faults.wrong)) << 31;
        let times = 1 + u32::from(std::mem::take(&mut self.faults.duplicate));
        for _ in 0..times {
            let record = Record {
                address: failure.map_or(0, |failure| failure.address),
                sequence: sequence ^ wrong,
                status: status as u16,
                phase: self.phase,
            };
            if self.put(&record, &mut around.bus).is_err() {
                self.halt(Halt::Record, around.interrupts);
                return;
            }
        }
        self.head = (self.head + 1) % self.entries();
        self.completed = self.completed.wrapping_add(1);
        self.failed = self.failed.wrapping_add(failure.is_some().into());
        around.bus.counters.commands += 1;
        self.tell(flags, around);
    }

    fn put(&mut self, record: &Record, bus: &mut Bus<'_>) -> Result<(), Failure> {
        let at = self.record_base + u64::from(self.record) * RECORD_BYTES as u64;
        bus.write(at, &record.address.to_le_bytes())?;
        bus.publish(at + 8, record.last_word())?;
        self.record = (self.record + 1) % self.entries();
        self.phase ^= self.record == 0;
        Ok(())
    }

    /// Raises what the end of a command raises.
    fn tell(&mut self, flags: u16, around: &mut Surroundings<'_>) {
        if flags & NOTIFY != 0 {
            around.interrupts.raise(Source::notify(self.index));
        }
        if flags & SILENT == 0 && self.coalesce.completed(around.now) {
            around.interrupts.raise(Source::completion(self.index));
        }
        if self.head == self.tail {
            around.interrupts.raise(Source::drained(self.index));
        }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            State::Disabled => write!(f, "disabled"),
            State::Halted(why) => write!(f, "halted ({why:?})"),
            State::Enabled if self.is_running() => write!(f, "running"),
            State::Enabled => write!(f, "idle"),
        }?;
        write!(f, " {}/{}", self.head, self.tail)
    }
}

/// Addresses of rings and of tables are those of pages.
fn set_low(address: &mut u64, value: u32) {
    *address = (*address & !0xffff_ffff) | u64::from(value & !0xfff);
}

fn set_high(address: &mut u64, value: u32) {
    *address = (*address & 0xffff_ffff) | (u64::from(value & 0xff) << 32);
}
