// SPDX-License-Identifier: GPL-2.0

//! Accesses to registers.

use super::*;

#[test]
fn a_device_says_what_it_is() {
    for (revision, number, capabilities) in [(Revision::A, 0x10, 0x1f), (Revision::B, 0x20, 0x71f)]
    {
        let mut rig = Rig::new(revision);
        let cases = [
            (ID, 0x4e50_5531),
            (REVISION, number),
            (CAPABILITIES, capabilities),
            (CONTEXTS, 4),
            (MEMORY_SIZE, 64 << 20),
            (DMA_BITS, 40),
            (SERIAL_LO, 0x89ab_cdef),
            (SERIAL_HI, 0x0123_4567),
            (TEMPERATURE, 42_000),
            (POWER, 4_000),
            (CLOCK, 1_000),
            (TEMPERATURE_WARN, 95_000),
            (TEMPERATURE_MAX, 105_000),
        ];
        for (offset, value) in cases {
            assert_eq!(rig.read(offset), value, "{offset:#x}");
            rig.write(offset, !value);
            assert_eq!(rig.read(offset), value, "{offset:#x}");
        }
    }
}

#[test]
fn all_others_are_zero() {
    let mut rig = Rig::new(Revision::B);
    let known = [
        ID,
        REVISION,
        CAPABILITIES,
        CONTEXTS,
        MEMORY_SIZE,
        DMA_BITS,
        SERIAL_LO,
        SERIAL_HI,
        TEMPERATURE,
        POWER,
        CLOCK,
        TEMPERATURE_WARN,
        TEMPERATURE_MAX,
    ];
    for offset in (0..0x1_0000).step_by(4) {
        if !known.contains(&offset) {
            assert_eq!(rig.read(offset), 0, "{offset:#x}");
        }
    }
}

#[test]
fn only_words_are_accesses() {
    let mut rig = Rig::new(Revision::B);
    rig.write(SCRATCH, 0x1234_5678);
    for (offset, bytes) in [
        (SCRATCH, 1),
        (SCRATCH + 2, 2),
        (SCRATCH + 1, 4),
        (SCRATCH, 8),
    ] {
        let mut data = vec![0; bytes];
        rig.device.read(Region::Registers, offset, &mut data);
        assert!(data.iter().all(|byte| *byte == 0xff), "{offset:#x} {bytes}");
        rig.device.write(Region::Registers, offset, &vec![0; bytes]);
        assert_eq!(rig.read(SCRATCH), 0x1234_5678);
    }
    let mut pair = [0; 8];
    rig.device.read(Region::Registers, SERIAL_LO, &mut pair);
    assert_eq!(u64::from_le_bytes(pair), 0x0123_4567_89ab_cdef);
}

#[test]
fn doorbells_show_head_and_tail() {
    let mut rig = Rig::with_context(2);
    rig.nops(2, [1, 2, 3]);
    let mut read = |offset| {
        let mut data = [0; 4];
        rig.device.read(Region::Doorbells, offset, &mut data);
        u32::from_le_bytes(data)
    };
    assert_eq!((read(0x2000), read(0x2008), read(0x2004)), (3, 0, 0));
    assert_eq!((read(0x1000), read(0x4000)), (0, 0));
    rig.run();
    let mut data = [0; 8];
    rig.device.read(Region::Doorbells, 0x2008, &mut data);
    assert_eq!(data, [3, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn rings_are_in_pages_of_40_bits() {
    let mut rig = Rig::booted();
    for register in [RING_BASE_LO, RECORD_BASE_LO] {
        rig.set(1, register, u32::MAX);
        rig.set(1, register + 4, u32::MAX);
        assert_eq!(rig.get(1, register), 0xffff_f000);
        assert_eq!(rig.get(1, register + 4), 0xff);
    }
    rig.enable(1);
    rig.set(1, RING_BASE_LO, 0);
    rig.set(1, RING_ORDER, 9);
    assert_eq!(rig.get(1, RING_BASE_LO), ring(1) as u32);
    assert_eq!(rig.get(1, RING_ORDER), ORDER);
}

#[test]
fn counters_keep_their_high_words() {
    let mut rig = Rig::with_context(0);
    rig.device.counters.written = (5 << 32) - 1;
    assert_eq!(rig.read(COUNT_WRITTEN), u32::MAX);
    rig.nops(0, [1]);
    rig.run();
    assert_eq!(rig.read(COUNT_WRITTEN + 4), 4);
    assert_eq!(rig.read(COUNT_WRITTEN), 15);
    assert_eq!(rig.read(COUNT_WRITTEN + 4), 5);
    assert_eq!(rig.read(COUNT_COMMANDS), 1);
    assert_eq!(rig.read(COUNT_READ), 64 + good_image().len() as u32);
}

#[test]
fn memory_is_what_commands_see() {
    let mut rig = Rig::new(Revision::B);
    rig.device.write(Region::Memory, 77, b"abc");
    let mut data = [0; 3];
    rig.device.memory().read(77, &mut data).unwrap();
    assert_eq!(&data, b"abc");
    rig.device.read(Region::Memory, 77, &mut data);
    assert_eq!(&data, b"abc");
}

#[test]
fn fewer_vectors_are_shared() {
    let identity = Identity {
        revision: Revision::B,
        vectors: 5,
        serial: 1,
    };
    let mut rig = Rig::new(Revision::B);
    rig.device = Device::new(identity).unwrap();
    rig.device.write(Region::Config, 4, &[6, 0]);
    for source in 0..SOURCE_COUNT as u64 {
        rig.write(IRQ_ROUTE + 4 * source, source as u32);
    }
    rig.write(IRQ_ENABLE, u32::MAX);
    rig.write(IRQ_FORCE, (1 << 4) | (1 << 5));
    assert_eq!(rig.host.take_interrupts(), [4, 0]);
    assert_eq!(rig.read(IRQ_ROUTE + 4 * 5), 0);
}

#[test]
fn who_is_no_master_sends_nothing() {
    let mut rig = Rig::booted();
    rig.device.write(Region::Config, 4, &[2, 0]);
    rig.write(IRQ_FORCE, 1);
    assert!(rig.host.take_interrupts().is_empty());
    assert_eq!(rig.read(IRQ_PENDING), 1);
}
