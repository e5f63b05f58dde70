// SPDX-License-Identifier: GPL-2.0

//! Memory of a process that a handler reads inside the gate, where no page fault is taken.
//!
//! If it is not at hand, the handler fails, and is called again when the memory has been brought,
//! with nothing of the driver in the call.

use kernel::prelude::*;

use super::{
    arrays::ARRAY_MAX,
    wait::Signals, //
};
use crate::sys::ffi;

/// Memory of a process that a handler reads.
#[derive(Clone, Copy)]
pub(crate) struct UserMemory {
    at: UserPtr,
    len: usize,
}

impl UserMemory {
    /// Returns that of `count` elements of `size` bytes, `stride` bytes apart, from `at` on.
    pub(crate) fn of_elements(at: u64, count: usize, stride: usize, size: usize) -> Result<Self> {
        if stride < size {
            return Err(EINVAL);
        }
        let before_last = count.saturating_sub(1).checked_mul(stride).ok_or(E2BIG)?;
        let last = if count == 0 { 0 } else { size };
        let len = before_last
            .checked_add(last)
            .filter(|len| *len <= ARRAY_MAX);
        let len = len.ok_or(E2BIG)?;
        let at = usize::try_from(at).map_err(|_| EFAULT)?;
        at.checked_add(len).ok_or(EFAULT)?;
        Ok(Self {
            at: UserPtr::from_addr(at),
            len,
        })
    }

    /// Reads into `to` from byte `offset` on, if that takes no page fault; `EFAULT` otherwise.
    pub(crate) fn read_nofault(self, offset: usize, to: &mut [u8]) -> Result {
        if offset
            .checked_add(to.len())
            .is_none_or(|end| end > self.len)
        {
            return Err(EFAULT);
        }
        ffi::read_user_nofault(to, self.at.wrapping_byte_add(offset))
    }

    /// Brings it, which may take as long as user space pleases. Returns `EFAULT` if it is not
    /// there, and `EINTR` if a signal has arrived.
    #[cold]
    pub(crate) fn bring(self) -> Result {
        if Signals::All.pending() {
            return Err(EINTR);
        }
        ffi::fault_in_readable(self.at, self.len)
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_user_memory)]
mod tests {
    use super::*;

    fn len(at: u64, count: usize, stride: usize, size: usize) -> Result<usize> {
        Ok(UserMemory::of_elements(at, count, stride, size)?.len)
    }

    #[test]
    fn from_the_first_element_to_the_last() {
        assert_eq!(len(0, 0, 8, 8), Ok(0));
        assert_eq!(len(0, 1, 100, 8), Ok(8));
        assert_eq!(len(0, 3, 8, 8), Ok(24));
        assert_eq!(len(0, 3, 100, 8), Ok(208));
        assert_eq!(len(0, 3, 7, 8), Err(EINVAL));
    }

    #[test]
    fn not_too_much() {
        assert_eq!(len(0, ARRAY_MAX, 1, 1), Ok(ARRAY_MAX));
        assert_eq!(len(0, ARRAY_MAX + 1, 1, 1), Err(E2BIG));
        assert_eq!(len(0, usize::MAX, 2, 1), Err(E2BIG));
        assert_eq!(len(0, 2, usize::MAX, 1), Err(E2BIG));
        assert_eq!(len(u64::MAX, 1, 8, 8), Err(EFAULT));
    }

    #[test]
    fn nothing_beyond_it_is_read() -> Result {
        let memory = UserMemory::of_elements(0, 1, 8, 8)?;
        assert_eq!(memory.read_nofault(1, &mut [0; 8]), Err(EFAULT));
        assert_eq!(memory.read_nofault(usize::MAX, &mut [0; 8]), Err(EFAULT));
        Ok(())
    }
}
