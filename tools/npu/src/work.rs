// SPDX-License-Identifier: GPL-2.0

//! The execution of a command, in slices: between two of them, others can have the device.

use crate::bus::Bus;
use crate::command::{code, Command, Failure, Status, NOTIFY, SILENT};
use crate::engine::{matmul, Number, Operation, Output};
use crate::registers::{Revision, CAP_REQUANTIZE, CAP_VECTOR_F32, MEMORY_BYTES};

/// Bytes that a slice moves.
const SLICE_BYTES: usize = 256 << 10;
/// Multiplications of a slice.
const SLICE_MACS: usize = 1 << 20;
/// The most rows, columns and inner.
const MAX_SIDE: u16 = 1024;

/// A command that is being executed.
#[derive(Debug)]
pub enum Work {
    /// Nothing.
    Nop,
    /// What is left of COPY.
    Copy(Transfer),
    /// What is left of FILL.
    Fill(Fill),
    /// What is left of VECTOR.
    Vector(Vector),
    /// What is left of MATMUL.
    Matmul(Matmul),
}

/// See [`Work::Copy`].
#[derive(Debug)]
pub struct Transfer {
    source: u64,
    destination: u64,
    left: usize,
}

/// See [`Work::Fill`].
#[derive(Debug)]
pub struct Fill {
    destination: u64,
    left: usize,
    pattern: u32,
}

/// See [`Work::Vector`].
#[derive(Debug)]
pub struct Vector {
    transfer: Transfer,
    second: u64,
    operation: Operation,
    number: Number,
}

/// See [`Work::Matmul`].
#[derive(Debug)]
pub struct Matmul {
    source: u64,
    destination: u64,
    second: Second,
    rows_left: usize,
    columns: usize,
    inner: usize,
    output: Output,
}

/// The second matrix, which is read once.
#[derive(Debug)]
enum Second {
    At(u64),
    Read(Vec<u8>),
}

/// Whether a command goes on after a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It does.
    More,
    /// It does not.
    Done,
}

impl Work {
    /// Checks a command.
    pub fn new(command: &Command, revision: Revision) -> Result<Self, Failure> {
        let unused = unused_fields(command).ok_or(Failure::new(Status::Unknown))?;
        if unused != Command::default() || command.flags.get() & !(NOTIFY | SILENT) != 0 {
            return Err(invalid());
        }
        let transfer = |bytes| Transfer {
            source: command.source.get(),
            destination: command.destination.get(),
            left: bytes,
        };
        match command.code.get() {
            code::COPY => Ok(Self::Copy(transfer(length(command, 1)?))),
            code::FILL => Ok(Self::Fill(Fill {
                destination: command.destination.get(),
                left: whole_words(length(command, 1)?)?,
                pattern: command.parameter.get(),
            })),
            code::VECTOR => Vector::check(command, transfer(length(command, 4)?), revision),
            code::MATMUL => Matmul::check(command, revision),
            _ => Ok(Self::Nop),
        }
    }

    /// Does as much as a slice is.
    pub fn step(&mut self, bus: &mut Bus<'_>) -> Result<Progress, Failure> {
        match self {
            Self::Nop => Ok(Progress::Done),
            Self::Copy(transfer) => transfer.step(bus, |_, _| Ok(())),
            Self::Fill(fill) => fill.step(bus),
            Self::Vector(vector) => vector.step(bus),
            Self::Matmul(matmul) => matmul.step(bus),
        }
    }
}

/// A command without the fields that its code uses; none if there is no such code.
fn unused_fields(command: &Command) -> Option<Command> {
    let mut rest = Command {
        code: 0.into(),
        flags: 0.into(),
        sequence: 0.into(),
        ..command.clone()
    };
    let code = command.code.get();
    if code > code::MATMUL {
        return None;
    }
    if matches!(code, code::COPY | code::VECTOR | code::MATMUL) {
        rest.source = 0.into();
    }
    if code != code::NOP {
        rest.destination = 0.into();
    }
    if matches!(code, code::COPY | code::FILL | code::VECTOR) {
        rest.length = 0.into();
    }
    if matches!(code, code::FILL | code::VECTOR) {
        rest.parameter = 0.into();
    }
    if matches!(code, code::VECTOR | code::MATMUL) {
        rest.second = 0.into();
    }
    if code == code::MATMUL {
        rest.rows = 0.into();
        rest.columns = 0.into();
        rest.inner = 0.into();
        rest.shift = 0;
        rest.output = 0;
    }
    Some(rest)
}

fn invalid() -> Failure {
    Failure::new(Status::Invalid)
}

/// The bytes that `length` means.
fn length(command: &Command, unit: u64) -> Result<usize, Failure> {
    let bytes = u64::from(command.length.get()) * unit;
    if (1..=MEMORY_BYTES).contains(&bytes) {
        Ok(bytes as usize)
    } else {
        Err(invalid())
    }
}

fn whole_words(bytes: usize) -> Result<usize, Failure> {
    if bytes % 4 == 0 {
        Ok(bytes)
    } else {
        Err(invalid())
    }
}

impl Transfer {
    /// Moves a slice, which `change` may change on its way; it gets the offset in the slice.
    fn step(
        &mut self,
        bus: &mut Bus<'_>,
        change: impl FnOnce(&mut Bus<'_>, &mut [u8]) -> Result<(), Failure>,
    ) -> Result<Progress, Failure> {
        let mut data = vec![0; self.left.min(SLICE_BYTES)];
        bus.read(self.source, &mut data)?;
        change(bus, &mut data)?;
        bus.write(self.destination, &data)?;
        self.source = after(self.source, data.len());
        self.destination = after(self.destination, data.len());
        self.left -= data.len();
        Ok(progress(self.left))
    }
}

/// The address after some bytes that could be used.
fn after(address: u64, bytes: usize) -> u64 {
    // They do not reach beyond the host's or the device's memory.
    address + bytes as u64
}

fn progress(left: usize) -> Progress {
    if left == 0 {
        Progress::Done
    } else {
        Progress::More
    }
}

impl Fill {
    fn step(&mut self, bus: &mut Bus<'_>) -> Result<Progress, Failure> {
        let bytes = self.left.min(SLICE_BYTES);
        let data = self.pattern.to_le_bytes().repeat(bytes / 4);
        bus.write(self.destination, &data)?;
        self.destination = after(self.destination, bytes);
        self.left -= bytes;
        Ok(progress(self.left))
    }
}

impl Vector {
    fn check(command: &Command, transfer: Transfer, revision: Revision) -> Result<Work, Failure> {
        let parameter = command.parameter.get();
        let number = match parameter >> 8 {
            0 => Number::I32,
            1 if !revision.has(CAP_VECTOR_F32) => return Err(Failure::new(Status::Unsupported)),
            1 => Number::F32,
            _ => return Err(invalid()),
        };
        Ok(Work::Vector(Self {
            transfer,
            second: command.second.get(),
            operation: Operation::from_number(parameter & 0xff).ok_or(invalid())?,
            number,
        }))
    }

    fn step(&mut self, bus: &mut Bus<'_>) -> Result<Progress, Failure> {
        let (second, operation, number) = (&mut self.second, self.operation, self.number);
        self.transfer.step(bus, |bus, data| {
            let mut others = vec![0; data.len()];
            bus.read(*second, &mut others)?;
            *second = after(*second, others.len());
            operation.apply(number, data, &others);
            Ok(())
        })
    }
}

impl Matmul {
    fn check(command: &Command, revision: Revision) -> Result<Work, Failure> {
        let side = |side: u16| match side {
            1..=MAX_SIDE => Ok(usize::from(side)),
            _ => Err(invalid()),
        };
        let output = match (command.output, command.shift) {
            (0, 0) => Output::I32,
            (1, _) if !revision.has(CAP_REQUANTIZE) => {
                return Err(Failure::new(Status::Unsupported))
            }
            (1, shift @ 0..=31) => Output::I8 { shift },
            _ => return Err(invalid()),
        };
        Ok(Work::Matmul(Self {
            source: command.source.get(),
            destination: command.destination.get(),
            second: Second::At(command.second.get()),
            rows_left: side(command.rows.get())?,
            columns: side(command.columns.get())?,
            inner: side(command.inner.get())?,
            output,
        }))
    }

    fn step(&mut self, bus: &mut Bus<'_>) -> Result<Progress, Failure> {
        if let Second::At(address) = self.second {
            let mut data = vec![0; self.inner * self.columns];
            bus.read(address, &mut data)?;
            self.second = Second::Read(data);
            return Ok(Progress::More);
        }
        let Second::Read(second) = &self.second else {
            return Ok(Progress::More);
        };
        let macs_of_row = self.inner * self.columns;
        let rows = self.rows_left.min((SLICE_MACS / macs_of_row).max(1));
        let mut first = vec![0; rows * self.inner];
        bus.read(self.source, &mut first)?;
        let result = matmul(&first, second, self.inner, self.columns, self.output);
        bus.write(self.destination, &result)?;
        bus.counters.macs += (rows * macs_of_row) as u64;
        self.source = after(self.source, first.len());
        self.destination = after(self.destination, result.len());
        self.rows_left -= rows;
        Ok(progress(self.rows_left))
    }
}

#[cfg(test)]
mod tests;
