// SPDX-License-Identifier: GPL-2.0

//! What the device reaches: the host, and its own memory.

use crate::command::{Failure, Status};
use crate::memory::Memory;
use crate::registers::HOST_ADDRESS_BITS;

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

/// The host and the device's memory, for the duration of one step.
pub struct Bus<'a> {
    /// Missing if the device may not be a master of the bus.
    pub host: Option<&'a dyn Host>,
    /// Device memory.
    pub memory: &'a mut Memory,
    /// Counts what is done here.
    pub counters: &'a mut Counters,
}

impl Bus<'_> {
    /// Reads what an address of a command means.
    pub fn read(&mut self, address: u64, data: &mut [u8]) -> Result<(), Failure> {
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

    /// Writes to what an address of a command means.
    pub fn write(&mut self, address: u64, data: &[u8]) -> Result<(), Failure> {
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
}
