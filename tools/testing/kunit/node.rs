// SPDX-License-Identifier: GPL-2.0

//! A user of a node, in a KUnit thread.

use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::{
        c_char,
        c_int,
        c_uint, //
    },
    fs::file::flags,
    prelude::*,
    str::CString,
    uaccess::UserSlice, //
};

// The functions of `node.h`; `struct file` is opaque here.
extern "C" {
    fn accel_test_open(path: *const c_char, flags: c_int) -> *mut c_void;
    fn accel_test_close(file: *mut c_void);
    fn accel_test_ioctl(file: *mut c_void, cmd: c_uint, arg: *mut c_void) -> c_int;
    fn accel_test_poll(file: *mut c_void) -> c_int;
    fn accel_test_user_page() -> *mut c_void;
}

/// An open node, with a page of user memory for arguments.
///
/// # Invariants
///
/// `file` is an open file of ours; `page` is a page of the running test's user memory.
pub(crate) struct Node {
    file: *mut c_void,
    page: UserPtr,
}

impl Node {
    /// Opens `/dev/accelerator/accel<minor>` as a user.
    pub(crate) fn open_user(minor: u32) -> Result<Self> {
        Self::open(minor, flags::O_RDWR)
    }

    /// Opens `/dev/accelerator/accel<minor>` as an observer.
    pub(crate) fn open_observer(minor: u32) -> Result<Self> {
        Self::open(minor, flags::O_RDONLY)
    }

    fn open(minor: u32, flags: u32) -> Result<Self> {
        let path = CString::try_from_fmt(fmt!("/dev/accelerator/accel{minor}"))?;
        // SAFETY: Called by a test, in its thread.
        let page = unsafe { accel_test_user_page() };
        if page.is_null() {
            return Err(ENOMEM);
        }
        // SAFETY: The path is a C string.
        let file = from_err_ptr(unsafe { accel_test_open(path.as_char_ptr(), flags as c_int) })?;
        // INVARIANT: Both have just been obtained.
        Ok(Self {
            file,
            page: UserPtr::from_ptr(page),
        })
    }

    /// Calls an ioctl with some words, and returns what is left in them.
    pub(crate) fn ioctl<const N: usize>(&self, command: u32, words: [u32; N]) -> Result<[u32; N]> {
        let user = || UserSlice::new(self.page, size_of_val(&words));
        user().writer().write_slice(words.as_bytes())?;

        // SAFETY: The file is open, by the type invariants; the pointer is one of user space.
        let result = unsafe { accel_test_ioctl(self.file, command, self.page.as_mut_ptr()) };
        to_result(result)?;

        let mut words = words;
        user().reader().read_slice(words.as_mut_bytes())?;
        Ok(words)
    }
}

impl Node {
    /// Returns what `poll()` says at once, as `EPOLL*`.
    pub(crate) fn poll(&self) -> u32 {
        // SAFETY: The file is open, by the type invariants. CAST: A set of bits.
        unsafe { accel_test_poll(self.file) as u32 }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // SAFETY: The file is open, by the type invariants, and is given up.
        unsafe { accel_test_close(self.file) };
    }
}
