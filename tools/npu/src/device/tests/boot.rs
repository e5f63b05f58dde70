// SPDX-License-Identifier: GPL-2.0

//! The firmware and the mailbox.

use super::*;
use crate::mailbox::Problem;

fn failed(problem: Problem) -> u32 {
    MAILBOX_DONE | problem as u32
}

#[test]
fn without_firmware_nothing_works() {
    let mut rig = Rig::new(Revision::B);
    assert_eq!(rig.read(STATUS), STATE_ROM);
    assert_eq!(rig.ask(MAILBOX_PING, [0; 4]), failed(Problem::State));
    assert_eq!(rig.ask(MAILBOX_CLOCK, [500; 4]), failed(Problem::State));
    assert_eq!(rig.ask(MAILBOX_START, [0; 4]), failed(Problem::State));
    assert_eq!(rig.ask(99, [0; 4]), failed(Problem::Unknown));
    rig.set(0, RING_ORDER, ORDER);
    rig.set(0, CTX_CONTROL, CTX_ENABLE);
    assert_eq!(rig.get(0, CTX_STATUS), CTX_DISABLED);
}

#[test]
fn firmware_is_loaded_and_started() {
    let mut rig = Rig::new(Revision::A);
    rig.write(IRQ_ENABLE, 1);
    let size = rig.put_image(&good_image());
    assert_eq!(rig.load(size), MAILBOX_DONE);
    assert_eq!(rig.read(MAILBOX_REPLY), 0x0001_0203);
    assert_eq!(rig.read(STATUS), STATE_LOADED);
    assert_eq!(rig.read(FIRMWARE_VERSION), 0);
    assert_eq!(rig.acknowledge(), [0]);
    assert_eq!(rig.ask(MAILBOX_START, [0; 4]), MAILBOX_DONE);
    assert_eq!(rig.read(STATUS), STATE_READY);
    assert_eq!(rig.read(FIRMWARE_VERSION), 0x0001_0203);
    assert_eq!(rig.acknowledge(), [0]);
    assert_eq!(rig.ask(MAILBOX_PING, [5, 0, 0, 0]), MAILBOX_DONE);
    assert_eq!(rig.read(MAILBOX_REPLY), !5);
    assert_eq!(rig.load(size), failed(Problem::State));
}

#[test]
fn bad_images_are_refused() {
    let good = good_image();
    let damaged = |at: usize| {
        let mut image = good.clone();
        image[at] ^= 1;
        image
    };
    let cases = [
        (damaged(0), Problem::Magic),
        (damaged(30), Problem::HeaderCrc),
        (damaged(70), Problem::PayloadCrc),
        (good[..good.len() - 4].to_vec(), Problem::Length),
        (Vec::new(), Problem::Length),
        (image(1, 0x0001_0000), Problem::Revision),
        (image(2, 0x0000_0900), Problem::TooOld),
    ];
    let mut rig = Rig::new(Revision::B);
    for (image, problem) in cases {
        // One that is refused also drops the one before.
        let size = rig.put_image(&good);
        assert_eq!(rig.load(size), MAILBOX_DONE);
        let size = rig.put_image(&image);
        assert_eq!(rig.load(size), failed(problem));
        assert_eq!(rig.read(MAILBOX_REPLY), 0);
        assert_eq!(rig.read(STATUS), STATE_ROM);
        assert_eq!(rig.ask(MAILBOX_START, [0; 4]), failed(Problem::State));
    }
}

#[test]
fn images_are_in_the_hosts_memory() {
    let mut rig = Rig::new(Revision::B);
    let at = |address: u64, size| [address as u32, (address >> 32) as u32, size, 0];
    assert_eq!(rig.ask(MAILBOX_LOAD, at(0, 100)), failed(Problem::Dma));
    let local = at(1 << 63, 100);
    assert_eq!(rig.ask(MAILBOX_LOAD, local), failed(Problem::Invalid));
    let long = at(BASE, 64 + (1 << 20) + 1);
    assert_eq!(rig.ask(MAILBOX_LOAD, long), failed(Problem::Length));

    let size = rig.put_image(&good_image());
    rig.device.write(Region::Config, 4, &[2, 0]);
    assert_eq!(rig.load(size), failed(Problem::Dma));
}

#[test]
fn answers_take_their_time() {
    let mut rig = Rig::booted();
    rig.write(MAILBOX_COMMAND, (0x1234 << 16) | u32::from(MAILBOX_PING));
    assert_eq!(rig.read(MAILBOX_STATUS), (0x1234 << 16) | MAILBOX_BUSY);
    // It is not heard.
    rig.write(MAILBOX_COMMAND, 0x9999 << 16);
    let due = rig.now + Duration::from_millis(1);
    assert_eq!(rig.advance(), Next::At(due));
    assert_eq!(rig.read(MAILBOX_STATUS), (0x1234 << 16) | MAILBOX_BUSY);
    rig.now = due;
    assert_eq!(rig.advance(), Next::Never);
    assert_eq!(rig.read(MAILBOX_STATUS), (0x1234 << 16) | MAILBOX_DONE);
    assert_eq!(rig.host.take_interrupts(), [0]);
}

#[test]
fn the_clock_has_limits() {
    let mut rig = Rig::booted();
    for clock in [200, 1000] {
        assert_eq!(rig.ask(MAILBOX_CLOCK, [clock, 0, 0, 0]), MAILBOX_DONE);
        assert_eq!(rig.read(CLOCK), clock);
    }
    for clock in [199, 1001] {
        let result = rig.ask(MAILBOX_CLOCK, [clock, 0, 0, 0]);
        assert_eq!(result, failed(Problem::Invalid));
        assert_eq!(rig.read(CLOCK), 1000);
    }
}
