// SPDX-License-Identifier: GPL-2.0

//! Resets of contexts and of the function, in the middle of work.

use super::*;

#[test]
fn a_context_is_reset_in_the_middle_of_a_command() {
    let mut rig = Rig::with_context(0);
    rig.enable(1);
    rig.set(0, CTX_COALESCE, 5);
    for index in [0, 1] {
        rig.push(index, &long_fill(1));
        rig.push(index, &nop(2));
        rig.ring(index);
    }
    rig.advance();
    assert_eq!(rig.get(0, CTX_STATUS), CTX_RUNNING);
    rig.set(0, CTX_CONTROL, CTX_RESET);
    assert_eq!(rig.get(0, CTX_CONTROL), 0);
    for offset in (0..CONTEXT_STRIDE).step_by(4) {
        assert_eq!(rig.get(0, offset), 0, "{offset:#x}");
    }
    rig.run();
    assert_eq!(rig.record(0, 0), Record::from_bytes([0; 16]));
    assert_eq!(rig.record(1, 0), ok(1, true));
    assert_eq!(rig.record(1, 1), ok(2, true));
    assert_eq!(rig.acknowledge(), [5, 7]);

    rig.enable(0);
    rig.nops(0, [8]);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(8, true));
}

#[test]
fn a_reset_context_has_nothing_pending() {
    let mut rig = Rig::with_context(0);
    rig.enable(1);
    rig.nops(0, [1]);
    rig.nops(1, [1]);
    rig.run();
    rig.set(0, CTX_CONTROL, CTX_RESET);
    assert_eq!(rig.read(IRQ_PENDING), (1 << 5) | (1 << 7));
}

#[test]
fn a_halted_context_goes_on_after_a_reset() {
    let mut rig = Rig::with_context(0);
    rig.ring_with(0, 99);
    assert_eq!(rig.get(0, CTX_STATUS) & 0xf, CTX_HALTED);
    rig.set(0, CTX_CONTROL, CTX_ENABLE);
    assert_eq!(rig.get(0, CTX_STATUS) & 0xf, CTX_HALTED);
    rig.set(0, CTX_CONTROL, CTX_RESET);
    rig.enable(0);
    rig.nops(0, [1]);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(1, true));
}

/// Everything at work: a command, the mailbox, interrupts.
fn busy() -> Rig {
    let mut rig = Rig::with_context(0);
    rig.write(SCRATCH, 5);
    rig.write(MAILBOX_COMMAND, MAILBOX_PING.into());
    rig.push(0, &long_fill(1));
    rig.ring(0);
    rig.advance();
    rig.write(IRQ_FORCE, 1 << 16);
    rig.device.write(Region::Memory, 0, b"kept");
    rig
}

fn is_as_new(rig: &mut Rig) {
    rig.host.take_interrupts();
    rig.run();
    assert!(rig.host.take_interrupts().is_empty());
    let mut new = Rig::new(Revision::B);
    for offset in (0..0x2000).step_by(4) {
        assert_eq!(rig.read(offset), new.read(offset), "{offset:#x}");
    }
    assert_eq!(rig.record(0, 0), Record::from_bytes([0; 16]));
    let mut data = [0; 4];
    rig.device.read(Region::Memory, 0, &mut data);
    assert_eq!(&data, b"kept");
}

#[test]
fn a_function_reset_ends_everything() {
    let mut rig = busy();
    rig.write(CONTROL, FUNCTION_RESET);
    is_as_new(&mut rig);
    rig.boot();
    rig.enable(0);
    rig.nops(0, [1]);
    rig.run();
    assert_eq!(rig.record(0, 0), ok(1, true));
}

#[test]
fn a_function_level_reset_also_resets_the_configuration_space() {
    let mut rig = busy();
    // The high byte of Device Control.
    rig.device.write(Region::Config, 0x89, &[0x80]);
    is_as_new(&mut rig);
    rig.write(IRQ_ENABLE, 1);
    rig.write(IRQ_FORCE, 1);
    assert!(rig.host.take_interrupts().is_empty());
}

#[test]
fn a_reset_of_the_machine_does_too() {
    let mut rig = busy();
    rig.device.reset_with_config();
    is_as_new(&mut rig);
    let mut command = [0; 2];
    rig.device.read(Region::Config, 4, &mut command);
    assert_eq!(command, [0, 0]);
}
