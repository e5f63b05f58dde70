// SPDX-License-Identifier: GPL-2.0

//! Commands in rings, and their records.

use fastrand::Rng;

use super::*;
use crate::command::{NOTIFY, SILENT};
use crate::context::Halt;
use crate::memory::local;

fn halted(why: Halt) -> u32 {
    CTX_HALTED | ((why as u32) << 8)
}

#[test]
fn rings_wrap_and_phases_change() {
    let mut rig = Rig::with_context(1);
    let mut random = Rng::with_seed(1);
    let mut sequence = 0;
    while sequence < 5 * ENTRIES {
        let count = random.u32(1..ENTRIES);
        rig.nops(1, sequence..sequence + count);
        rig.run();
        for number in sequence..sequence + count {
            let record = rig.record(1, number % ENTRIES);
            assert_eq!(record, ok(number, number / ENTRIES % 2 == 0));
        }
        sequence += count;
        assert_eq!(rig.get(1, RING_HEAD), sequence % ENTRIES);
        assert_eq!(rig.get(1, CTX_COMPLETED), sequence);
    }
    assert_eq!(rig.get(1, CTX_FAILED), 0);
    assert_eq!(rig.get(1, CTX_STATUS), CTX_IDLE);
}

#[test]
fn each_event_has_its_source() {
    let mut rig = Rig::with_context(2);
    let mut command = nop(7);
    command.flags = NOTIFY.into();
    rig.push(2, &command);
    rig.ring(2);
    rig.run();
    assert_eq!(rig.acknowledge(), [12, 9, 11]);
    command.flags = SILENT.into();
    rig.push(2, &command);
    rig.ring(2);
    rig.run();
    assert_eq!(rig.acknowledge(), [11]);
}

#[test]
fn products_are_checked() {
    let mut rig = Rig::with_context(0);
    let mut random = Rng::with_seed(9);
    let [rows, inner, columns] = [21, 34, 13];
    let a: Vec<u8> = (0..rows * inner).map(|_| random.u8(..)).collect();
    let b: Vec<u8> = (0..inner * columns).map(|_| random.u8(..)).collect();
    rig.host.write(DATA, &a).unwrap();
    rig.device.write(Region::Memory, 4096, &b);
    let product = Command {
        code: code::MATMUL.into(),
        source: DATA.into(),
        second: local(4096).into(),
        destination: (DATA + 0x1_0000).into(),
        rows: (rows as u16).into(),
        inner: (inner as u16).into(),
        columns: (columns as u16).into(),
        ..nop(3)
    };
    rig.push(0, &product);
    rig.ring(0);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(3, true));
    for row in 0..rows {
        for column in 0..columns {
            let wanted: i32 = (0..inner)
                .map(|at| (a[row * inner + at], b[at * columns + column]))
                .map(|(left, right)| i32::from(left as i8) * i32::from(right as i8))
                .sum();
            let at = DATA + 0x1_0000 + (row * columns + column) as u64 * 4;
            assert_eq!(i32::from_le_bytes(rig.host.bytes(at)), wanted);
        }
    }
    assert_eq!(rig.read(COUNT_MACS), (rows * inner * columns) as u32);
}

#[test]
fn failures_do_not_halt() {
    let mut rig = Rig::with_context(0);
    let unknown = Command {
        code: 77.into(),
        ..nop(1)
    };
    let mut beyond = long_fill(2);
    beyond.destination = (1 << 40).into();
    let mut unmapped = long_fill(3);
    unmapped.destination = 0.into();
    for command in [&unknown, &beyond, &unmapped, &nop(4)] {
        rig.push(0, command);
    }
    rig.ring(0);
    rig.run();
    let records: Vec<_> = (0..4).map(|entry| rig.record(0, entry)).collect();
    let seen: Vec<_> = records.iter().map(|r| (r.status, r.address)).collect();
    assert_eq!(seen, [(1, 0), (3, 1 << 40), (4, 0), (0, 0)]);
    assert_eq!(rig.get(0, CTX_FAILED), 3);
    assert_eq!(rig.get(0, CTX_COMPLETED), 4);
}

#[test]
fn completions_are_coalesced() {
    let mut rig = Rig::with_context(0);
    rig.write(IRQ_ENABLE, 1 << 1);
    rig.set(0, CTX_COALESCE, (100 << 16) | 3);
    rig.nops(0, 0..7);
    while rig.advance() == Next::Now {
        rig.write(IRQ_PENDING, 1 << 1);
    }
    // For three and for six; the seventh waits.
    assert_eq!(rig.acknowledge(), [1, 1]);
    let deadline = rig.now + Duration::from_micros(100);
    assert_eq!(rig.advance(), Next::At(deadline));
    assert!(rig.host.take_interrupts().is_empty());
    rig.now = deadline;
    assert_eq!(rig.advance(), Next::Never);
    assert_eq!(rig.acknowledge(), [1]);
}

#[test]
fn revision_a_does_not_coalesce() {
    let mut rig = Rig::new(Revision::A);
    rig.boot();
    rig.set(0, CTX_COALESCE, 3);
    assert_eq!(rig.get(0, CTX_COALESCE), 0);
}

#[test]
fn contexts_take_turns() {
    let mut rig = Rig::with_context(0);
    rig.enable(3);
    rig.push(0, &long_fill(1));
    rig.ring(0);
    rig.nops(3, [2, 3]);
    for _ in 0..2 {
        assert_eq!(rig.advance(), Next::Now);
    }
    assert_eq!(rig.get(3, CTX_STATUS), CTX_IDLE);
    assert_eq!(rig.get(3, RING_HEAD), 2);
    assert_eq!(rig.get(0, CTX_STATUS), CTX_RUNNING);
    assert_eq!(rig.read(STATUS), STATE_READY | STATUS_BUSY);
    assert_eq!(rig.read(TEMPERATURE), 46_000);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(1, true));
    assert_eq!(rig.read(STATUS), STATE_READY);
}

#[test]
fn what_cannot_go_on_halts() {
    let mut rig = Rig::booted();
    rig.set(0, RING_ORDER, 3);
    rig.set(1, RING_ORDER, 13);
    for index in [0, 1] {
        rig.set(index, CTX_CONTROL, CTX_ENABLE);
        assert_eq!(rig.get(index, CTX_STATUS), halted(Halt::Order));
    }
    assert_eq!(rig.acknowledge(), [2, 6]);

    rig.enable(2);
    rig.ring_with(2, ENTRIES);
    assert_eq!(rig.get(2, CTX_STATUS), halted(Halt::Doorbell));
    assert_eq!(rig.acknowledge(), [10]);
    rig.ring_with(2, 1);
    rig.run();
    assert_eq!(rig.get(2, RING_HEAD), 0);

    // Nobody has mapped its ring.
    rig.set(3, RING_ORDER, ORDER);
    rig.set(3, CTX_CONTROL, CTX_ENABLE);
    rig.ring_with(3, 1);
    rig.run();
    assert_eq!(rig.get(3, CTX_STATUS), halted(Halt::Fetch));
    assert_eq!(rig.acknowledge(), [14]);
}

#[test]
fn records_that_cannot_be_written_halt() {
    let mut rig = Rig::with_context(0);
    rig.push(0, &nop(1));
    rig.host.read_only_from.set(BASE);
    rig.ring(0);
    rig.run();
    assert_eq!(rig.get(0, CTX_STATUS), halted(Halt::Record));
    assert_eq!(rig.get(0, CTX_COMPLETED), 0);
}

#[test]
fn doorbells_of_the_disabled_are_ignored() {
    let mut rig = Rig::booted();
    rig.ring_with(0, 1000);
    rig.run();
    assert_eq!(rig.get(0, CTX_STATUS), CTX_DISABLED);
    rig.enable(0);
    rig.run();
    assert_eq!(rig.get(0, CTX_STATUS), CTX_IDLE);
}
