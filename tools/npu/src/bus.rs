// SPDX-License-Identifier: GPL-2.0

//! What the device reaches: the host, and its own memory.

use crate::command::{Failure, Status};
use crate::memory::Memory;
use crate::registers::{HOST_ADDRESS_BITS, PAGE_BYTES, PAGE_VALID, PAGE_WRITABLE};

/// The host does not let the device use an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DmaError {
    /// The first address that it may not use.
    pub address: u64,
}

/// The host, as the device sees it.
pub trait Host {
    /// Reads the host's memory.
    fn read(&self, address: u64, data: &mut [u8]) -> Result<(), DmaError>;

    /// Writes the host's memory.
    fn write(&self, address: u64, data: &[u8]) -> Result<(), DmaError>;

    /// Writes aligned 8 bytes at once, after all that was written before.
    fn publish(&self, address: u64, value: u64) -> Result<(), DmaError>;

    /// Sends the message of a vector.
    fn interrupt(&self, vector: u16);
}

/// What the device has done since its reset.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Commands done, well or not.
    pub commands: u64,
    /// Multiplications of MATMUL.
    pub macs: u64,
    /// Bytes read from the host's memory.
    pub read: u64,
    /// Bytes written there.
    pub written: u64,
}

/// What the addresses of a context mean.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Host address of the entries.
    pub base: u64,
    /// How many there are; 0 if addresses are what they are.
    pub pages: u32,
}

/// The host and the device's memory, for the duration of one step.
pub struct Bus<'a> {
    /// Missing if the device may not be a master of the bus.
    pub host: Option<&'a dyn Host>,
    /// Device memory.
    pub memory: &'a mut Memory,
    /// What addresses mean now.
    pub table: Table,
    /// Counts what is done here.
    pub counters: &'a mut Counters,
}

impl Bus<'_> {
    /// Reads what an address of a command means.
    pub fn read(&mut self, address: u64, data: &mut [u8]) -> Result<(), Failure> {
        if self.table.pages == 0 {
            return self.read_place(address, data);
        }
        let mut at = address;
        for part in pages_mut(address, data) {
            let place = self.translate(at, PAGE_VALID)?;
            self.read_place(place, part).map_err(|e| named(e, at))?;
            at += part.len() as u64;
        }
        Ok(())
    }

    /// Writes to what an address of a command means.
    pub fn write(&mut self, address: u64, data: &[u8]) -> Result<(), Failure> {
        if self.table.pages == 0 {
            return self.write_place(address, data);
        }
        let mut at = address;
        for part in pages(address, data) {
            let place = self.translate(at, PAGE_VALID | PAGE_WRITABLE)?;
            self.write_place(place, part).map_err(|e| named(e, at))?;
            at += part.len() as u64;
        }
        Ok(())
    }

    /// Looks an address up in the table; its entry has to have these bits.
    fn translate(&mut self, address: u64, wanted: u64) -> Result<u64, Failure> {
        let number = address / PAGE_BYTES;
        if number >= u64::from(self.table.pages) {
            return Err(Failure::at(Status::Page, address));
        }
        let mut entry = [0; 8];
        self.read_place(self.table.base + 8 * number, &mut entry)
            .map_err(|e| named(e, address))?;
        let entry = u64::from_le_bytes(entry);
        if entry & wanted != wanted {
            return Err(Failure::at(Status::Page, address));
        }
        Ok((entry & !(PAGE_BYTES - 1)) | (address % PAGE_BYTES))
    }

    fn read_place(&mut self, address: u64, data: &mut [u8]) -> Result<(), Failure> {
        match Place::of(address, data.len())? {
            Place::Local(offset) => self.memory.read(offset, data),
            Place::Host(address) => {
                let host = self.host(address)?;
                host.read(address, data).map_err(dma)?;
                self.counters.read += data.len() as u64;
                Ok(())
            }
        }
    }

    fn write_place(&mut self, address: u64, data: &[u8]) -> Result<(), Failure> {
        match Place::of(address, data.len())? {
            Place::Local(offset) => self.memory.write(offset, data),
            Place::Host(address) => {
                let host = self.host(address)?;
                host.write(address, data).map_err(dma)?;
                self.counters.written += data.len() as u64;
                Ok(())
            }
        }
    }

    /// Writes aligned 8 bytes of the host's memory at once, after all others.
    pub fn publish(&mut self, address: u64, value: u64) -> Result<(), Failure> {
        self.host(address)?.publish(address, value).map_err(dma)?;
        self.counters.written += 8;
        Ok(())
    }

    fn host(&self, address: u64) -> Result<&dyn Host, Failure> {
        self.host.ok_or(dma(DmaError { address }))
    }
}

/// A failure at the address that the command has.
fn named(failure: Failure, address: u64) -> Failure {
    Failure::at(failure.status, address)
}

/// How many bytes of a length are in the page of an address.
fn in_page(address: u64, length: usize) -> usize {
    length.min((PAGE_BYTES - address % PAGE_BYTES) as usize)
}

/// The parts of data that are in a page each.
fn pages(address: u64, data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (first, rest) = data.split_at(in_page(address, data.len()));
    std::iter::once(first).chain(rest.chunks(PAGE_BYTES as usize))
}

fn pages_mut(address: u64, data: &mut [u8]) -> impl Iterator<Item = &mut [u8]> {
    let (first, rest) = data.split_at_mut(in_page(address, data.len()));
    std::iter::once(first).chain(rest.chunks_mut(PAGE_BYTES as usize))
}

fn dma(error: DmaError) -> Failure {
    Failure::at(Status::Dma, error.address)
}

/// What an address of a command means.
enum Place {
    Host(u64),
    Local(u64),
}

impl Place {
    fn of(address: u64, length: usize) -> Result<Self, Failure> {
        if address >> 63 != 0 {
            return Ok(Self::Local(address & !(1 << 63)));
        }
        let end = address.checked_add(length as u64);
        if end.is_some_and(|end| end <= 1 << HOST_ADDRESS_BITS) {
            Ok(Self::Host(address))
        } else {
            Err(Failure::at(Status::Address, address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::local;
    use crate::stub::StubHost;

    #[test]
    fn addresses_are_the_hosts_or_local() {
        let host = StubHost::new();
        let mut memory = Memory::new().unwrap();
        let mut counters = Counters::default();
        let mut bus = Bus {
            host: Some(&host),
            memory: &mut memory,
            table: Table::default(),
            counters: &mut counters,
        };
        let mut data = [0; 4];
        bus.write(StubHost::BASE, b"host").unwrap();
        bus.write(local(8), b"here").unwrap();
        bus.read(StubHost::BASE, &mut data).unwrap();
        assert_eq!(&data, b"host");
        bus.read(local(8), &mut data).unwrap();
        assert_eq!(&data, b"here");
        assert_eq!((bus.counters.read, bus.counters.written), (4, 4));

        let beyond = Failure::at(Status::Address, (1 << 40) - 3);
        assert_eq!(bus.read((1 << 40) - 3, &mut data), Err(beyond));
        let unmapped = Failure::at(Status::Dma, (1 << 40) - 4);
        assert_eq!(bus.write((1 << 40) - 4, &data), Err(unmapped));
        bus.host = None;
        let no_master = Failure::at(Status::Dma, StubHost::BASE);
        assert_eq!(bus.read(StubHost::BASE, &mut data), Err(no_master));
        assert_eq!(bus.publish(StubHost::BASE, 0), Err(no_master));
        assert_eq!(bus.read(local(8), &mut data), Ok(()));
    }

    #[test]
    fn a_table_confines() {
        const TABLE: u64 = StubHost::BASE + 0x1_0000;
        let host = StubHost::new();
        let mut memory = Memory::new().unwrap();
        let mut bus = Bus {
            host: Some(&host),
            memory: &mut memory,
            table: Table {
                base: TABLE,
                pages: 4,
            },
            counters: &mut Counters::default(),
        };
        let entries = [
            StubHost::BASE | PAGE_VALID | PAGE_WRITABLE,
            local(0x3000) | PAGE_VALID | PAGE_WRITABLE,
            local(0x5000) | PAGE_VALID,
            0,
        ];
        for (at, entry) in (TABLE..).step_by(8).zip(entries) {
            host.write(at, &u64::to_le_bytes(entry)).unwrap();
        }
        let page = |address| Err(Failure::at(Status::Page, address));
        let data: Vec<u8> = (1..=16).collect();
        let mut seen = [0; 16];
        bus.write(0xff8, &data).unwrap();
        bus.read(0xff8, &mut seen).unwrap();
        assert_eq!(seen, data[..]);
        assert_eq!(host.bytes::<8>(StubHost::BASE + 0xff8), data[..8]);
        bus.memory.host_read(0x3000, &mut seen[..8]);
        assert_eq!(seen[..8], data[8..]);

        assert_eq!(bus.read(0x2ff0, &mut seen), Ok(()));
        assert_eq!(bus.write(0x1ff8, &data), page(0x2000));
        assert_eq!(bus.read(0x2ff8, &mut seen), page(0x3000));
        for address in [0x4000, StubHost::BASE, local(0x3000), u64::MAX - 15] {
            assert_eq!(bus.read(address, &mut seen), page(address));
            assert_eq!(bus.write(address, &data), page(address));
        }
        bus.table.base = 0;
        assert_eq!(bus.read(8, &mut seen), Err(Failure::at(Status::Dma, 8)));
    }
}
