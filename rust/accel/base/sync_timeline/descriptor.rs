// SPDX-License-Identifier: GPL-2.0

//! Timelines as file descriptors, by which they are handed to other processes.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
    ffi::c_int,
    fs::{
        file::{
            FileDescriptorReservation,
            LocalFile, //
        },
        File, //
    },
    module::this_module,
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::{
        aref::ARef,
        Arc, //
    },
    types::ForeignOwnable, //
};

use super::SyncTimeline;
use crate::{
    sys::ffi::{
        self,
        Shared, //
    },
    LocalModule, //
};

/// The operations of all descriptors of timelines, by which they are known.
static FOPS: Shared<bindings::file_operations> = Shared::new(bindings::file_operations {
    owner: this_module::<LocalModule>().as_ptr(),
    release: Some(release),
    show_fdinfo: Some(show),
    ..pin_init::zeroed()
});

/// Ends a descriptor.
///
/// # Safety
///
/// To be called by the kernel, once, for a file of [`export()`].
unsafe extern "C" fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: `export()` has stored it, and the file is used no more.
    drop(unsafe { Arc::<SyncTimeline>::from_foreign((*file).private_data) });
    0
}

/// Shows a timeline.
///
/// # Safety
///
/// To be called by procfs, for a file of [`export()`].
unsafe extern "C" fn show(seq: *mut bindings::seq_file, file: *mut bindings::file) {
    // SAFETY: procfs passes a valid `seq_file` for this call alone.
    let seq = unsafe { SeqFile::from_raw(seq) };
    // SAFETY: `export()` has stored it, and the file has not been released.
    let timeline = unsafe { Arc::<SyncTimeline>::borrow((*file).private_data) };
    timeline.refresh();
    let progress = timeline.progress();
    seq_print!(seq, "accel-timeline-value:\t{}\n", progress.signalled);
    seq_print!(seq, "accel-timeline-submitted:\t{}\n", progress.submitted);
}

/// Gives the current process a descriptor of `timeline`, with these flags.
pub(crate) fn export(timeline: Arc<SyncTimeline>, flags: u32) -> Result<i32> {
    let fd = FileDescriptorReservation::get_unused_fd_flags(flags)?;
    let private = timeline.into_foreign();
    // SAFETY: The name is a C string, and the operations are static and keep the module. If the
    // function succeeds, the reference belongs to the file.
    let file = unsafe {
        ffi::anon_inode_getfile(
            c"[accel_timeline]".as_char_ptr(),
            FOPS.get(),
            private,
            bindings::O_RDWR as c_int,
        )
    };
    let file = from_err_ptr(file).inspect_err(|_| {
        // SAFETY: It was made above, and nobody has it.
        drop(unsafe { Arc::<SyncTimeline>::from_foreign(private) });
    })?;
    let file = NonNull::new(file).ok_or(ENOMEM)?;
    // SAFETY: The function returns a reference to a new file, which nobody else has.
    let file: ARef<File> = unsafe { ARef::from_raw(file.cast()) };
    // CAST: Descriptors are small numbers.
    let number = fd.reserved_fd() as i32;
    fd.fd_install(file);
    Ok(number)
}

/// Returns the timeline of a descriptor of the current process. Returns `EBADF` if there is none,
/// and `EINVAL` if it is of something else.
pub(crate) fn import(fd: i32) -> Result<Arc<SyncTimeline>> {
    let number = u32::try_from(fd).map_err(|_| EBADF)?;
    let file = LocalFile::fget(number)?;
    // SAFETY: There is a reference to the file, whose operations never change.
    let (operations, private) = unsafe {
        let raw = file.as_ptr();
        ((*raw).f_op, (*raw).private_data)
    };
    if !core::ptr::eq(operations, FOPS.get()) {
        return Err(EINVAL);
    }
    // SAFETY: It is a file of `export()`, and has not been released.
    Ok(unsafe { Arc::<SyncTimeline>::borrow(private) }.into())
}
