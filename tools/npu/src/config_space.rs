// SPDX-License-Identifier: GPL-2.0

//! The configuration space.
//!
//! What the host does to MSI, MSI-X and the BARs is the client's to act upon; here it is only kept.

use crate::registers::{Revision, MEMORY_BYTES};

/// Bytes of the configuration space of a PCI Express device.
pub const CONFIG_BYTES: u64 = 4096;
/// Bytes of BAR 0, which has the registers.
pub const REGISTERS_BYTES: u64 = 64 << 10;
/// Bytes of BAR 2, which has the doorbells.
pub const DOORBELLS_BYTES: u64 = 16 << 10;
/// Vectors of MSI.
pub const MSI_VECTORS: u16 = 32;
/// Where the MSI-X table begins in BAR 0.
pub const MSIX_TABLE: u32 = 0x8000;
/// Where the pending bits of MSI-X begin in BAR 0.
pub const MSIX_PENDING: u32 = 0x9000;

const VENDOR: u16 = 0x1234;
const DEVICE: u16 = 0x4e50;
const CLASS: [u8; 3] = [0x00, 0x00, 0x12];

const COMMAND: usize = 0x04;
const COMMAND_BUS_MASTER: u8 = 1 << 2;
const BARS: usize = 0x10;
const POWER: usize = 0x40;
const MSI: usize = 0x50;
const MSIX: usize = 0x70;
const EXPRESS: usize = 0x80;
/// The byte of Device Control with the bit that starts a function-level reset.
const FUNCTION_RESET_AT: usize = EXPRESS + 9;
const FUNCTION_RESET: u8 = 1 << 7;

const BAR_64: u32 = 0b0100;
const BAR_PREFETCHABLE: u32 = 0b1000;

/// The part of the configuration space that is not all zeros.
const USED: usize = 256;

/// The registers, and which of their bits can be written.
#[derive(Debug)]
pub struct ConfigSpace {
    revision: Revision,
    vectors: u16,
    bytes: [u8; USED],
    writable: [u8; USED],
}

impl ConfigSpace {
    /// That of a device with MSI-X vectors, or without MSI-X if there are 0.
    pub fn new(revision: Revision, vectors: u16) -> Self {
        let mut space = Self {
            revision,
            vectors,
            bytes: [0; USED],
            writable: [0; USED],
        };
        space.identify();
        space.add_bars();
        space.add_power();
        space.add_msi();
        if vectors > 0 {
            space.add_msix();
        }
        space.add_express();
        space
    }

    /// A function-level reset.
    pub fn reset(&mut self) {
        *self = Self::new(self.revision, self.vectors);
    }

    /// Whether the device may read and write the host's memory, and send interrupts.
    pub fn is_bus_master(&self) -> bool {
        self.bytes[COMMAND] & COMMAND_BUS_MASTER != 0
    }

    /// Reads bytes.
    pub fn read(&self, offset: u64, data: &mut [u8]) {
        data.fill(0);
        let from = (offset as usize).min(USED);
        for (byte, known) in data.iter_mut().zip(&self.bytes[from..]) {
            *byte = *known;
        }
    }

    /// Writes bytes; true if they ask for a function-level reset.
    #[must_use]
    pub fn write(&mut self, offset: u64, data: &[u8]) -> bool {
        let mut reset = false;
        let from = (offset as usize).min(USED);
        for (at, value) in (from..USED).zip(data) {
            let mask = self.writable[at];
            self.bytes[at] = (self.bytes[at] & !mask) | (value & mask);
            reset |= at == FUNCTION_RESET_AT && value & FUNCTION_RESET != 0;
        }
        reset
    }

    fn put<const N: usize>(&mut self, at: usize, value: [u8; N]) {
        self.bytes[at..at + N].copy_from_slice(&value);
    }

    fn allow<const N: usize>(&mut self, at: usize, mask: [u8; N]) {
        self.writable[at..at + N].copy_from_slice(&mask);
    }

    fn identify(&mut self) {
        self.put(0x00, VENDOR.to_le_bytes());
        self.put(0x02, DEVICE.to_le_bytes());
        // There is a list of capabilities.
        self.put(0x06, [0x10]);
        self.put(0x08, [self.revision.number()]);
        self.put(0x09, CLASS);
        self.put(0x2c, VENDOR.to_le_bytes());
        self.put(0x2e, [1, 0]);
        self.put(0x34, [POWER as u8]);
        // Memory space, bus master, parity, SERR, and no INTx.
        self.allow(COMMAND, 0x0546_u16.to_le_bytes());
        // Cache line size and interrupt line have no meaning.
        self.allow(0x0c, [0xff]);
        self.allow(0x3c, [0xff]);
    }

    fn add_bars(&mut self) {
        self.add_bar(0, REGISTERS_BYTES, BAR_64);
        self.add_bar(2, DOORBELLS_BYTES, BAR_64);
        self.add_bar(4, MEMORY_BYTES, BAR_64 | BAR_PREFETCHABLE);
    }

    fn add_bar(&mut self, index: usize, bytes: u64, kind: u32) {
        self.put(BARS + 4 * index, kind.to_le_bytes());
        self.allow(BARS + 4 * index, (!(bytes - 1)).to_le_bytes());
    }

    /// D0 and D3hot, without a reset between them.
    fn add_power(&mut self) {
        self.put(POWER, [0x01, MSI as u8, 0x03, 0x00, 0x08, 0x00]);
        self.allow(POWER + 4, [0x03]);
    }

    fn add_msi(&mut self) {
        let next = if self.vectors > 0 { MSIX } else { EXPRESS };
        // 64-bit addresses, 1 << 5 vectors.
        self.put(MSI, [0x05, next as u8, 0x8a, 0x00]);
        self.allow(MSI + 2, [0x71]);
        self.allow(MSI + 4, (!3_u64).to_le_bytes());
        self.allow(MSI + 12, [0xff; 2]);
    }

    fn add_msix(&mut self) {
        self.put(MSIX, [0x11, EXPRESS as u8]);
        self.put(MSIX + 2, (self.vectors - 1).to_le_bytes());
        self.put(MSIX + 4, MSIX_TABLE.to_le_bytes());
        self.put(MSIX + 8, MSIX_PENDING.to_le_bytes());
        self.allow(MSIX + 3, [0xc0]);
    }

    /// An endpoint that can be reset, with 4 lanes of 8 GT/s.
    fn add_express(&mut self) {
        self.put(EXPRESS, [0x10, 0x00, 0x02, 0x00]);
        self.put(EXPRESS + 4, 0x1000_8000_u32.to_le_bytes());
        self.allow(EXPRESS + 8, 0x7fff_u16.to_le_bytes());
        self.put(EXPRESS + 0x0c, 0x43_u32.to_le_bytes());
        self.put(EXPRESS + 0x12, 0x43_u16.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(space: &ConfigSpace, offset: u64) -> [u8; N] {
        let mut data = [0xaa; N];
        space.read(offset, &mut data);
        data
    }

    fn word(space: &ConfigSpace, offset: u64) -> u32 {
        u32::from_le_bytes(read(space, offset))
    }

    /// The capabilities by their numbers, with where they are.
    fn capabilities(space: &ConfigSpace) -> Vec<(u8, u64)> {
        let mut found = Vec::new();
        let [mut at] = read(space, 0x34);
        while at != 0 {
            let [id, next] = read(space, at.into());
            found.push((id, at.into()));
            at = next;
        }
        found
    }

    #[test]
    fn revisions_have_their_numbers() {
        for (revision, number) in [(Revision::A, 0x10), (Revision::B, 0x20)] {
            let space = ConfigSpace::new(revision, 17);
            assert_eq!(word(&space, 0), 0x4e50_1234);
            assert_eq!(word(&space, 8), 0x1200_0000 | number);
            assert_eq!(word(&space, 0x2c), 0x0001_1234);
        }
    }

    #[test]
    fn bars_tell_their_sizes() {
        let mut space = ConfigSpace::new(Revision::B, 17);
        for bar in 0..6 {
            assert!(!space.write(0x10 + 4 * bar, &[0xff; 4]));
        }
        let bars: Vec<u32> = (0..6).map(|bar| word(&space, 0x10 + 4 * bar)).collect();
        let high = u32::MAX;
        let wanted = [0xffff_0004, high, 0xffff_c004, high, 0xfc00_000c, high];
        assert_eq!(bars, wanted);
        assert!(!space.write(0x10, &0xfebd_1234_u32.to_le_bytes()));
        assert_eq!(word(&space, 0x10), 0xfebd_0004);
    }

    #[test]
    fn capabilities_are_a_list() {
        let space = ConfigSpace::new(Revision::B, 17);
        let found = capabilities(&space);
        assert_eq!(found, [(1, 0x40), (5, 0x50), (0x11, 0x70), (0x10, 0x80)]);
        assert_eq!(word(&space, 0x70) >> 16, 16);
        assert_eq!((word(&space, 0x74), word(&space, 0x78)), (0x8000, 0x9000));
        let few = ConfigSpace::new(Revision::B, 5);
        assert_eq!(word(&few, 0x70) >> 16, 4);
        let none = ConfigSpace::new(Revision::B, 0);
        assert_eq!(capabilities(&none), [(1, 0x40), (5, 0x50), (0x10, 0x80)]);
    }

    #[test]
    fn only_what_may_change_does() {
        let mut space = ConfigSpace::new(Revision::A, 17);
        assert!(!space.is_bus_master());
        let before = word(&space, 0);
        assert!(!space.write(0, &[0xff; 4]));
        assert_eq!(word(&space, 0), before);
        assert!(!space.write(4, &[0xff; 2]));
        assert_eq!(read(&space, 4), [0x46, 0x05]);
        assert!(space.is_bus_master());
        assert!(!space.write(0x72, &[0xff; 2]));
        assert_eq!(read(&space, 0x72), [0x10, 0xc0]);
    }

    #[test]
    fn what_is_beyond_is_zero() {
        let mut space = ConfigSpace::new(Revision::A, 17);
        assert!(!space.write(254, &[0xff; 4]));
        assert_eq!(read(&space, 0x100), [0; 8]);
        assert_eq!(read(&space, 4094), [0; 4]);
        assert_eq!(read(&space, u64::MAX), [0; 1]);
    }

    #[test]
    fn a_function_reset_is_asked_for() {
        let mut space = ConfigSpace::new(Revision::A, 17);
        assert_eq!((word(&space, 0x84) >> 28) & 1, 1);
        assert!(!space.write(0x88, &[0xff, 0x7f]));
        assert!(space.write(0x88, &[0x10, 0x80]));
        assert_eq!(read(&space, 0x88), [0x10, 0x00]);
        assert!(!space.write(4, &[4]));
        space.reset();
        assert!(!space.is_bus_master());
    }
}
