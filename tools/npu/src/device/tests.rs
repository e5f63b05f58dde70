// SPDX-License-Identifier: GPL-2.0

//! The device with a host that is no client: what a driver does, and what becomes of it.

use std::time::Duration;

use zerocopy::IntoBytes;

use super::*;
use crate::command::{code, Command, Record, Status, RECORD_BYTES};
use crate::firmware::Image;
use crate::registers::*;
use crate::stub::StubHost;

mod boot;
mod faults;
mod registers;
mod resets;
mod rings;

const BASE: u64 = StubHost::BASE;
/// Where images are, and their size is.
const IMAGE: u64 = BASE + 0x10_0000;
/// Where operands are.
const DATA: u64 = BASE + 0x20_0000;
/// The order of rings.
const ORDER: u32 = 4;
const ENTRIES: u32 = 1 << ORDER;

/// A driver, its device and the host.
struct Rig {
    device: Device,
    host: StubHost,
    now: Duration,
    tails: [u32; CONTEXT_COUNT],
}

impl Rig {
    /// Right after the power came; the device may be a master.
    fn new(revision: Revision) -> Self {
        let identity = Identity {
            revision,
            vectors: SOURCE_COUNT as u16,
            serial: 0x0123_4567_89ab_cdef,
        };
        let mut rig = Self {
            device: Device::new(identity).unwrap(),
            host: StubHost::new(),
            now: Duration::from_secs(1),
            tails: [0; CONTEXT_COUNT],
        };
        rig.device.write(Region::Config, 4, &[6, 0]);
        rig
    }

    /// With firmware, each interrupt source with its own vector, and nothing pending.
    fn booted() -> Self {
        let mut rig = Self::new(Revision::B);
        rig.boot();
        rig
    }

    /// With one context enabled.
    fn with_context(index: usize) -> Self {
        let mut rig = Self::booted();
        rig.enable(index);
        rig
    }

    fn boot(&mut self) {
        for source in 0..SOURCE_COUNT as u64 {
            self.write(IRQ_ROUTE + 4 * source, source as u32);
        }
        self.write(IRQ_ENABLE, u32::MAX);
        let size = self.put_image(&good_image());
        assert_eq!(self.load(size), MAILBOX_DONE);
        assert_eq!(self.ask(MAILBOX_START, [0; 4]), MAILBOX_DONE);
        assert_eq!(self.read(STATUS), STATE_READY);
        self.write(IRQ_PENDING, u32::MAX);
        self.host.take_interrupts();
    }

    fn put_image(&mut self, image: &[u8]) -> u32 {
        self.host.write(IMAGE, image).unwrap();
        image.len() as u32
    }

    fn load(&mut self, size: u32) -> u32 {
        let arguments = [IMAGE as u32, (IMAGE >> 32) as u32, size, 0];
        self.ask(MAILBOX_LOAD, arguments)
    }

    /// Gives a command to the mailbox; returns its status after the answer.
    fn ask(&mut self, code: u16, arguments: [u32; 4]) -> u32 {
        for (at, argument) in (MAILBOX_ARGUMENT..).step_by(4).zip(arguments) {
            self.write(at, argument);
        }
        self.write(MAILBOX_COMMAND, code.into());
        self.run();
        self.read(MAILBOX_STATUS)
    }

    fn read(&mut self, offset: u64) -> u32 {
        let mut data = [0; 4];
        self.device.read(Region::Registers, offset, &mut data);
        u32::from_le_bytes(data)
    }

    fn write(&mut self, offset: u64, value: u32) {
        self.device.set_time(self.now);
        let data = value.to_le_bytes();
        self.device.write(Region::Registers, offset, &data);
        self.device.send(&self.host);
    }

    /// Lets the device do one bit of its work.
    fn advance(&mut self) -> Next {
        self.device.set_time(self.now);
        self.device.advance(&self.host)
    }

    /// Lets the device do all that it has to do, however long it takes.
    fn run(&mut self) {
        loop {
            match self.advance() {
                Next::Now => {}
                Next::At(time) => self.now = self.now.max(time),
                Next::Never => return,
            }
        }
    }

    fn obey(&mut self, order: &str) -> String {
        self.device.set_time(self.now);
        let answer = self.device.obey(order.parse().unwrap());
        self.device.send(&self.host);
        answer.unwrap()
    }

    fn enable(&mut self, index: usize) {
        self.tails[index] = 0;
        self.set(index, RING_BASE_LO, ring(index) as u32);
        self.set(index, RING_BASE_HI, (ring(index) >> 32) as u32);
        self.set(index, RECORD_BASE_LO, records(index) as u32);
        self.set(index, RECORD_BASE_HI, (records(index) >> 32) as u32);
        self.set(index, RING_ORDER, ORDER);
        self.set(index, CTX_CONTROL, CTX_ENABLE);
        assert_eq!(self.get(index, CTX_STATUS), CTX_IDLE);
    }

    fn get(&mut self, index: usize, offset: u64) -> u32 {
        self.read(CONTEXT_BLOCKS + CONTEXT_STRIDE * index as u64 + offset)
    }

    fn set(&mut self, index: usize, offset: u64, value: u32) {
        self.write(
            CONTEXT_BLOCKS + CONTEXT_STRIDE * index as u64 + offset,
            value,
        );
    }

    /// Puts a command into the ring.
    fn push(&mut self, index: usize, command: &Command) {
        let at = ring(index) + u64::from(self.tails[index]) * 64;
        self.host.write(at, command.as_bytes()).unwrap();
        self.tails[index] = (self.tails[index] + 1) % ENTRIES;
    }

    fn ring(&mut self, index: usize) {
        self.ring_with(index, self.tails[index]);
    }

    fn ring_with(&mut self, index: usize, tail: u32) {
        self.device.set_time(self.now);
        let at = DOORBELL_STRIDE * index as u64;
        self.device
            .write(Region::Doorbells, at, &tail.to_le_bytes());
        self.device.send(&self.host);
    }

    /// Puts NOPs with these sequence numbers into the ring, and rings.
    fn nops(&mut self, index: usize, sequences: impl IntoIterator<Item = u32>) {
        for sequence in sequences {
            self.push(index, &nop(sequence));
        }
        self.ring(index);
    }

    fn record(&self, index: usize, entry: u32) -> Record {
        let at = records(index) + u64::from(entry) * RECORD_BYTES as u64;
        Record::from_bytes(self.host.bytes(at))
    }

    fn acknowledge(&mut self) -> Vec<u16> {
        self.write(IRQ_PENDING, u32::MAX);
        self.host.take_interrupts()
    }
}

fn ring(index: usize) -> u64 {
    BASE + 0x1_0000 * index as u64
}

fn records(index: usize) -> u64 {
    ring(index) + 0x8000
}

fn good_image() -> Vec<u8> {
    image(3, 0x0001_0203)
}

fn image(revisions: u32, version: u32) -> Vec<u8> {
    let image = Image {
        revisions,
        version,
        name: "test",
        payload: b"program.",
    };
    image.to_bytes().unwrap()
}

fn nop(sequence: u32) -> Command {
    Command {
        sequence: sequence.into(),
        ..Command::default()
    }
}

/// Takes several slices.
fn long_fill(sequence: u32) -> Command {
    Command {
        code: code::FILL.into(),
        sequence: sequence.into(),
        destination: DATA.into(),
        length: (1 << 20).into(),
        parameter: u32::MAX.into(),
        ..Command::default()
    }
}

fn ok(sequence: u32, phase: bool) -> Record {
    Record {
        address: 0,
        sequence,
        status: Status::Ok as u16,
        phase,
    }
}
