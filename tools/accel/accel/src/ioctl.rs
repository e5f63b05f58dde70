// SPDX-License-Identifier: GPL-2.0

//! The system calls. All unsafe code of this crate is here and in [`commands`](crate::commands).

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;

use rustix::io::Errno;
use rustix::ioctl::{opcode, IoctlOutput, Opcode};
use rustix::mm::{mmap, munmap, MapFlags, ProtFlags};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::uapi;

/// The argument of an ioctl that every caller may make with any content.
///
/// # Safety
///
/// The structure starts with its `u32` size, and the kernel's handler of the
/// command [`NR`](Ioctl::NR) accesses no memory of the caller but the
/// structure; in particular, none of its members is a pointer.
pub unsafe trait Ioctl: FromBytes + IntoBytes + KnownLayout + Immutable {
    /// The command number, as in `_IO(ACCEL_IOC_TYPE, NR)`.
    const NR: u8;

    /// The name in the C header, for messages.
    const NAME: &'static str;
}

/// A command with the argument that belongs to it, which only an [`Ioctl`] can
/// make.
pub(crate) struct Command<'a> {
    nr: u8,
    argument: &'a mut [u8],
}

impl<'a> Command<'a> {
    /// Sets the size of the argument, too, so that no caller can have it wrong.
    pub(crate) fn new<T: Ioctl>(argument: &'a mut T) -> Self {
        let argument = argument.as_mut_bytes();
        let size = argument.len() as u32;
        argument[..4].copy_from_slice(&size.to_ne_bytes());
        Self {
            nr: T::NR,
            argument,
        }
    }

    /// The command number and the argument, for a simulated kernel.
    #[cfg(test)]
    pub(crate) fn into_parts(self) -> (u8, &'a mut [u8]) {
        (self.nr, self.argument)
    }
}

/// What answers ioctls: a device node, or a simulated kernel in tests.
pub(crate) trait Port: Send + Sync {
    /// Does `ACCEL_IOC_INFO`, with `records` in place of `data_ptr` and
    /// `data_len`, and leaves the answer in `request`.
    fn info(&self, request: &mut uapi::Info, records: &mut [u8]) -> Result<(), Errno>;

    /// Does any other ioctl.
    fn call(&self, command: Command<'_>) -> Result<(), Errno>;

    /// Does read(), and returns how many bytes there were.
    fn read(&self, bytes: &mut [u8]) -> Result<usize, Errno>;

    /// Does mmap().
    fn map(&self, offset: u64, len: usize) -> Result<Mapping, Errno>;
}

impl Port for OwnedFd {
    fn info(&self, request: &mut uapi::Info, records: &mut [u8]) -> Result<(), Errno> {
        request.size = size_of::<uapi::Info>() as u32;
        request.data_ptr = records.as_mut_ptr().expose_provenance() as u64;
        request.data_len = records.len() as u64;
        let raw = Raw(uapi::IOC_INFO, request.as_mut_bytes());
        // SAFETY: The kernel writes to the request, up to its size, and to
        // `records`, up to `data_len`; both are borrowed for the call.
        unsafe { rustix::ioctl::ioctl(self, raw) }
    }

    fn call(&self, command: Command<'_>) -> Result<(), Errno> {
        let raw = Raw(command.nr, command.argument);
        // SAFETY: A `Command` comes from an `Ioctl`, which promises that the
        // kernel accesses nothing but the argument, which is borrowed for the
        // call and begins with its size.
        unsafe { rustix::ioctl::ioctl(self, raw) }
    }

    fn read(&self, bytes: &mut [u8]) -> Result<usize, Errno> {
        rustix::io::read(self, bytes)
    }

    fn map(&self, offset: u64, len: usize) -> Result<Mapping, Errno> {
        Mapping::new(self, offset, len)
    }
}

/// A part of a file that is mapped, shared with whoever else has it.
///
/// # Invariants
///
/// The `len` bytes from `start` on are mapped for reads and writes, for nobody
/// but this.
pub(crate) struct Mapping {
    start: NonNull<c_void>,
    len: usize,
}

impl Mapping {
    pub(crate) fn new(file: impl AsFd, offset: u64, len: usize) -> Result<Self, Errno> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let hint = std::ptr::null_mut();
        // SAFETY: Without MAP_FIXED, it is where there was nothing.
        let start = unsafe { mmap(hint, len, access, MapFlags::SHARED, file, offset)? };
        let start = NonNull::new(start).ok_or(Errno::FAULT)?;
        // INVARIANT: It was just mapped.
        Ok(Self { start, len })
    }

    /// Returns where the `len` bytes from `offset` on are, which must be within
    /// the mapping.
    fn at(&self, offset: usize, len: usize) -> *mut u8 {
        let end = offset.checked_add(len);
        assert!(end.is_some_and(|end| end <= self.len));
        self.start.as_ptr().cast::<u8>().wrapping_add(offset)
    }

    /// Copies out what is there at `offset`.
    pub(crate) fn read(&self, offset: usize, to: &mut [u8]) {
        let from = self.at(offset, to.len());
        // SAFETY: It is mapped, and is not what `to` borrows.
        unsafe { std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), to.len()) }
    }

    /// Copies `from` to `offset`.
    pub(crate) fn write(&self, offset: usize, from: &[u8]) {
        let to = self.at(offset, from.len());
        // SAFETY: As above.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: By the invariants it is mapped, and nobody else uses it.
        let unmapped = unsafe { munmap(self.start.as_ptr(), self.len) };
        debug_assert!(unmapped.is_ok());
    }
}

/// A command number and the bytes that it is about.
struct Raw<'a>(u8, &'a mut [u8]);

// SAFETY: The opcode is `_IO(ACCEL_IOC_TYPE, NR)`, whose argument is a pointer to
// a structure, here valid for reads and writes; there is no output but in it.
unsafe impl rustix::ioctl::Ioctl for Raw<'_> {
    type Output = ();

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        opcode::none(uapi::IOC_TYPE, self.0)
    }

    fn as_ptr(&mut self) -> *mut c_void {
        self.1.as_mut_ptr().cast()
    }

    unsafe fn output_from_ptr(_: IoctlOutput, _: *mut c_void) -> rustix::io::Result<()> {
        Ok(())
    }
}
