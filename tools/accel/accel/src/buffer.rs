// SPDX-License-Identifier: GPL-2.0

//! Buffers, `include/uapi/accel/accel.h`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::ioctl::Mapping;
use crate::{Device, Error};

/// In place of the number of a region: the memory of somebody else,
/// `ACCEL_REGION_FOREIGN`.
pub const REGION_FOREIGN: u32 = 0xffff_ffff;

/// A mapping of the node has all its pages at once, if the memory is the
/// system's: `ACCEL_BO_POPULATE`.
pub const POPULATE: u32 = 1 << 0;

/// The buffer may be moved to the memory of the system, `ACCEL_BO_MOVABLE`.
pub const MOVABLE: u32 = 1 << 1;

/// Argument of `ACCEL_IOC_BO_CREATE`, `struct accel_bo_create`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Create {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: where the memory comes from, the number of a region.
    pub region: u32,
    /// In: how many bytes it is to have, not zero. Out: how many it has, a
    /// multiple of the page size.
    pub bytes: u64,
    /// In: [`POPULATE`], [`MOVABLE`] or zero.
    pub flags: u32,
    /// In: must be zero. Out: its handle.
    pub handle: u32,
}

/// Argument of `ACCEL_IOC_BO_INFO`, `struct accel_bo_info`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Info {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the buffer.
    pub handle: u32,
    /// In: must be zero. Out: how many bytes it has.
    pub bytes: u64,
    /// In: must be zero. Out: where its memory comes from, a number of a region
    /// or [`REGION_FOREIGN`].
    pub region: u32,
    /// In: must be zero. Out: a combination of [`POPULATE`] and [`MOVABLE`].
    pub flags: u32,
}

/// Argument of `ACCEL_IOC_BO_CLOSE`, `struct accel_bo_close`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Close {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the buffer, whose handle is free again.
    pub handle: u32,
}

/// Argument of `ACCEL_IOC_BO_MMAP_OFFSET`, `struct accel_bo_mmap_offset`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct MmapOffset {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the buffer.
    pub handle: u32,
    /// In: must be zero. Out: where it is in the file, for mmap().
    pub offset: u64,
}

/// Argument of `ACCEL_IOC_BO_USERPTR`, `struct accel_bo_userptr`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct UserPtr {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: 0 or [`UserPtr::READONLY`].
    pub flags: u32,
    /// In: where in the memory of the process it begins, a multiple of the page
    /// size.
    pub address: u64,
    /// In: how many bytes, a multiple of the page size.
    pub bytes: u64,
    /// In: must be zero. Out: its handle.
    pub handle: u32,
    /// Must be zero.
    pub reserved: u32,
}

impl UserPtr {
    /// Flag: neither the kernel nor the device writes to the memory, and the
    /// process needs not be able to.
    pub const READONLY: u32 = 1 << 0;
}

/// Argument of `ACCEL_IOC_BO_EXPORT`, `struct accel_bo_export`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Export {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the buffer.
    pub handle: u32,
    /// In: a combination of `O_CLOEXEC` and `O_RDWR`, for the new descriptor.
    pub flags: u32,
    /// In: must be zero. Out: a descriptor of a dma-buf with the same memory.
    pub fd: i32,
}

/// Argument of `ACCEL_IOC_BO_IMPORT`, `struct accel_bo_import`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Import {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: a descriptor of a dma-buf, which can be closed afterwards.
    pub fd: i32,
    /// In: must be zero. Out: how many bytes it has.
    pub bytes: u64,
    /// Must be zero.
    pub flags: u32,
    /// In: must be zero. Out: its handle.
    pub handle: u32,
}

/// A buffer of system memory that this process has created, mapped.
///
/// Its handle is closed when it is dropped.
pub struct Buffer<'a> {
    handle: Handle<'a>,
    memory: Mapping,
}

/// A handle that is closed when it is dropped.
struct Handle<'a> {
    device: &'a Device,
    number: u32,
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        // If this fails the device is gone, and its handles with it.
        let _ = self.device.call(&mut Close {
            handle: self.number,
            ..Close::default()
        });
    }
}

impl<'a> Buffer<'a> {
    /// Creates a buffer of at least so many bytes, filled with zeros.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the errors of `ACCEL_IOC_BO_CREATE` and mmap(2).
    pub fn new(device: &'a Device, bytes: usize) -> Result<Self, Error> {
        let mut create = Create {
            bytes: bytes as u64,
            ..Create::default()
        };
        device.call(&mut create)?;
        let number = create.handle;
        let handle = Handle { device, number };
        let mut place = MmapOffset {
            handle: number,
            ..MmapOffset::default()
        };
        device.call(&mut place)?;
        let memory = device.map(place.offset, bytes)?;
        Ok(Self { handle, memory })
    }

    /// The number by which ioctls know it.
    pub fn handle(&self) -> u32 {
        self.handle.number
    }

    /// Copies out what there is from byte `offset` on.
    ///
    /// # Panics
    ///
    /// If that is more than was asked for when the buffer was created.
    pub fn read(&self, offset: usize, to: &mut [u8]) {
        self.memory.read(offset, to);
    }

    /// Copies `from` to byte `offset` and what follows.
    ///
    /// # Panics
    ///
    /// As [`Buffer::read`].
    pub fn write(&self, offset: usize, from: &[u8]) {
        self.memory.write(offset, from);
    }
}
