// SPDX-License-Identifier: GPL-2.0

//! Eventfds: how a process is told of something without asking.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*, //
};

/// An eventfd of a process: a reference to a `struct eventfd_ctx`.
///
/// The process may close its descriptor; what is signalled from then on, nobody sees.
///
/// # Invariants
///
/// Owns a reference to a valid `struct eventfd_ctx`.
///
/// # Examples
///
/// ```
/// use accel::EventFd;
/// use kernel::{prelude::*, sync::SpinLockIrq};
///
/// #[pin_data]
/// struct Vector {
///     /// What is signalled when this vector interrupts.
///     #[pin]
///     eventfd: SpinLockIrq<Option<EventFd>>,
/// }
///
/// impl Vector {
///     fn interrupt(&self) {
///         if let Some(eventfd) = &*self.eventfd.lock() {
///             eventfd.signal();
///         }
///     }
/// }
/// ```
pub struct EventFd(NonNull<bindings::eventfd_ctx>);

// SAFETY: An eventfd is reference-counted and may be used from any thread.
unsafe impl Send for EventFd {}
// SAFETY: It has a lock of its own.
unsafe impl Sync for EventFd {}

impl EventFd {
    /// Returns the eventfd of the current process that has this descriptor. Returns `EBADF` if
    /// there is none, `EINVAL` if it is something else.
    #[inline(never)]
    pub(crate) fn get(fd: i32) -> Result<Self> {
        // SAFETY: Any number may be tried.
        let context = from_err_ptr(unsafe { bindings::eventfd_ctx_fdget(fd) })?;
        // INVARIANT: The function has taken a reference for us.
        NonNull::new(context).map(Self).ok_or(EBADF)
    }

    /// Adds one to its count, and wakes those who wait for that. May be called in any context.
    ///
    /// In an interrupt, that takes as long as there are waiters, and whoever has given the eventfd
    /// decides how many there are. So a driver takes one from users only: see
    /// [`Context::eventfd`](crate::Context::eventfd).
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::EventFd;
    ///
    /// fn job_done(eventfd: Option<&EventFd>) {
    ///     if let Some(eventfd) = eventfd {
    ///         eventfd.signal();
    ///     }
    /// }
    /// ```
    #[inline(never)]
    pub fn signal(&self) {
        // SAFETY: The eventfd is valid by the type invariants.
        unsafe { bindings::eventfd_signal_mask(self.0.as_ptr(), 0) };
    }
}

impl Drop for EventFd {
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference, which is given up.
        unsafe { bindings::eventfd_ctx_put(self.0.as_ptr()) };
    }
}
