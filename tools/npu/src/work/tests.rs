// SPDX-License-Identifier: GPL-2.0

//! Commands, from the host's memory and back, and what is wrong with them.

use fastrand::Rng;

use super::*;
use crate::bus::{Counters, Host, Table};
use crate::memory::{local, Memory};
use crate::stub::StubHost;

const BASE: u64 = StubHost::BASE;

/// A host and a memory to execute commands with.
struct Bench {
    host: StubHost,
    memory: Memory,
    counters: Counters,
}

impl Bench {
    fn new() -> Self {
        Self {
            host: StubHost::new(),
            memory: Memory::new().unwrap(),
            counters: Counters::default(),
        }
    }

    /// Executes a command; returns how many slices it took.
    fn run(&mut self, command: &Command) -> Result<usize, Failure> {
        let mut work = Work::new(command, Revision::B)?;
        let mut bus = Bus {
            host: Some(&self.host),
            memory: &mut self.memory,
            table: Table::default(),
            counters: &mut self.counters,
        };
        for slices in 1.. {
            if work.step(&mut bus)? == Progress::Done {
                return Ok(slices);
            }
        }
        unreachable!()
    }
}

fn copy(source: u64, destination: u64, length: u32) -> Command {
    Command {
        code: code::COPY.into(),
        source: source.into(),
        destination: destination.into(),
        length: length.into(),
        ..Command::default()
    }
}

fn matmul_of(sides: [u16; 3], [source, second, destination]: [u64; 3]) -> Command {
    let [rows, inner, columns] = sides.map(Into::into);
    Command {
        code: code::MATMUL.into(),
        source: source.into(),
        second: second.into(),
        destination: destination.into(),
        rows,
        inner,
        columns,
        ..Command::default()
    }
}

fn refused(command: &Command, revision: Revision) -> Option<Status> {
    Work::new(command, revision)
        .err()
        .map(|failure| failure.status)
}

#[test]
fn copies_go_both_ways_in_slices() {
    let mut bench = Bench::new();
    let bytes = SLICE_BYTES * 2 + 5;
    let data: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
    bench.host.write(BASE + 1, &data).unwrap();
    let to = copy(BASE + 1, local(3), bytes as u32);
    assert_eq!(bench.run(&to), Ok(3));
    let back = copy(local(3), BASE + (2 << 20), bytes as u32);
    assert_eq!(bench.run(&back), Ok(3));
    let mut seen = vec![0; bytes];
    bench.host.read(BASE + (2 << 20), &mut seen).unwrap();
    assert!(seen == data);
    assert_eq!(bench.counters.read, bytes as u64);
    assert_eq!(bench.counters.written, bytes as u64);
}

#[test]
fn fills_write_a_word() {
    let mut bench = Bench::new();
    let fill = Command {
        code: code::FILL.into(),
        destination: (BASE + 8).into(),
        length: 12.into(),
        parameter: 0x0403_0201.into(),
        ..Command::default()
    };
    bench.run(&fill).unwrap();
    let wanted = [0, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 0];
    assert_eq!(bench.host.bytes(BASE + 7), wanted);
    let odd = Command {
        length: 6.into(),
        ..fill
    };
    assert_eq!(refused(&odd, Revision::B), Some(Status::Invalid));
}

#[test]
fn vectors_have_numbers() {
    let mut bench = Bench::new();
    bench.host.write(BASE, &[1, 0, 0, 0, 2, 0, 0, 0]).unwrap();
    bench.memory.write(0, &[5, 0, 0, 0, 7, 0, 0, 0]).unwrap();
    let mut vector = copy(BASE, BASE + 16, 2);
    vector.code = code::VECTOR.into();
    vector.second = local(0).into();
    vector.parameter = 2.into();
    bench.run(&vector).unwrap();
    assert_eq!(bench.host.bytes(BASE + 16), [5, 0, 0, 0, 14, 0, 0, 0, 0]);
    vector.parameter = 0x102.into();
    assert_eq!(refused(&vector, Revision::A), Some(Status::Unsupported));
    assert_eq!(refused(&vector, Revision::B), None);
    for parameter in [5, 0x200, 0x10000] {
        vector.parameter = parameter.into();
        assert_eq!(refused(&vector, Revision::B), Some(Status::Invalid));
    }
}

#[test]
fn large_products_take_several_slices() {
    let mut bench = Bench::new();
    let mut random = Rng::with_seed(4);
    let (sides, [rows, inner, columns]) = ([300, 64, 128], [300, 64, 128]);
    let a: Vec<u8> = (0..rows * inner).map(|_| random.u8(..)).collect();
    let b: Vec<u8> = (0..inner * columns).map(|_| random.u8(..)).collect();
    bench.host.write(BASE, &a).unwrap();
    bench.memory.write(0, &b).unwrap();
    let places = [BASE, local(0), BASE + (1 << 20)];
    // One to read the second matrix, and 128 rows in each of the others.
    assert_eq!(bench.run(&matmul_of(sides, places)), Ok(4));
    let mut seen = vec![0; rows * columns * 4];
    bench.host.read(BASE + (1 << 20), &mut seen).unwrap();
    assert!(seen == matmul(&a, &b, inner, columns, Output::I32));
    assert_eq!(bench.counters.macs, (rows * inner * columns) as u64);
}

#[test]
fn products_have_limits() {
    let good = matmul_of([1024, 1024, 1024], [0; 3]);
    assert_eq!(refused(&good, Revision::A), None);
    for sides in [[0, 1, 1], [1, 0, 1], [1, 1, 0], [1025, 1, 1], [1, 1, 1025]] {
        let bad = matmul_of(sides, [0; 3]);
        assert_eq!(refused(&bad, Revision::B), Some(Status::Invalid));
    }
    let with = |output, shift| Command {
        output,
        shift,
        ..good.clone()
    };
    assert_eq!(refused(&with(0, 1), Revision::B), Some(Status::Invalid));
    assert_eq!(refused(&with(1, 31), Revision::B), None);
    assert_eq!(
        refused(&with(1, 31), Revision::A),
        Some(Status::Unsupported)
    );
    assert_eq!(refused(&with(1, 32), Revision::B), Some(Status::Invalid));
    assert_eq!(refused(&with(2, 0), Revision::B), Some(Status::Invalid));
}

#[test]
fn unused_fields_and_flags_are_zero() {
    let nop = Command::default();
    assert_eq!(refused(&nop, Revision::A), None);
    let both = Command {
        flags: (NOTIFY | SILENT).into(),
        sequence: 1.into(),
        ..nop.clone()
    };
    assert_eq!(refused(&both, Revision::A), None);
    for bad in [
        Command {
            flags: 4.into(),
            ..nop.clone()
        },
        Command {
            source: 1.into(),
            ..nop.clone()
        },
        Command {
            destination: 1.into(),
            ..nop.clone()
        },
        Command {
            rows: 1.into(),
            ..copy(0, 0, 1)
        },
        Command {
            parameter: 1.into(),
            ..copy(0, 0, 1)
        },
        Command {
            length: 1.into(),
            ..matmul_of([1; 3], [0; 3])
        },
        Command {
            reserved: [1; 16],
            ..copy(0, 0, 1)
        },
    ] {
        assert_eq!(refused(&bad, Revision::B), Some(Status::Invalid), "{bad:?}");
    }
    let unknown = Command {
        code: 5.into(),
        ..nop
    };
    assert_eq!(refused(&unknown, Revision::B), Some(Status::Unknown));
}

#[test]
fn lengths_have_limits() {
    assert_eq!(refused(&copy(0, 0, 0), Revision::B), Some(Status::Invalid));
    assert_eq!(refused(&copy(0, 0, 64 << 20), Revision::B), None);
    let long = copy(0, 0, (64 << 20) + 1);
    assert_eq!(refused(&long, Revision::B), Some(Status::Invalid));
    let mut vector = copy(0, 0, 16 << 20);
    vector.code = code::VECTOR.into();
    assert_eq!(refused(&vector, Revision::B), None);
    vector.length = ((16 << 20) + 1).into();
    assert_eq!(refused(&vector, Revision::B), Some(Status::Invalid));
}

#[test]
fn failures_have_addresses() {
    let mut bench = Bench::new();
    let end = BASE + StubHost::BYTES as u64;
    let beyond = copy(end, local(0), 1);
    assert_eq!(bench.run(&beyond), Err(Failure::at(Status::Dma, end)));
    let beyond = copy(BASE, local(MEMORY_BYTES), 1);
    let failure = Failure::at(Status::Address, local(MEMORY_BYTES));
    assert_eq!(bench.run(&beyond), Err(failure));
    let beyond = copy(1 << 40, local(0), 1);
    assert_eq!(
        bench.run(&beyond),
        Err(Failure::at(Status::Address, 1 << 40))
    );
    assert!(bench.memory.poison(4, 4));
    let poisoned = copy(local(0), BASE, 8);
    assert_eq!(
        bench.run(&poisoned),
        Err(Failure::at(Status::Memory, local(4)))
    );
}
