// SPDX-License-Identifier: GPL-2.0

//! A user of a node, in a KUnit thread.

use core::ptr::NonNull;
use kernel::{
    error::to_result,
    ffi::{
        c_char,
        c_int,
        c_uint, //
    },
    fs::file::flags,
    prelude::*,
    str::CString,
    types::Opaque,
    uaccess::UserSlice, //
};

use crate::owned::{
    Owned,
    Owner,
    Returned, //
};

/// `struct file`, which is opaque here.
#[repr(C)]
struct RawFile {
    _opaque: Opaque<[u8; 0]>,
}

// SAFETY: These are the functions of `node.h`. Those that are safe take any open file, and any
// address of user space.
unsafe extern "C" {
    fn accel_test_open(path: *const c_char, flags: c_int) -> Returned<RawFile>;
    fn accel_test_close(file: NonNull<RawFile>);
    safe fn accel_test_ioctl(file: &RawFile, cmd: c_uint, arg: *mut c_void) -> c_int;
    safe fn accel_test_poll(file: &RawFile) -> c_int;
    safe fn accel_test_shut_down(file: &RawFile);
    fn accel_test_user_page() -> *mut c_void;
}

// SAFETY: Gives up the reference to the file that the function opens.
unsafe impl Owner for RawFile {
    const END: unsafe extern "C" fn(NonNull<Self>) = accel_test_close;
}

/// An open node, with a page of user memory of the running test for arguments.
pub(crate) struct Node {
    file: Owned<RawFile>,
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

    /// Opens `/dev/accelerator/accel<minor>` with the flags of `open()`.
    pub(crate) fn open(minor: u32, flags: u32) -> Result<Self> {
        let path = CString::try_from_fmt(fmt!("/dev/accelerator/accel{minor}"))?;
        // SAFETY: Called by a test, in its thread.
        let page = unsafe { accel_test_user_page() };
        if page.is_null() {
            return Err(ENOMEM);
        }
        // SAFETY: The path is a C string.
        let file = unsafe { accel_test_open(path.as_char_ptr(), flags as c_int) };
        Ok(Self {
            file: file.owned()?,
            page: UserPtr::from_ptr(page),
        })
    }

    /// Calls an ioctl with some words, and returns what is left in them.
    pub(crate) fn ioctl<const N: usize>(&self, command: u32, words: [u32; N]) -> Result<[u32; N]> {
        let user = || UserSlice::new(self.page, size_of_val(&words));
        user().writer().write_slice(words.as_bytes())?;

        to_result(accel_test_ioctl(
            &self.file,
            command,
            self.page.as_mut_ptr(),
        ))?;

        let mut words = words;
        user().reader().read_slice(words.as_mut_bytes())?;
        Ok(words)
    }
}

impl Node {
    /// Returns what `poll()` says at once, as `EPOLL*`.
    pub(crate) fn poll(&self) -> u32 {
        // CAST: A set of bits.
        accel_test_poll(&self.file) as u32
    }

    /// Has the device cease to work as when the system shuts down. It must be there.
    pub(crate) fn shut_down(&self) {
        accel_test_shut_down(&self.file);
    }
}
