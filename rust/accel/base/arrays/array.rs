// SPDX-License-Identifier: GPL-2.0

//! The copy of an array that is in user space.

use core::mem::MaybeUninit;
use kernel::{
    prelude::*,
    uaccess::UserSlice, //
};

/// How many words need no memory of their own: those of a command of a device, say.
const FEW: usize = 16;

/// The copy of an array that is in user space.
///
/// # Invariants
///
/// The first `len` bytes of `words` are initialised.
pub struct Array {
    words: Words,
    /// In bytes.
    len: usize,
    /// Where it goes, if the handler fills it.
    result_at: Option<UserPtr>,
}

enum Words {
    Few([MaybeUninit<u64>; FEW]),
    Many(KVVec<u64>),
}

impl Array {
    // INVARIANT: There are none.
    pub(crate) const EMPTY: Self = Self {
        words: Words::Few([MaybeUninit::uninit(); FEW]),
        len: 0,
        result_at: None,
    };

    /// Makes one of `len` bytes, which are zero. Returns `ENOMEM`.
    pub(super) fn zeroed(len: usize, result_at: Option<UserPtr>) -> Result<Self> {
        let words = KVVec::from_elem(0, len.div_ceil(size_of::<u64>()), GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: There are as many.
        Ok(Self {
            words: Words::Many(words),
            len,
            result_at,
        })
    }

    /// Has `read` fill one that is empty, with `len` bytes: all of what it is given, if it
    /// succeeds. Returns `E2BIG` if there is no room for as many.
    #[inline]
    pub(super) fn fill(
        &mut self,
        len: usize,
        read: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result,
    ) -> Result {
        let Words::Few(words) = &mut self.words else {
            return Err(E2BIG);
        };
        // SAFETY: They are as many bytes, which need not be initialised.
        let bytes: &mut [MaybeUninit<u8>] = unsafe {
            core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), FEW * size_of::<u64>())
        };
        if len > 0 {
            read(bytes.get_mut(..len).ok_or(E2BIG)?)?;
        }
        // INVARIANT: So many were just initialised.
        self.len = len;
        Ok(())
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        let words = match &mut self.words {
            Words::Few(words) => words.as_mut_ptr().cast(),
            Words::Many(words) => words.as_mut_ptr().cast(),
        };
        // SAFETY: By the type invariants there are as many.
        unsafe { core::slice::from_raw_parts_mut(words, self.len) }
    }

    /// Writes it to user space, if the handler has filled it. To be called outside of the gate.
    pub(crate) fn write_back(&mut self) -> Result {
        match self.result_at {
            Some(user) => UserSlice::new(user, self.len)
                .writer()
                .write_slice(self.bytes_mut()),
            None => Ok(()),
        }
    }
}
