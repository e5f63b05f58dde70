// SPDX-License-Identifier: GPL-2.0

//! The host, as a client of vfio-user: memory that it has mapped for the device, and descriptors
//! for interrupts.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::Ordering;

use vfio_user::DmaMapFlags;
use vm_memory::{Bytes, FileOffset, MmapRegion, VolatileMemory, VolatileSlice};

use crate::bus::{DmaError, Host};

/// A part of the host's memory.
#[derive(Debug)]
struct Mapping {
    region: MmapRegion,
    flags: DmaMapFlags,
}

/// An interrupt vector.
#[derive(Debug, Default)]
struct Vector {
    event: Option<File>,
    masked: bool,
    pending: Cell<bool>,
}

impl Vector {
    fn send(&self) {
        if self.masked {
            self.pending.set(true);
        } else if let Some(mut event) = self.event.as_ref() {
            // It fails only if nobody has read it for 2^64 times.
            let _ = event.write(&1_u64.to_ne_bytes());
        }
    }

    fn unmask(&mut self) {
        self.masked = false;
        if self.pending.take() {
            self.send();
        }
    }
}

/// What is done to vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// They get descriptors, or none.
    Assign,
    /// They are sent.
    Trigger,
    /// They are kept back.
    Mask,
    /// They are not kept back any more.
    Unmask,
}

/// One of the two ways to send interrupts.
#[derive(Debug)]
struct Vectors(Vec<Vector>);

impl Vectors {
    fn new(count: u16) -> Self {
        Self((0..count).map(|_| Vector::default()).collect())
    }

    fn are_used(&self) -> bool {
        self.0.iter().any(|vector| vector.event.is_some())
    }

    fn act(&mut self, action: Action, start: usize, count: usize, events: Vec<File>) -> bool {
        let end = start.checked_add(count);
        let Some(part) = end.and_then(|end| self.0.get_mut(start..end)) else {
            return false;
        };
        let mut events = events.into_iter();
        for vector in part {
            match action {
                Action::Assign => vector.event = events.next(),
                Action::Trigger => vector.send(),
                Action::Mask => vector.masked = true,
                Action::Unmask => vector.unmask(),
            }
        }
        true
    }

    fn disable(&mut self) {
        self.0.fill_with(Vector::default);
    }
}

/// Which of the ways to send interrupts is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// MSI.
    Msi,
    /// MSI-X.
    Msix,
}

/// The host.
#[derive(Debug)]
pub struct Client {
    /// By their addresses; they do not overlap.
    mappings: BTreeMap<u64, Mapping>,
    msi: Vectors,
    msix: Vectors,
}

impl Client {
    /// A host that has mapped nothing yet.
    pub fn new(msi: u16, msix: u16) -> Self {
        Self {
            mappings: BTreeMap::new(),
            msi: Vectors::new(msi),
            msix: Vectors::new(msix),
        }
    }

    /// The device may use a part of a file, at an address.
    pub fn map(
        &mut self,
        flags: DmaMapFlags,
        file: FileOffset,
        address: u64,
        size: u64,
    ) -> io::Result<()> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
        let end = address.checked_add(size).ok_or_else(invalid)?;
        let file_end = file.start().checked_add(size).ok_or_else(invalid)?;
        // Memory beyond the end of the file would kill whoever reads it.
        let is_there = file.file().metadata()?.len() >= file_end;
        let overlaps = self
            .mappings
            .range(..end)
            .next_back()
            .is_some_and(|(start, mapping)| start + mapping.region.size() as u64 > address);
        if size == 0 || !is_there || overlaps {
            return Err(invalid());
        }
        let region = MmapRegion::from_file(file, size as usize).map_err(io::Error::other)?;
        self.mappings.insert(address, Mapping { region, flags });
        Ok(())
    }

    /// The device may not use what is mapped in a range any more.
    pub fn unmap(&mut self, address: u64, size: u64) {
        let end = address.saturating_add(size);
        self.mappings
            .retain(|start, _| !(address..end).contains(start));
    }

    /// The device may not use anything any more.
    pub fn unmap_all(&mut self) {
        self.mappings.clear();
    }

    /// Does something to vectors; false if there are no such vectors.
    pub fn act(
        &mut self,
        kind: Kind,
        action: Action,
        start: u32,
        count: u32,
        events: Vec<File>,
    ) -> bool {
        self.vectors(kind)
            .act(action, start as usize, count as usize, events)
    }

    /// The host does not use these vectors any more.
    pub fn disable(&mut self, kind: Kind) {
        self.vectors(kind).disable();
    }

    fn vectors(&mut self, kind: Kind) -> &mut Vectors {
        match kind {
            Kind::Msi => &mut self.msi,
            Kind::Msix => &mut self.msix,
        }
    }

    /// Calls a function with each piece of memory of a range, and with the bytes before it.
    fn for_each_piece(
        &self,
        access: DmaMapFlags,
        address: u64,
        length: usize,
        mut each: impl FnMut(VolatileSlice<'_>, usize) -> Result<(), DmaError>,
    ) -> Result<(), DmaError> {
        let mut done = 0;
        while done < length {
            let address = address + done as u64;
            let error = DmaError { address };
            let (start, mapping) = self.mappings.range(..=address).next_back().ok_or(error)?;
            let offset = (address - start) as usize;
            let left = mapping.region.size().saturating_sub(offset);
            if left == 0 || !mapping.flags.contains(access) {
                return Err(error);
            }
            let bytes = left.min(length - done);
            let piece = mapping.region.get_slice(offset, bytes).map_err(|_| error)?;
            each(piece, done)?;
            done += bytes;
        }
        Ok(())
    }
}

impl Host for Client {
    fn read(&self, address: u64, data: &mut [u8]) -> Result<(), DmaError> {
        let length = data.len();
        self.for_each_piece(DmaMapFlags::READ, address, length, |piece, done| {
            piece.copy_to(&mut data[done..done + piece.len()]);
            Ok(())
        })
    }

    fn write(&self, address: u64, data: &[u8]) -> Result<(), DmaError> {
        self.for_each_piece(DmaMapFlags::WRITE, address, data.len(), |piece, done| {
            piece.copy_from(&data[done..done + piece.len()]);
            Ok(())
        })
    }

    fn publish(&self, address: u64, value: u64) -> Result<(), DmaError> {
        self.for_each_piece(DmaMapFlags::WRITE, address, 8, |piece, _| {
            // Mappings are of whole pages, so an aligned word is in one of them.
            piece
                .store(value.to_le(), 0, Ordering::Release)
                .map_err(|_| DmaError { address })
        })
    }

    fn interrupt(&self, vector: u16) {
        let vectors = if self.msix.are_used() {
            &self.msix
        } else {
            &self.msi
        };
        if let Some(vector) = vectors.0.get(usize::from(vector)) {
            vector.send();
        }
    }
}

#[cfg(test)]
mod tests;
