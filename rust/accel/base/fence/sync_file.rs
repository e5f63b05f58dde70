// SPDX-License-Identifier: GPL-2.0

//! Fences as file descriptors.

use core::ptr::NonNull;
use kernel::{
    fs::{
        file::{
            flags,
            FileDescriptorReservation, //
        },
        File, //
    },
    prelude::*,
    sync::aref::ARef, //
};

use super::Fence;
use crate::sys::ffi;

/// A file descriptor of the current process for a fence. The process has it once it is installed;
/// if this is dropped before, nothing has happened.
#[must_use = "the descriptor is given up when this is dropped"]
pub struct SyncFile {
    fd: FileDescriptorReservation,
    file: ARef<File>,
}

impl SyncFile {
    /// Sets a descriptor aside, which will be closed on exec. Returns `EMFILE` if the process has
    /// as many as it may, and `ENOMEM`.
    pub fn new(fence: &Fence) -> Result<Self> {
        let fd = FileDescriptorReservation::get_unused_fd_flags(flags::O_CLOEXEC)?;
        // SAFETY: The fence is valid.
        let file = unsafe { ffi::accel_helper_sync_file_create(fence.as_raw()) };
        let file = NonNull::new(file).ok_or(ENOMEM)?;
        // SAFETY: The function returns a reference to a new file, which nobody else has.
        let file = unsafe { ARef::from_raw(file.cast()) };
        Ok(Self { fd, file })
    }

    /// Returns the number of the descriptor.
    pub fn fd(&self) -> i32 {
        // CAST: Descriptors are small numbers.
        self.fd.reserved_fd() as i32
    }

    /// Gives the process the descriptor. From then on it may use and close it, so this comes last,
    /// when nothing can fail any more.
    pub fn install(self) {
        self.fd.fd_install(self.file);
    }
}
