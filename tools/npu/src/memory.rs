// SPDX-License-Identifier: GPL-2.0

//! Device memory: a file, which the client of the device maps as a BAR.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, RawFd};

use rustix::fs::{ftruncate, memfd_create, MemfdFlags};
use vm_memory::{Bytes, FileOffset, MmapRegion, VolatileMemory};

use crate::command::{Failure, Status};
use crate::registers::MEMORY_BYTES;

/// Device memory, and which parts of it cannot be read.
#[derive(Debug)]
pub struct Memory {
    region: MmapRegion,
    poisoned: Vec<Range<u64>>,
}

impl Memory {
    /// Makes the file.
    pub fn new() -> io::Result<Self> {
        let file = File::from(memfd_create("npu-memory", MemfdFlags::CLOEXEC)?);
        ftruncate(&file, MEMORY_BYTES)?;
        let region = MmapRegion::from_file(FileOffset::new(file, 0), MEMORY_BYTES as usize)
            .map_err(io::Error::other)?;
        Ok(Self {
            region,
            poisoned: Vec::new(),
        })
    }

    /// The descriptor of the file, which lives as long as the memory.
    pub fn descriptor(&self) -> RawFd {
        self.region
            .file_offset()
            .map_or(-1, |place| place.file().as_raw_fd())
    }

    /// What a command reads.
    pub fn read(&self, offset: u64, data: &mut [u8]) -> Result<(), Failure> {
        let range = part(offset, data.len())?;
        if let Some(bad) = self.poisoned.iter().find(|bad| overlap(bad, &range)) {
            return Err(Failure::at(
                Status::Memory,
                local(bad.start.max(range.start)),
            ));
        }
        self.copy_out(offset, data);
        Ok(())
    }

    /// What a command writes; the part can be read afterwards.
    pub fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), Failure> {
        let range = part(offset, data.len())?;
        if !self.poisoned.is_empty() {
            let old = std::mem::take(&mut self.poisoned);
            let kept = old.into_iter().flat_map(|bad| without(bad, &range));
            self.poisoned = kept.collect();
        }
        self.copy_in(offset, data);
        Ok(())
    }

    /// What the host reads through the BAR; nothing is beyond its end.
    pub fn host_read(&self, offset: u64, data: &mut [u8]) {
        match part(offset, data.len()) {
            Ok(_) => self.copy_out(offset, data),
            Err(_) => data.fill(0xff),
        }
    }

    /// What the host writes through the BAR.
    pub fn host_write(&mut self, offset: u64, data: &[u8]) {
        if part(offset, data.len()).is_ok() {
            self.copy_in(offset, data);
        }
    }

    /// Inverts the bits of a part; false if there is no such part.
    pub fn corrupt(&mut self, offset: u64, length: u64) -> bool {
        let Ok(range) = part(offset, length as usize) else {
            return false;
        };
        let mut data = vec![0; (range.end - range.start) as usize];
        self.copy_out(offset, &mut data);
        data.iter_mut().for_each(|byte| *byte = !*byte);
        self.copy_in(offset, &data);
        true
    }

    /// Makes a part unreadable; false if there is no such part.
    pub fn poison(&mut self, offset: u64, length: u64) -> bool {
        let range = part(offset, length as usize);
        self.poisoned.extend(range.iter().cloned());
        range.is_ok()
    }

    /// A function reset.
    pub fn reset(&mut self) {
        self.poisoned.clear();
    }

    fn copy_out(&self, offset: u64, data: &mut [u8]) {
        let done = self
            .region
            .as_volatile_slice()
            .read_slice(data, offset as usize);
        debug_assert!(done.is_ok());
    }

    fn copy_in(&mut self, offset: u64, data: &[u8]) {
        let done = self
            .region
            .as_volatile_slice()
            .write_slice(data, offset as usize);
        debug_assert!(done.is_ok());
    }
}

/// The address in a command of an offset in device memory.
pub fn local(offset: u64) -> u64 {
    (1 << 63) | offset
}

fn part(offset: u64, length: usize) -> Result<Range<u64>, Failure> {
    match offset.checked_add(length as u64) {
        Some(end) if end <= MEMORY_BYTES => Ok(offset..end),
        _ => Err(Failure::at(Status::Address, local(offset))),
    }
}

fn overlap(a: &Range<u64>, b: &Range<u64>) -> bool {
    a.start < b.end && b.start < a.end
}

/// What is left of a range.
fn without(range: Range<u64>, hole: &Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let before = range.start..range.end.min(hole.start);
    let after = range.start.max(hole.end)..range.end;
    [before, after].into_iter().filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_ends_where_it_should() {
        let mut memory = Memory::new().unwrap();
        memory.write(MEMORY_BYTES - 4, &[1, 2, 3, 4]).unwrap();
        let mut data = [0; 4];
        memory.read(MEMORY_BYTES - 4, &mut data).unwrap();
        assert_eq!(data, [1, 2, 3, 4]);
        for offset in [MEMORY_BYTES - 3, MEMORY_BYTES, u64::MAX >> 1, u64::MAX] {
            let failure = Failure::at(Status::Address, local(offset));
            assert_eq!(memory.read(offset, &mut data), Err(failure));
            assert_eq!(memory.write(offset, &data), Err(failure));
            memory.host_write(offset, &data);
            memory.host_read(offset, &mut data);
            assert_eq!(data, [0xff; 4]);
        }
    }

    #[test]
    fn poison_goes_where_it_is_overwritten() {
        let mut memory = Memory::new().unwrap();
        assert!(memory.poison(100, 10));
        assert!(!memory.poison(MEMORY_BYTES, 1));
        let read = |memory: &Memory, offset| memory.read(offset, &mut [0; 4]);
        let bad = |offset| Err(Failure::at(Status::Memory, local(offset)));
        assert_eq!(read(&memory, 96), Ok(()));
        assert_eq!(read(&memory, 97), bad(100));
        assert_eq!(read(&memory, 109), bad(109));
        assert_eq!(read(&memory, 110), Ok(()));
        memory.write(102, &[0; 4]).unwrap();
        assert_eq!(read(&memory, 102), Ok(()));
        assert_eq!(read(&memory, 101), bad(101));
        assert_eq!(read(&memory, 103), bad(106));
        memory.reset();
        assert_eq!(read(&memory, 106), Ok(()));
    }

    #[test]
    fn corrupted_memory_is_readable() {
        let mut memory = Memory::new().unwrap();
        memory.write(8, &[0x0f, 0xf0, 0]).unwrap();
        assert!(memory.corrupt(8, 2));
        assert!(!memory.corrupt(MEMORY_BYTES - 1, 2));
        let mut data = [0; 3];
        memory.read(8, &mut data).unwrap();
        assert_eq!(data, [0xf0, 0x0f, 0]);
    }

    #[test]
    fn the_file_has_the_contents() {
        let mut memory = Memory::new().unwrap();
        assert!(memory.descriptor() >= 0);
        memory.host_write(12, b"text");
        let mut data = [0; 4];
        memory.read(12, &mut data).unwrap();
        assert_eq!(&data, b"text");
    }
}
