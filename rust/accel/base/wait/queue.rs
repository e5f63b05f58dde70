// SPDX-License-Identifier: GPL-2.0

//! Queues of sleeping tasks, and the place of a task in them.

use kernel::{
    alloc::Flags,
    bindings,
    ffi::{
        c_int,
        c_long,
        c_uint,
        c_void, //
    },
    prelude::*,
    static_lock_class,
    sync::{
        barrier::{
            smp_mb,
            Full, //
        },
        Arc, //
    },
    task::Task,
    time::Jiffies,
    types::Opaque, //
};
use pin_init::stack_pin_init;

use super::Signals;

impl Signals {
    /// Returns the state of a task that sleeps so.
    ///
    /// None of them is frozen where it sleeps, in the code of a driver, whose module it would keep
    /// for as long.
    const fn task_state(self) -> u32 {
        match self {
            Self::All => bindings::TASK_INTERRUPTIBLE,
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
                // SAFETY: `head` is valid for writes and stays where it is.
                unsafe { Self::init(head) }
            }),
        })
    }

    /// Initialises the C side.
    ///
    /// Never a part of a driver, as what calls it may be: lockdep warns if a key comes with names
    /// at different addresses.
    ///
    /// # Safety
    ///
    /// `head` must be valid for writes, and must stay where it is.
    #[inline(never)]
    unsafe fn init(head: *mut bindings::wait_queue_head) {
        let class = static_lock_class!().as_ptr();
        // SAFETY: Same requirements; the name and the key are static.
        unsafe {
            bindings::__init_waitqueue_head(head, c"accel_wait_queue".as_char_ptr(), class);
        }
    }

    /// Returns the C side, for `poll_wait()`.
    pub(crate) fn as_raw(&self) -> *mut bindings::wait_queue_head {
        self.head.get()
    }

    /// Returns whether there is anybody to wake. May be called from interrupt context.
    ///
    /// The caller must have made the condition true before. Whoever waits must have queued before
    /// it checks the condition, with a full barrier in between, as `poll_wait()` and
    /// [`Self::with_waiter`] have it.
    pub(crate) fn has_sleepers(&self) -> bool {
        // Either whoever is about to queue sees the condition, or this the entry.
        smp_mb(Full);
        let head = self.head.get();
        // SAFETY: `head` is initialised by the type invariant. The list may be changing, but a
        // pointer is read as a whole.
        unsafe {
            let list = &raw mut (*head).head;
            (&raw const (*list).next).read_volatile() != list
        }
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

    /// Calls `f`, which sleeps as the current task, queued here. Wake-ups count from now on, also
    /// those that come before [`Waiter::sleep`].
    pub(crate) fn with_waiter<V>(&self, f: impl FnOnce(Pin<&Waiter<'_>>) -> V) -> V {
        stack_pin_init!(let waiter = Waiter::new(self));
        f(waiter.as_ref())
    }

    /// As [`Self::with_waiter`], queued in `other`, too, whose wake-ups count as those of this
    /// queue.
    pub(crate) fn with_waiter_in_both<V>(
        &self,
        other: &WaitQueue,
        f: impl FnOnce(Pin<&Waiter<'_>>) -> V,
    ) -> V {
        stack_pin_init!(let waiter = Waiter::new(self));
        stack_pin_init!(let _forwarding = waiter.as_ref().forward_from(other));
        f(waiter.as_ref())
    }

    /// Queues an entry. A full barrier follows.
    fn enqueue(&self, entry: bindings::wait_queue_entry) -> impl PinInit<QueueEntry<'_>> {
        pin_init!(&this in QueueEntry {
            queue: self,
            // INVARIANT: The entry is queued by the block below, which cannot fail.
            entry: Opaque::new(entry),
            _: {
                // SAFETY: The entry has just been initialised, is pinned, and is taken off the
                // queue before it is freed; `head` is initialised by the type invariant.
                unsafe {
                    bindings::add_wait_queue(
                        self.head.get(),
                        Opaque::cast_into(&raw const (*this.as_ptr()).entry),
                    )
                };
                smp_mb(Full);
            },
        })
    }
}

/// An entry in a [`WaitQueue`].
///
/// # Invariants
///
/// `entry` is initialised, and is on `queue`.
#[pin_data(PinnedDrop)]
struct QueueEntry<'a> {
    queue: &'a WaitQueue,
    #[pin]
    entry: Opaque<bindings::wait_queue_entry>,
}

#[pinned_drop]
impl PinnedDrop for QueueEntry<'_> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant the entry is on this queue.
        unsafe { bindings::remove_wait_queue(self.queue.as_raw(), self.entry.get()) };
    }
}

/// The current task as a waiter in a [`WaitQueue`]. Only lives on the stack of the task, where it
/// cannot be forgotten: see [`WaitQueue::with_waiter`].
///
/// # Invariants
///
/// The entry of `queued` is one of `woken_wake_function()`, for the task that created it.
#[pin_data]
pub(crate) struct Waiter<'a> {
    #[pin]
    queued: QueueEntry<'a>,
}

impl<'a> Waiter<'a> {
    fn new(queue: &'a WaitQueue) -> impl PinInit<Self> {
        let entry = bindings::wait_queue_entry {
            flags: 0,
            private: Task::current_raw().cast(),
            func: Some(bindings::woken_wake_function),
            entry: Default::default(),
        };
        // INVARIANT: The entry is as it has to be.
        pin_init!(Self {
            queued <- queue.enqueue(entry),
        })
    }

    /// Queues an entry in another queue, whose wake-ups are forwarded to the waiter.
    fn forward_from<'b>(
        self: Pin<&'b Self>,
        queue: &'b WaitQueue,
    ) -> impl PinInit<ForwardingEntry<'b>> {
        let entry = bindings::wait_queue_entry {
            flags: 0,
            private: self.queued.entry.get().cast(),
            func: Some(wake_first),
            entry: Default::default(),
        };
        // INVARIANT: The entry refers to that of a waiter, which is pinned and borrowed.
        pin_init!(ForwardingEntry {
            _queued <- queue.enqueue(entry),
            _waiter: self,
        })
    }

    /// Returns the C side, for [`wake_first`].
    pub(super) fn raw_entry(self: Pin<&Self>) -> *mut bindings::wait_queue_entry {
        self.get_ref().queued.entry.get()
    }

    /// Sleeps until woken, interrupted or timed out, unless a wake-up has come since the last
    /// call. Returns how much of the time was left.
    pub(crate) fn sleep(self: Pin<&Self>, signals: Signals, timeout: Jiffies) -> Jiffies {
        // CAST: Callers bound their timeouts far below `c_long::MAX`. What is left is not negative.
        self.sleep_as(signals, timeout as c_long) as Jiffies
    }

    /// Sleeps until woken or interrupted, unless a wake-up has come since the last call.
    pub(crate) fn sleep_long(self: Pin<&Self>, signals: Signals) {
        self.sleep_as(signals, c_long::MAX);
    }

    fn sleep_as(self: Pin<&Self>, signals: Signals, timeout: c_long) -> c_long {
        // SAFETY: By the type invariant the entry is one for this function. It belongs to the
        // current task: `Waiter` is neither `Send` nor `Sync`.
        unsafe { bindings::wait_woken(self.queued.entry.get(), signals.task_state(), timeout) }
    }
}

/// An entry in a second queue that wakes a [`Waiter`]. Only lives on the stack, as the waiter does.
///
/// # Invariants
///
/// The entry of `_queued` is one of [`wake_first`], and refers to that of `_waiter`.
#[pin_data]
struct ForwardingEntry<'a> {
    #[pin]
    _queued: QueueEntry<'a>,
    _waiter: Pin<&'a Waiter<'a>>,
}

/// Wakes a task by the entry that it looks at when it sleeps.
///
/// # Safety
///
/// To be called by the functions of wait queues, for the entry of a [`ForwardingEntry`], or of
/// another that refers to the entry of a waiter and leaves its queue before that does.
pub(super) unsafe extern "C" fn wake_first(
    entry: *mut bindings::wait_queue_entry,
    mode: c_uint,
    flags: c_int,
    key: *mut c_void,
) -> c_int {
    // SAFETY: By the safety requirements, this refers to the entry of a waiter. It
    // is not freed meanwhile: for that, the entry at hand has to leave its queue, which is locked.
    unsafe {
        let first = (*entry).private.cast();
        bindings::woken_wake_function(first, mode, flags, key)
    }
}

/// Those who wait for the same thing, such as a job or an engine, in
/// [`Context::wait_in`](crate::Context::wait_in): a queue of the driver's own.
///
/// To wake it costs as much as it has waiters, whoever else waits for something on the device. A
/// clone is the same queue.
#[derive(Clone)]
pub struct Waiters(Arc<WaitQueue>);

impl Waiters {
    /// Makes a queue. Returns `ENOMEM` if there is no memory for it.
    pub fn new(flags: Flags) -> Result<Self> {
        Ok(Self(Arc::pin_init(WaitQueue::new(), flags)?))
    }

    /// Makes all of them check their condition again. May be called from interrupt context.
    #[inline(never)]
    pub fn wake(&self) {
        self.0.wake_all();
    }

    pub(crate) fn queue(&self) -> &WaitQueue {
        &self.0
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_wait_queue)]
mod tests {
    use super::*;

    /// Long enough to be told from what is woken, but not for ever.
    const LONG: Jiffies = 1000;

    /// Returns whether a sleep ends because of a wake-up that has come before.
    fn is_woken(waiter: Pin<&Waiter<'_>>) -> bool {
        waiter.sleep(Signals::None, LONG) == LONG
    }

    fn times_out(waiter: Pin<&Waiter<'_>>) -> bool {
        waiter.sleep(Signals::None, 1) == 0
    }

    #[test]
    fn a_wake_up_before_the_sleep_counts_once() {
        stack_pin_init!(let queue = WaitQueue::new());
        queue.wake_all();
        queue.with_waiter(|waiter| {
            assert!(times_out(waiter));
            queue.wake_all();
            assert!(is_woken(waiter));
            assert!(times_out(waiter));
        });
    }

    #[test]
    fn either_of_two_queues_wakes() {
        stack_pin_init!(let first = WaitQueue::new());
        stack_pin_init!(let second = WaitQueue::new());
        first.with_waiter_in_both(&second, |waiter| {
            second.wake_all();
            assert!(is_woken(waiter));
            first.wake_all();
            assert!(is_woken(waiter));
            first.wake_all();
            second.wake_all();
            assert!(is_woken(waiter));
            assert!(times_out(waiter));
        });
        assert!(!first.has_sleepers());
        assert!(!second.has_sleepers());
    }

    #[test]
    fn a_queue_knows_whether_there_is_somebody() {
        stack_pin_init!(let queue = WaitQueue::new());
        assert!(!queue.has_sleepers());
        queue.with_waiter(|_| assert!(queue.has_sleepers()));
        assert!(!queue.has_sleepers());
    }

    #[test]
    fn a_clone_is_the_same_queue() -> Result {
        let waiters = Waiters::new(GFP_KERNEL)?;
        waiters.queue().with_waiter(|waiter| {
            waiters.clone().wake();
            assert!(is_woken(waiter));
        });
        Ok(())
    }
}
