// SPDX-License-Identifier: GPL-2.0

//! The layouts of commands and of completion records.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of a command.
pub const COMMAND_BYTES: usize = size_of::<Command>();
/// Bytes of a completion record.
pub const RECORD_BYTES: usize = 16;

/// Raises the source for notifications.
pub const NOTIFY: u16 = 1 << 0;
/// Raises no source for completions.
pub const SILENT: u16 = 1 << 1;

/// Codes of commands.
pub mod code {
    #![allow(missing_docs)] // in the datasheet
    pub const NOP: u16 = 0;
    pub const COPY: u16 = 1;
    pub const FILL: u16 = 2;
    pub const VECTOR: u16 = 3;
    pub const MATMUL: u16 = 4;
}

/// A command in a ring.
#[repr(C)]
#[derive(Debug, Clone, Default, PartialEq, FromBytes, Immutable, IntoBytes, KnownLayout)]
pub struct Command {
    /// What to do, see [`code`].
    pub code: U16,
    /// [`NOTIFY`], [`SILENT`].
    pub flags: U16,
    /// The driver's, for the record.
    pub sequence: U32,
    /// Address of the first operand.
    pub source: U64,
    /// Address of the result.
    pub destination: U64,
    /// In bytes, or in numbers.
    pub length: U32,
    /// A word to fill with, or an operation and a type.
    pub parameter: U32,
    /// Address of the second operand.
    pub second: U64,
    /// Of the first operand and of the result.
    pub rows: U16,
    /// Of the second operand and of the result.
    pub columns: U16,
    /// Columns of the first operand, rows of the second.
    pub inner: U16,
    /// By how many bits sums are shifted.
    pub shift: u8,
    /// Type of the result.
    pub output: u8,
    /// 0.
    pub reserved: [u8; 16],
}

const _: () = assert!(COMMAND_BYTES == 64);

/// How a command has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Status {
    /// `COMMAND_OK`
    Ok = 0,
    /// `COMMAND_UNKNOWN`
    Unknown = 1,
    /// `COMMAND_INVALID`
    Invalid = 2,
    /// `COMMAND_ADDRESS`
    Address = 3,
    /// `COMMAND_DMA`
    Dma = 4,
    /// `COMMAND_UNSUPPORTED`
    Unsupported = 5,
    /// `COMMAND_MEMORY`
    Memory = 6,
    /// `COMMAND_PAGE`
    Page = 7,
}

/// Why a command has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// Never [`Status::Ok`].
    pub status: Status,
    /// The address that could not be used, or 0.
    pub address: u64,
}

impl Failure {
    /// One that has to do with no address.
    pub fn new(status: Status) -> Self {
        Self::at(status, 0)
    }

    /// One at an address.
    pub fn at(status: Status, address: u64) -> Self {
        Self { status, address }
    }
}

/// A completion record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The address that could not be used, or 0.
    pub address: u64,
    /// That of the command.
    pub sequence: u32,
    /// A [`Status`].
    pub status: u16,
    /// Changes with each turn of the ring.
    pub phase: bool,
}

impl Record {
    /// The second half, which is written at once.
    pub fn last_word(&self) -> u64 {
        u64::from(self.sequence) | (u64::from(self.status) << 32) | (u64::from(self.phase) << 48)
    }

    /// From the bytes in the host's memory.
    pub fn from_bytes(bytes: [u8; RECORD_BYTES]) -> Self {
        let value = u128::from_le_bytes(bytes);
        Self {
            address: value as u64,
            sequence: (value >> 64) as u32,
            status: (value >> 96) as u16,
            phase: (value >> 112) & 1 != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_where_the_datasheet_says() {
        let command = Command {
            code: 0x0201.into(),
            flags: 0x0403.into(),
            sequence: 0x0807_0605.into(),
            source: 0x100f_0e0d_0c0b_0a09.into(),
            destination: 0x1817_1615_1413_1211.into(),
            length: 0x1c1b_1a19.into(),
            parameter: 0x201f_1e1d.into(),
            second: 0x2827_2625_2423_2221.into(),
            rows: 0x2a29.into(),
            columns: 0x2c2b.into(),
            inner: 0x2e2d.into(),
            shift: 0x2f,
            output: 0x30,
            reserved: [0; 16],
        };
        let wanted: Vec<u8> = (1..=48).chain([0; 16]).collect();
        assert_eq!(command.as_bytes(), wanted);
    }

    #[test]
    fn records_have_their_phase_last() {
        let record = Record {
            address: 0x0807_0605_0403_0201,
            sequence: 0x0c0b_0a09,
            status: 0x0e0d,
            phase: true,
        };
        let mut bytes = [0; RECORD_BYTES];
        bytes[..8].copy_from_slice(&record.address.to_le_bytes());
        bytes[8..].copy_from_slice(&record.last_word().to_le_bytes());
        assert_eq!(bytes, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 1, 0]);
        assert_eq!(Record::from_bytes(bytes), record);
    }
}
