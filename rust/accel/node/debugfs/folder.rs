// SPDX-License-Identifier: GPL-2.0

//! What debugfs is given.

use core::ptr::null_mut;
use kernel::{
    bindings,
    error::{
        from_result,
        to_result, //
    },
    ffi::{
        c_int,
        c_void, //
    },
    module::this_module,
    prelude::*,
    seq_file::SeqFile,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        }, //
    },
};

use crate::{
    device::{
        call::Call,
        ops::DebugEntry,
        reset::ResetWait,
        section::SectionRef,
        Core, //
    },
    sys::ffi::Shared,
    LocalModule, //
};

/// Only root may look.
const MODE: bindings::umode_t = 0o400;

static FOPS: Shared<bindings::file_operations> = Shared::new(bindings::file_operations {
    owner: this_module::<LocalModule>().as_ptr(),
    open: Some(open),
    read: Some(bindings::seq_read),
    llseek: Some(bindings::seq_lseek),
    release: Some(release),
    ..pin_init::zeroed()
});

/// What [`Root`] is to those who make folders in it.
static ROOT: Atomic<*mut c_void> = Atomic::new(null_mut());

/// A folder in debugfs, with all that is in it. Removed when dropped.
///
/// # Invariants
///
/// It is what debugfs has returned. That may be an error, in which debugfs makes nothing.
struct Folder(*mut bindings::dentry);

// SAFETY: debugfs may be used from any thread.
unsafe impl Send for Folder {}
// SAFETY: As above.
unsafe impl Sync for Folder {}

impl Drop for Folder {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, it is what debugfs has returned.
        unsafe { bindings::debugfs_remove(self.0) };
    }
}

/// The folder of all devices; there is one.
pub(crate) struct Root(#[allow(dead_code, reason = "removed when dropped")] Folder);

impl Root {
    pub(crate) fn new() -> Self {
        // SAFETY: The name is a C string.
        let root =
            unsafe { bindings::debugfs_create_dir(c"accelerator".as_char_ptr(), null_mut()) };
        ROOT.store(root.cast(), Relaxed);
        // INVARIANT: It was just returned.
        Self(Folder(root))
    }
}

/// The folder of a device, with the files of its driver. It must not outlive the binding.
pub(crate) struct DeviceFolder {
    _folder: Folder,
    // What the files refer to goes after them.
    _files: KVec<File>,
}

/// A file.
struct File {
    core: ARef<Core>,
    /// Which of the driver's debug files it is.
    row: usize,
}

impl DeviceFolder {
    /// Makes the folder of `core` with the files `entries` of its driver; nothing if there are
    /// none.
    pub(crate) fn new(core: &Core, entries: &'static [DebugEntry]) -> Result<Option<Self>> {
        if entries.is_empty() {
            return Ok(None);
        }
        let mut files = KVec::with_capacity(entries.len(), GFP_KERNEL)?;
        for row in 0..entries.len() {
            let core = core.into();
            files.push(File { core, row }, GFP_KERNEL)?;
        }

        // SAFETY: The device has a name, and what the root is was returned by debugfs.
        let folder = unsafe {
            let name = bindings::dev_name(core.dev.get());
            bindings::debugfs_create_dir(name, ROOT.load(Relaxed).cast())
        };
        // INVARIANT: It was just returned.
        let folder = Folder(folder);
        for (file, entry) in Iterator::zip(files.iter(), entries) {
            let data = core::ptr::from_ref(file).cast_mut().cast();
            let name = entry.name.as_char_ptr();
            // SAFETY: The folder is what debugfs has returned. `open` is given a pointer to a
            // `File`, which stays where it is until the folder has been removed.
            unsafe { bindings::debugfs_create_file_unsafe(name, MODE, folder.0, data, FOPS.get()) };
        }
        Ok(Some(Self {
            _folder: folder,
            _files: files,
        }))
    }
}

/// Opens a file.
///
/// # Safety
///
/// To be called by debugfs, for a file of a [`DeviceFolder`].
unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    from_result(|| {
        // SAFETY: debugfs keeps the file from being removed while it is opened.
        let data = unsafe { &*(*inode).i_private.cast::<File>() };
        let opened = File {
            core: data.core.clone(),
            row: data.row,
        };

        let opened = KBox::new(opened, GFP_KERNEL_ACCOUNT)?;
        let opened = KBox::into_raw(opened);
        // SAFETY: `show` is given a pointer to a `File` of our own.
        let result = to_result(unsafe { bindings::single_open(file, Some(show), opened.cast()) });
        if result.is_err() {
            // SAFETY: Nobody has got it.
            drop(unsafe { KBox::from_raw(opened) });
        }
        result.map(|()| 0)
    })
}

/// Closes a file.
///
/// # Safety
///
/// To be called by the VFS, for a file that [`open`] has opened.
unsafe extern "C" fn release(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: `single_open()` has stored a `seq_file`, and in it what `open` gave it. Nobody uses
    // either any more.
    unsafe {
        let seq = (*file).private_data.cast::<bindings::seq_file>();
        drop(KBox::<File>::from_raw((*seq).private.cast()));
        bindings::single_release(inode, file)
    }
}

/// Prints what is in a file.
///
/// # Safety
///
/// To be called by `seq_read()`, for a file that [`open`] has opened.
unsafe extern "C" fn show(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    from_result(|| {
        // SAFETY: It is what `open` has stored.
        let opened = unsafe { &*(*seq).private.cast::<File>() };
        let call = Call {
            core: &opened.core,
            section: SectionRef::Owned(opened.core.enter_unless_reset(ResetWait::Interruptible)?),
            file: None,
        };
        // SAFETY: The call is inside the gate, where the table is that of the device's driver. The
        // `seq_file` is ours for this call.
        unsafe {
            let entry = call.ops().debug_files.get(opened.row).ok_or(ENODEV)?;
            (entry.show)(&call, SeqFile::from_raw(seq))
        }?;
        Ok(0)
    })
}
