// SPDX-License-Identifier: GPL-2.0

//! A host for unit tests.

use std::cell::{Cell, RefCell};

use crate::bus::{DmaError, Host};

/// Some memory at a high address, and a log of interrupts.
#[derive(Debug)]
pub struct StubHost {
    memory: RefCell<Vec<u8>>,
    interrupts: RefCell<Vec<u16>>,
    /// From here on, memory can only be read.
    pub read_only_from: Cell<u64>,
}

impl StubHost {
    /// Where the memory begins: 40 bits are needed for its addresses.
    pub const BASE: u64 = 0xab_0000_0000;
    /// How much there is.
    pub const BYTES: usize = 4 << 20;

    pub fn new() -> Self {
        Self {
            memory: RefCell::new(vec![0; Self::BYTES]),
            interrupts: RefCell::default(),
            read_only_from: Cell::new(u64::MAX),
        }
    }

    /// The vectors that were sent since the last call.
    pub fn take_interrupts(&self) -> Vec<u16> {
        self.interrupts.take()
    }

    /// Bytes of the memory.
    pub fn bytes<const N: usize>(&self, address: u64) -> [u8; N] {
        let mut data = [0; N];
        self.read(address, &mut data).unwrap();
        data
    }

    fn at(address: u64, length: usize) -> Result<usize, DmaError> {
        let start = address
            .checked_sub(Self::BASE)
            .ok_or(DmaError { address })? as usize;
        if start + length > Self::BYTES {
            return Err(DmaError { address });
        }
        Ok(start)
    }
}

impl Host for StubHost {
    fn read(&self, address: u64, data: &mut [u8]) -> Result<(), DmaError> {
        let start = Self::at(address, data.len())?;
        data.copy_from_slice(&self.memory.borrow()[start..start + data.len()]);
        Ok(())
    }

    fn write(&self, address: u64, data: &[u8]) -> Result<(), DmaError> {
        let start = Self::at(address, data.len())?;
        if address + data.len() as u64 > self.read_only_from.get() {
            return Err(DmaError { address });
        }
        self.memory.borrow_mut()[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }

    fn publish(&self, address: u64, value: u64) -> Result<(), DmaError> {
        assert_eq!(address % 8, 0);
        self.write(address, &value.to_le_bytes())
    }

    fn interrupt(&self, vector: u16) {
        self.interrupts.borrow_mut().push(vector);
    }
}
