// SPDX-License-Identifier: GPL-2.0

//! Each fault that the device can be told to have.

use super::*;
use crate::context::Halt;
use crate::memory::local;

const DEVICE_HALTED: u32 = CTX_HALTED | ((Halt::Device as u32) << 8);

#[test]
fn a_context_hangs_and_others_go_on() {
    let mut rig = Rig::with_context(0);
    rig.enable(1);
    rig.obey("hang 0");
    rig.nops(0, [1]);
    rig.nops(1, [2]);
    rig.run();
    assert_eq!(rig.get(0, CTX_STATUS), CTX_RUNNING);
    assert_eq!(rig.record(1, 0), ok(2, true));
    rig.set(0, CTX_CONTROL, CTX_RESET);
    rig.enable(0);
    rig.nops(0, [3]);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(3, true));
}

#[test]
fn all_hang_until_a_function_reset() {
    let mut rig = Rig::with_context(0);
    rig.push(0, &long_fill(1));
    rig.ring(0);
    rig.advance();
    rig.obey("hang all");
    rig.run();
    rig.set(0, CTX_CONTROL, CTX_RESET);
    rig.run();
    assert_eq!(rig.get(0, CTX_CONTROL), CTX_RESET);
    assert_eq!(rig.get(0, CTX_STATUS), CTX_RUNNING);
    // The firmware is not what hangs.
    assert_eq!(rig.ask(MAILBOX_PING, [0; 4]), MAILBOX_DONE);
    rig.write(CONTROL, FUNCTION_RESET);
    assert_eq!(rig.get(0, CTX_CONTROL), 0);
    rig.boot();
    rig.enable(0);
    rig.nops(0, [2]);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(2, true));
}

#[test]
fn firmware_crashes() {
    let mut rig = Rig::with_context(1);
    rig.push(1, &long_fill(1));
    rig.ring(1);
    rig.advance();
    rig.obey("crash");
    assert_eq!(rig.read(STATUS), STATE_CRASHED);
    assert_eq!(rig.read(ERROR), ERROR_FIRMWARE);
    assert_eq!(rig.get(1, CTX_STATUS), DEVICE_HALTED);
    assert_eq!(rig.acknowledge(), [6, 0]);
    assert_eq!(rig.ask(MAILBOX_PING, [0; 4]), MAILBOX_BUSY);
    rig.set(1, CTX_CONTROL, CTX_RESET);
    rig.set(1, RING_ORDER, ORDER);
    rig.set(1, CTX_CONTROL, CTX_ENABLE);
    assert_eq!(rig.get(1, CTX_STATUS), CTX_DISABLED);
    rig.write(CONTROL, FUNCTION_RESET);
    rig.boot();
    rig.obey("status");
}

#[test]
fn a_crash_needs_firmware() {
    let mut rig = Rig::new(Revision::B);
    rig.obey("crash");
    assert_eq!(rig.read(STATUS), STATE_ROM);
}

#[test]
fn records_are_wrong_once() {
    let mut rig = Rig::with_context(0);
    rig.obey("wrong 0");
    rig.nops(0, [5, 6]);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(5 | (1 << 31), true));
    assert_eq!(rig.record(0, 1), ok(6, true));
}

#[test]
fn records_are_written_twice_once() {
    let mut rig = Rig::with_context(0);
    rig.obey("duplicate 0");
    rig.nops(0, [5, 6]);
    rig.run();
    let records = [0, 1, 2].map(|entry| rig.record(0, entry).sequence);
    assert_eq!(records, [5, 5, 6]);
    assert_eq!(rig.get(0, CTX_COMPLETED), 2);
    assert_eq!(rig.get(0, RING_HEAD), 2);
}

#[test]
fn interrupts_come_without_a_cause() {
    let mut rig = Rig::booted();
    rig.obey("spurious 7");
    assert_eq!(rig.host.take_interrupts(), [7]);
    assert_eq!(rig.read(IRQ_PENDING), 0);
}

#[test]
fn interrupts_are_lost() {
    let mut rig = Rig::with_context(0);
    rig.obey("lose 1 1");
    rig.nops(0, [1]);
    rig.run();
    assert_eq!(rig.read(IRQ_PENDING), (1 << 1) | (1 << 3));
    assert_eq!(rig.acknowledge(), [3]);
    rig.nops(0, [2]);
    rig.run();
    assert_eq!(rig.acknowledge(), [1, 3]);
}

#[test]
fn a_removed_device_is_all_ones() {
    let mut rig = Rig::with_context(0);
    rig.push(0, &long_fill(1));
    rig.ring(0);
    rig.advance();
    rig.obey("remove");
    rig.run();
    for offset in [ID, STATUS, CONTEXT_BLOCKS, SCRATCH, 0x8000] {
        assert_eq!(rig.read(offset), u32::MAX);
    }
    for region in [Region::Config, Region::Doorbells] {
        let mut data = [0; 4];
        rig.device.read(region, 0, &mut data);
        assert_eq!(data, [0xff; 4]);
    }
    rig.write(CONTROL, FUNCTION_RESET);
    rig.write(IRQ_FORCE, 1);
    rig.device.reset_with_config();
    rig.obey("spurious 0");
    rig.run();
    assert!(rig.host.take_interrupts().is_empty());
    assert_eq!(rig.record(0, 0), Record::from_bytes([0; 16]));
    assert_eq!(rig.read(ID), u32::MAX);
}

#[test]
fn everything_is_slow() {
    let mut rig = Rig::with_context(0);
    rig.obey("slow 500");
    let start = rig.now;
    rig.nops(0, [1, 2]);
    rig.run();
    assert_eq!(rig.now - start, Duration::from_millis(1000));
    let start = rig.now;
    rig.ask(MAILBOX_PING, [0; 4]);
    assert_eq!(rig.now - start, Duration::from_millis(501));
    rig.obey("slow 0");
    let start = rig.now;
    rig.nops(0, [3]);
    rig.run();
    assert_eq!(rig.now, start);
}

/// A copy of 64 bytes from the beginning of device memory.
fn copy_out(sequence: u32) -> Command {
    Command {
        code: code::COPY.into(),
        source: local(0).into(),
        destination: DATA.into(),
        length: 64.into(),
        ..nop(sequence)
    }
}

#[test]
fn memory_is_corrupted_without_notice() {
    let mut rig = Rig::with_context(0);
    rig.obey("corrupt 8 4");
    rig.push(0, &copy_out(1));
    rig.ring(0);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(1, true));
    let wanted = [0, 0xff, 0xff, 0xff, 0xff, 0];
    assert_eq!(rig.host.bytes(DATA + 7), wanted);
    assert_eq!(rig.read(ERROR), 0);
}

#[test]
fn poisoned_memory_fails_commands() {
    let mut rig = Rig::with_context(0);
    rig.obey("poison 8 4");
    rig.push(0, &copy_out(1));
    rig.ring(0);
    rig.run();
    let record = rig.record(0, 0);
    assert_eq!((record.status, record.address), (6, local(8)));
    assert_eq!(rig.read(ERROR), ERROR_MEMORY);
    assert_eq!(rig.acknowledge(), [1, 3, 0]);
    rig.write(ERROR, ERROR_MEMORY);
    assert_eq!(rig.read(ERROR), 0);
    rig.write(CONTROL, FUNCTION_RESET);
    rig.boot();
    rig.enable(0);
    rig.push(0, &copy_out(2));
    rig.ring(0);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(2, true));
}

#[test]
fn parts_beyond_memory_are_mistakes() {
    let mut rig = Rig::new(Revision::B);
    for order in ["corrupt 67108864 1", "poison 67108860 8"] {
        let answer = rig.device.obey(order.parse().unwrap());
        assert_eq!(answer, Err(Mistake::Part));
    }
}

#[test]
fn a_warm_device_throttles() {
    let mut rig = Rig::with_context(0);
    rig.obey("heat 95000");
    rig.run();
    assert_eq!(rig.read(STATUS), STATE_READY | STATUS_THROTTLED);
    assert_eq!(rig.read(ERROR), ERROR_WARM);
    assert_eq!(rig.acknowledge(), [0]);
    assert_eq!((rig.read(CLOCK), rig.read(TEMPERATURE)), (500, 95_000));
    rig.nops(0, [1]);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(1, true));
    rig.obey("heat 0");
    rig.run();
    assert_eq!(rig.read(STATUS), STATE_READY);
    assert_eq!(rig.read(CLOCK), 1000);
    rig.write(ERROR, ERROR_WARM);
    rig.obey("heat 96000");
    rig.run();
    assert_eq!(rig.read(ERROR), ERROR_WARM);
}

#[test]
fn a_hot_device_stops() {
    let mut rig = Rig::with_context(0);
    rig.push(0, &long_fill(1));
    rig.ring(0);
    rig.advance();
    rig.obey("heat 105000");
    rig.run();
    let hot = STATE_OVERHEATED | STATUS_THROTTLED;
    assert_eq!(rig.read(STATUS), hot);
    assert_eq!(rig.read(ERROR), ERROR_OVERHEATED);
    assert_eq!(rig.get(0, CTX_STATUS), DEVICE_HALTED);
    assert_eq!(rig.acknowledge(), [2, 0]);
    assert_eq!(rig.ask(MAILBOX_PING, [0; 4]), MAILBOX_BUSY);
    // It is still hot.
    rig.write(CONTROL, FUNCTION_RESET);
    rig.run();
    assert_eq!(rig.read(STATUS), hot);
    rig.obey("heat 0");
    rig.run();
    assert_eq!(rig.read(STATUS), STATE_OVERHEATED);
    rig.write(CONTROL, FUNCTION_RESET);
    rig.boot();
}

#[test]
fn status_is_a_line() {
    let mut rig = Rig::with_context(2);
    rig.obey("hang 2");
    rig.nops(2, [1]);
    rig.run();
    assert_eq!(
        rig.obey("status"),
        "Ready, 46000 mC, error 0x0, contexts: disabled 0/0, disabled 0/0, running 0/1, disabled 0/0"
    );
}
