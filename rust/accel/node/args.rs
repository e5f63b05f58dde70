// SPDX-License-Identifier: GPL-2.0

//! The structure of an ioctl, on its way from user space to the handler.

use core::mem::MaybeUninit;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

use crate::{
    device::ops::ioctl::{
        Shape,
        ARGS_MAX, //
    },
    sys::ffi, //
};

/// Room for the structure of an ioctl while it runs, aligned for any.
pub(crate) struct ArgsBuffer(MaybeUninit<[u64; ARGS_MAX / size_of::<u64>()]>);

impl ArgsBuffer {
    #[inline]
    pub(crate) fn new() -> Self {
        Self(MaybeUninit::uninit())
    }

    /// Reads the structure at `arg`, if user space knows the same version of it, and nothing has
    /// to be done to reach it. Returns `None` otherwise. Does not sleep.
    #[inline]
    pub(crate) fn read_nofault(&mut self, shape: Shape, arg: UserPtr) -> Option<&mut [u8]> {
        ffi::copy_from_user_nofault(self.room(shape), arg).ok()?;
        // SAFETY: Having succeeded, the function has initialised all of the room.
        let bytes = unsafe { self.assume_init(shape) };
        let user_size = u32::read_from_prefix(bytes).ok()?.0;
        (user_size == shape.size).then_some(bytes)
    }

    /// Reads the structure at `arg`. Returns it, and how much of it both sides know.
    #[cold]
    pub(crate) fn read(&mut self, shape: Shape, arg: UserPtr) -> Result<(&mut [u8], usize)> {
        let user_size = ffi::get_user_u32(arg)?;
        let known = known_size(user_size, shape.min_size, shape.size)?;

        // CAST: `known_size` has bounded it by the size of a page.
        ffi::copy_struct_from_user(self.room(shape), arg, user_size as usize)?;
        // SAFETY: Having succeeded, the function has initialised all of the room.
        let bytes = unsafe { self.assume_init(shape) };
        // User space may have changed the size between the two reads.
        bytes[..size_of::<u32>()].copy_from_slice(&user_size.to_ne_bytes());
        Ok((bytes, known))
    }

    #[inline]
    fn room(&mut self, shape: Shape) -> &mut [MaybeUninit<u8>] {
        let room = self.0.as_mut_ptr().cast();
        // SAFETY: By the invariant of `Shape`, its size is at most that of the buffer.
        unsafe { core::slice::from_raw_parts_mut(room, shape.size as usize) }
    }

    /// # Safety
    ///
    /// The room for a structure of this shape must have been initialised.
    #[inline]
    unsafe fn assume_init(&mut self, shape: Shape) -> &mut [u8] {
        let bytes = self.0.as_mut_ptr().cast();
        // SAFETY: Same requirements; for the size, see `room`.
        unsafe { core::slice::from_raw_parts_mut(bytes, shape.size as usize) }
    }
}

/// Decides how much of a structure of `user_size` bytes is read, where the kernel knows structures
/// of `min_size` to `size` bytes.
fn known_size(user_size: u32, min_size: u32, size: u32) -> Result<usize> {
    if user_size < min_size {
        return Err(EINVAL);
    }
    // As with copy_struct_from_user(): nobody has to look through more than a page of zeros.
    if user_size as usize > PAGE_SIZE {
        return Err(E2BIG);
    }
    Ok(user_size.min(size) as usize)
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_args)]
mod tests {
    use super::*;

    #[test]
    fn sizes_below_the_first_version() {
        assert_eq!(known_size(0, 16, 24), Err(EINVAL));
        assert_eq!(known_size(15, 16, 24), Err(EINVAL));
    }

    #[test]
    fn sizes_between_the_versions() {
        assert_eq!(known_size(16, 16, 24), Ok(16));
        assert_eq!(known_size(20, 16, 24), Ok(20));
        assert_eq!(known_size(24, 16, 24), Ok(24));
    }

    #[test]
    fn sizes_above_this_version() {
        assert_eq!(known_size(25, 16, 24), Ok(24));
        assert_eq!(known_size(PAGE_SIZE as u32, 16, 24), Ok(24));
        assert_eq!(known_size(PAGE_SIZE as u32 + 1, 16, 24), Err(E2BIG));
        assert_eq!(known_size(u32::MAX, 16, 24), Err(E2BIG));
    }
}
