// SPDX-License-Identifier: GPL-2.0

//! The device: registers, doorbells, and what goes on between accesses.
//!
//! The device does nothing by itself: [`Device::advance()`] does a bit of what is due, and says
//! when it wants to be called again. Time is what it is told, so that tests need not wait.

use std::io;
use std::time::Duration;

use crate::bus::{Bus, Counters, Host, Table};
use crate::config_space::ConfigSpace;
use crate::context::{Context, Halt, Next, Surroundings};
use crate::interrupts::{Interrupts, Source};
use crate::mailbox::{Control, Mailbox, State};
use crate::memory::Memory;
use crate::orders::{Mistake, Order};
use crate::registers::{
    Revision, CONTEXT_COUNT, ERROR_FIRMWARE, ERROR_MEMORY, ERROR_OVERHEATED, ERROR_WARM,
    SOURCE_COUNT,
};
use crate::sensors::{Level, Readings};

mod access;

pub use access::Region;

/// What distinguishes one device from another.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// The revision.
    pub revision: Revision,
    /// Vectors of MSI-X; 0 if there is no MSI-X.
    pub vectors: u16,
    /// The serial number.
    pub serial: u64,
}

/// The device.
#[derive(Debug)]
pub struct Device {
    identity: Identity,
    config: ConfigSpace,
    control: Control,
    mailbox: Mailbox,
    contexts: [Context; CONTEXT_COUNT],
    interrupts: Interrupts,
    memory: Memory,
    counters: Counters,
    error: u32,
    scratch: u32,
    /// The high word of the counter whose low word was read last.
    latched: u32,
    /// Contexts whose reset is not done yet.
    resetting: [bool; CONTEXT_COUNT],
    level: Level,
    now: Duration,
    hung: bool,
    removed: bool,
    slow: Duration,
    heat: i32,
}

impl Device {
    /// A device that has just got power.
    pub fn new(identity: Identity) -> io::Result<Self> {
        let routes = match identity.vectors {
            0 => SOURCE_COUNT as u16,
            vectors => vectors,
        };
        Ok(Self {
            identity,
            config: ConfigSpace::new(identity.revision, identity.vectors),
            control: Control::default(),
            mailbox: Mailbox::default(),
            contexts: std::array::from_fn(Context::new),
            interrupts: Interrupts::new(routes),
            memory: Memory::new()?,
            counters: Counters::default(),
            error: 0,
            scratch: 0,
            latched: 0,
            resetting: [false; CONTEXT_COUNT],
            level: Level::Normal,
            now: Duration::ZERO,
            hung: false,
            removed: false,
            slow: Duration::ZERO,
            heat: 0,
        })
    }

    /// Device memory.
    pub fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Tells what time it is.
    pub fn set_time(&mut self, now: Duration) {
        self.now = now;
    }

    /// Does a bit of what is due; when there is more.
    pub fn advance(&mut self, host: &dyn Host) -> Next {
        if self.removed {
            return Next::Never;
        }
        self.watch_temperature();
        let mut next = self.answer(host);
        if !self.hung {
            next = next.or(self.run_contexts(host));
        }
        self.send(host);
        next
    }

    /// Sends the messages of interrupts.
    pub fn send(&mut self, host: &dyn Host) {
        let messages = self.interrupts.take_messages();
        if self.removed || !self.config.is_bus_master() {
            return;
        }
        for vector in messages {
            host.interrupt(vector);
        }
    }

    /// A function reset.
    pub fn reset(&mut self) {
        if self.removed {
            return;
        }
        self.control = Control::default();
        self.mailbox = Mailbox::default();
        self.contexts = std::array::from_fn(Context::new);
        self.interrupts.reset();
        self.memory.reset();
        self.counters = Counters::default();
        (self.error, self.scratch, self.latched) = (0, 0, 0);
        self.resetting = [false; CONTEXT_COUNT];
        self.level = Level::Normal;
        self.hung = false;
    }

    /// A function-level reset, or one of the machine.
    pub fn reset_with_config(&mut self) {
        if !self.removed {
            self.reset();
            self.config.reset();
        }
    }

    /// Does what the control socket asks for; the text is the answer.
    pub fn obey(&mut self, order: Order) -> Result<String, Mistake> {
        let mut part = true;
        match order {
            Order::Hang(context) => self.contexts[context].faults.hang = true,
            Order::HangAll => self.hung = true,
            Order::Crash => self.crash(),
            Order::Wrong(context) => self.contexts[context].faults.wrong = true,
            Order::Duplicate(context) => self.contexts[context].faults.duplicate = true,
            Order::Spurious(source) => self.interrupts.send_spurious(source),
            Order::Lose(source, count) => self.interrupts.lose(source, count),
            Order::Remove => self.removed = true,
            Order::Slow(time) => self.slow = time,
            Order::Corrupt(offset, length) => part = self.memory.corrupt(offset, length),
            Order::Poison(offset, length) => part = self.memory.poison(offset, length),
            Order::Heat(temperature) => self.heat = temperature,
            Order::Status => return Ok(self.describe()),
        }
        part.then(|| "ok".to_owned()).ok_or(Mistake::Part)
    }

    fn describe(&self) -> String {
        let readings = self.readings();
        let contexts: Vec<String> = self.contexts.iter().map(ToString::to_string).collect();
        format!(
            "{:?}, {} mC, error {:#x}, contexts: {}",
            self.control.state,
            readings.temperature,
            self.error,
            contexts.join(", ")
        )
    }

    fn crash(&mut self) {
        if self.control.state == State::Ready {
            self.stop(State::Crashed, ERROR_FIRMWARE);
        }
    }

    /// Nothing goes on before a function reset.
    fn stop(&mut self, state: State, error: u32) {
        self.control.state = state;
        self.mailbox.silence();
        for context in &mut self.contexts {
            context.halt(Halt::Device, &mut self.interrupts);
        }
        self.set_error(error);
    }

    fn set_error(&mut self, error: u32) {
        self.error |= error;
        self.interrupts.raise(Source::MANAGEMENT);
    }

    fn readings(&self) -> Readings {
        Readings::new(self.running(), self.control.clock, self.heat)
    }

    fn running(&self) -> usize {
        let contexts = self.contexts.iter();
        contexts.filter(|context| context.is_running()).count()
    }

    fn watch_temperature(&mut self) {
        let level = self.readings().level();
        let before = std::mem::replace(&mut self.level, level);
        if level > before {
            match level {
                Level::Hot => self.stop(State::Overheated, ERROR_OVERHEATED),
                _ => self.set_error(ERROR_WARM),
            }
        }
    }

    fn answer(&mut self, host: &dyn Host) -> Next {
        let mut bus = Bus {
            host: self.config.is_bus_master().then_some(host),
            memory: &mut self.memory,
            table: Table::default(),
            counters: &mut self.counters,
        };
        let revision = self.identity.revision;
        if matches!(
            self.control.state,
            State::Rom | State::Loaded | State::Ready
        ) && self
            .mailbox
            .answer(self.now, &mut self.control, revision, &mut bus)
        {
            self.interrupts.raise(Source::MANAGEMENT);
        }
        self.mailbox.due().map_or(Next::Never, Next::At)
    }

    /// Gives each context its turn.
    fn run_contexts(&mut self, host: &dyn Host) -> Next {
        let mut around = Surroundings {
            bus: Bus {
                host: self.config.is_bus_master().then_some(host),
                memory: &mut self.memory,
                table: Table::default(),
                counters: &mut self.counters,
            },
            interrupts: &mut self.interrupts,
            revision: self.identity.revision,
            now: self.now,
            slow: self.slow,
            memory_error: false,
        };
        let mut next = Next::Never;
        for context in &mut self.contexts {
            next = next.or(context.step(&mut around));
        }
        if around.memory_error {
            self.set_error(ERROR_MEMORY);
        }
        next
    }

    fn reset_context(&mut self, index: usize) {
        self.resetting[index] = self.hung;
        if !self.hung {
            self.contexts[index].reset(&mut self.interrupts);
        }
    }
}

#[cfg(test)]
mod tests;
