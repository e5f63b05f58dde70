// SPDX-License-Identifier: GPL-2.0

//! Code that must get on for a fence to be signalled.

#[cfg(CONFIG_LOCKDEP)]
use kernel::bindings;
use kernel::types::NotThreadSafe;

/// Marks a section of code that a fence depends on, from [`Self::begin`] until this is dropped.
///
/// Others may wait for the fence in order to free memory, with reservations locked, and inside the
/// locks of an address space. So the section must neither allocate memory, other than with
/// `GFP_ATOMIC`, nor take any of these locks, nor one under which others do. Lockdep reports a
/// section that does, as soon as it runs once; without lockdep, this costs nothing.
///
/// The framework marks interrupts, [`AccelDriver::background`], [`AccelDriver::stop`] and what
/// leads to these. A driver marks what it signals fences in beside them, such as a thread of its
/// own.
///
/// [`AccelDriver::background`]: crate::AccelDriver::background
/// [`AccelDriver::stop`]: crate::AccelDriver::stop
#[must_use = "the section ends when this is dropped"]
pub struct Signalling {
    #[cfg(CONFIG_LOCKDEP)]
    cookie: bool,
    // To lockdep, the section is a lock of the task that began it.
    _not_send: NotThreadSafe,
}

impl Signalling {
    /// Begins a section. Sections can be nested.
    #[inline(always)]
    pub fn begin() -> Self {
        Self {
            // SAFETY: May be called in any context; the cookie is given back when this is dropped.
            #[cfg(CONFIG_LOCKDEP)]
            cookie: unsafe { bindings::dma_fence_begin_signalling() },
            _not_send: NotThreadSafe,
        }
    }
}

#[cfg(CONFIG_LOCKDEP)]
impl Drop for Signalling {
    fn drop(&mut self) {
        // SAFETY: The cookie is that of the section, which this task began.
        unsafe { bindings::dma_fence_end_signalling(self.cookie) };
    }
}
