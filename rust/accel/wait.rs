// SPDX-License-Identifier: GPL-2.0

//! Sleeping until a condition holds, where checking the condition may itself sleep or lock.

use kernel::{
    bindings,
    current,
    ffi::c_long,
    prelude::*,
    static_lock_class,
    task::Task,
    time::{
        msecs_to_jiffies,
        Instant,
        Jiffies,
        Monotonic,
        Msecs, //
    },
    types::Opaque, //
};

use crate::ffi;

/// A time in the future by which something has to happen.
#[derive(Clone, Copy)]
pub struct Deadline {
    begin: Instant<Monotonic>,
    timeout_ms: Msecs,
}

impl Deadline {
    /// The longest time that [`Self::in_ms`] looks ahead: one day.
    pub const MAX_MS: Msecs = 24 * 60 * 60 * 1000;

    /// Returns the time in `timeout_ms` milliseconds, or in a day if that is less.
    pub fn in_ms(timeout_ms: Msecs) -> Self {
        Self {
            begin: Instant::now(),
            timeout_ms: timeout_ms.min(Self::MAX_MS),
        }
    }

    /// Returns how many jiffies are left, zero if the time has come.
    pub(crate) fn left(&self) -> Jiffies {
        match i64::from(self.timeout_ms) - self.begin.elapsed().as_millis() {
            // CAST: At most `MAX_MS`. The current jiffy is partly over, so it does not count.
            left_ms @ 1.. => msecs_to_jiffies(left_ms as Msecs) + 1,
            _ => 0,
        }
    }
}

/// What ends a sleep early.
#[derive(Clone, Copy)]
pub(crate) enum Signals {
    /// Any signal. When the system goes to sleep, that only makes the sleep longer: the task must
    /// not hold a lock.
    All,
    /// Only one that ends the process.
    Fatal,
    /// None.
    None,
}

impl Signals {
    /// Returns whether the current task has received such a signal.
    pub(crate) fn pending(self) -> bool {
        match self {
            Self::All => current!().signal_pending(),
            Self::Fatal => ffi::is_being_killed(),
            Self::None => false,
        }
    }

    /// Returns the state of a task that sleeps so.
    const fn task_state(self) -> u32 {
        match self {
            Self::All => bindings::TASK_INTERRUPTIBLE | bindings::TASK_FREEZABLE,
            Self::Fatal => bindings::TASK_KILLABLE,
            Self::None => bindings::TASK_IDLE,
        }
    }
}

/// A queue of sleeping tasks and pollers.
///
/// # Invariants
///
/// `head` holds an initialised `struct wait_queue_head`.
#[pin_data]
pub(crate) struct WaitQueue {
    #[pin]
    head: Opaque<bindings::wait_queue_head>,
}

// SAFETY: A wait queue has a lock of its own and may be used from any thread.
unsafe impl Send for WaitQueue {}
// SAFETY: As above.
unsafe impl Sync for WaitQueue {}

impl WaitQueue {
    /// Creates an empty queue.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            // INVARIANT: The C function initialises the whole structure.
            head <- Opaque::ffi_init(|head| {
                // SAFETY: `head` is valid for writes and stays where it is; the name and the key
                // are static.
                unsafe {
                    bindings::__init_waitqueue_head(
                        head,
                        c"accel_wait_queue".as_char_ptr(),
                        static_lock_class!().as_ptr(),
                    )
                }
            }),
        })
    }

    /// Returns the C side, for `poll_wait()`.
    pub(crate) fn as_raw(&self) -> *mut bindings::wait_queue_head {
        self.head.get()
    }

    /// Wakes everybody. May be called from interrupt context.
    pub(crate) fn wake_all(&self) {
        // SAFETY: `head` is initialised by the type invariant.
        unsafe {
            bindings::__wake_up(
                self.head.get(),
                bindings::TASK_NORMAL,
                0,
                core::ptr::null_mut(),
            )
        };
    }

    /// Wakes everybody, at less cost than [`Self::wake_all`] if there is nobody. May be called from
    /// interrupt context.
    ///
    /// The caller must hold a lock under which it has made the condition true. Who waits must
    /// have queued before it takes that lock to check the condition.
    pub(crate) fn wake_all_locked(&self) {
        let head = self.head.get();
        // By the requirements, either who is about to queue sees the condition, or this the entry.
        //
        // SAFETY: `head` is initialised by the type invariant. The list may be changing, but a
        // pointer is read as a whole.
        let is_empty = unsafe {
            let list = &raw mut (*head).head;
            (&raw const (*list).next).read_volatile() == list
        };
        if !is_empty {
            self.wake_all();
        }
    }

    /// Queues the current task. Wake-ups count from now on, also those that come before
    /// [`Waiter::sleep`].
    pub(crate) fn waiter(&self) -> impl PinInit<Waiter<'_>> {
        pin_init!(&this in Waiter {
            queue: self,
            // INVARIANT: The entry is queued by the block below, which cannot fail.
            entry: Opaque::new(bindings::wait_queue_entry {
                flags: 0,
                private: Task::current_raw().cast(),
                func: Some(bindings::woken_wake_function),
                entry: Default::default(),
            }),
            _: {
                // SAFETY: The entry has just been initialised, is pinned, and is taken off the
                // queue before it is freed; `head` is initialised by the type invariant.
                unsafe {
                    bindings::add_wait_queue(
                        self.head.get(),
                        Opaque::cast_into(&raw const (*this.as_ptr()).entry),
                    )
                };
            },
        })
    }
}

/// The current task's place in a [`WaitQueue`].
///
/// # Invariants
///
/// `entry` is on `queue`, and its task is the one that created it.
#[pin_data(PinnedDrop)]
pub(crate) struct Waiter<'a> {
    queue: &'a WaitQueue,
    #[pin]
    entry: Opaque<bindings::wait_queue_entry>,
}

impl Waiter<'_> {
    /// Sleeps until woken, interrupted or timed out, unless a wake-up has come since the last
    /// call.
    pub(crate) fn sleep(self: Pin<&Self>, signals: Signals, timeout: Jiffies) {
        // CAST: Callers bound their timeouts far below `c_long::MAX`.
        self.sleep_as(signals, timeout as c_long);
    }

    /// Sleeps until woken or interrupted, unless a wake-up has come since the last call.
    pub(crate) fn sleep_long(self: Pin<&Self>, signals: Signals) {
        self.sleep_as(signals, c_long::MAX);
    }

    fn sleep_as(self: Pin<&Self>, signals: Signals, timeout: c_long) {
        // SAFETY: The entry is initialised and belongs to the current task: `Waiter` is neither
        // `Send` nor `Sync`.
        unsafe { bindings::wait_woken(self.entry.get(), signals.task_state(), timeout) };
    }
}

#[pinned_drop]
impl PinnedDrop for Waiter<'_> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant the entry is on this queue.
        unsafe { bindings::remove_wait_queue(self.queue.as_raw(), self.entry.get()) };
    }
}
