// SPDX-License-Identifier: GPL-2.0

//! The fences of a device, in the order in which they are to be signalled.

use kernel::{
    new_spinlock_irq,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SpinLockIrq, //
    },
};

use super::Fence;

/// Which fence of a device it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Id {
    context: u64,
    number: u64,
}

/// A fence that is not signalled.
///
/// # Invariants
///
/// It is one of ours, and nobody else signals it.
struct Pending {
    fence: ARef<Fence>,
    /// What to signal, as soon as it is the first of its timeline.
    result: Option<Result>,
}

impl Pending {
    /// Signals it, with `error` if its work is not done.
    fn signal(self, error: Error) {
        // SAFETY: By the type invariants this is a fence of ours that was not signalled, and as
        // this is consumed, that is so only once.
        unsafe { self.fence.signal(self.result.unwrap_or(Err(error))) };
    }
}

struct State {
    pending: RBTree<Id, Pending>,
    /// Why no work is done at present; `None` if some is.
    lost: Option<Error>,
}

impl State {
    /// Takes out the first fence of a timeline if it can be signalled.
    fn take_finished(&mut self, context: u64) -> Option<Pending> {
        let first = Id { context, number: 0 };
        let cursor = self.pending.cursor_lower_bound_mut(&first)?;
        let (id, pending) = cursor.current();
        if id.context != context || pending.result.is_none() {
            return None;
        }
        Some(cursor.remove_current().1.to_key_value().1)
    }

    /// Takes out the first of all fences.
    fn take_first(&mut self) -> Option<Pending> {
        let cursor = self.pending.cursor_front_mut()?;
        Some(cursor.remove_current().1.to_key_value().1)
    }
}

/// The fences of a device that are not signalled.
///
/// They are signalled while the list is locked, so that those of a timeline are in order.
#[pin_data(PinnedDrop)]
pub(crate) struct Fences {
    #[pin]
    state: SpinLockIrq<State>,
}

impl Fences {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_spinlock_irq!(State {
                pending: RBTree::new(),
                lost: None,
            }),
        })
    }

    /// Takes note of how the work of a fence has ended. It and those behind it on its timeline are
    /// signalled when all before it are.
    fn finish(&self, id: Id, result: Result) {
        let mut state = self.state.lock();
        // If it is not there, it was lost.
        let Some(pending) = state.pending.get_mut(&id) else {
            return;
        };
        pending.result = Some(result);
        while let Some(pending) = state.take_finished(id.context) {
            // It is finished, so the error is of no interest.
            pending.signal(ECANCELED);
        }
    }

    /// Signals what is left with `error`; and what is made from now on, until [`Self::reopen`].
    pub(crate) fn lose(&self, error: Error) {
        self.state.lock().lost = Some(error);
        // There may be many, and each wakes those who wait for it: not all of them without an
        // interrupt in between. None is added meanwhile.
        while self.lose_first(error) {}
    }

    /// Signals the first of all that are left with `error`. Returns whether there was one.
    fn lose_first(&self, error: Error) -> bool {
        let mut state = self.state.lock();
        let Some(pending) = state.take_first() else {
            return false;
        };
        pending.signal(error);
        true
    }

    /// Lets drivers signal again what is made from now on.
    pub(crate) fn reopen(&self) {
        self.state.lock().lost = None;
    }
}

#[pinned_drop]
impl PinnedDrop for Fences {
    fn drop(self: Pin<&mut Self>) {
        // There is something left only if a driver has forgotten fences of a device that was never
        // registered.
        self.lose(ENODEV);
    }
}

/// Fences that are signalled in the order in which they were made; usually one for each open file.
///
/// Whoever waits for one of them may take it that those before it are done, too.
///
/// # Examples
///
/// ```
/// use accel::{fence::Timeline, prelude::*};
///
/// fn two_in_order<T: AccelDriver>(dev: &Device<T>) -> Result {
///     let timeline = Timeline::new(dev);
///     let (first, second) = (timeline.fence()?, timeline.fence()?);
///     assert!(first.number() < second.number());
///     first.signal(Ok(()));
///     second.signal(Ok(()));
///     Ok(())
/// }
/// ```
pub struct Timeline {
    fences: Arc<Fences>,
    context: u64,
    last: Atomic<u64>,
}

impl Timeline {
    /// Makes a timeline of fences that belong to `fences`.
    pub(crate) fn of(fences: Arc<Fences>) -> Self {
        Self {
            fences,
            context: Fence::new_context(),
            last: Atomic::new(0),
        }
    }

    /// Makes a fence, which is behind all that were made before. Returns `ENOMEM`. May sleep.
    ///
    /// While the device is reset or wedged, or when it is gone, the fence is born signalled, with
    /// the error that [`DriverFence`] says.
    ///
    /// Once it is shown to others, they may wait for it in order to free memory. So get all memory
    /// that the work needs before that, and none until it is done.
    pub fn fence(&self) -> Result<DriverFence> {
        let memory = Fence::memory()?;
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;

        let mut state = self.fences.state.lock();
        // Only changed here, where the list is locked.
        let number = self.last.load(Relaxed) + 1;
        self.last.store(number, Relaxed);
        let id = Id {
            context: self.context,
            number,
        };
        let fence = Fence::new(memory, id.context, id.number);
        // INVARIANT: The fence is ours, and new.
        let pending = Pending {
            fence: fence.clone(),
            result: None,
        };
        match state.lost {
            Some(error) => pending.signal(error),
            None => {
                state.pending.insert(node.into_node(id, pending));
            }
        }
        drop(state);
        Ok(DriverFence {
            fences: self.fences.clone(),
            fence,
            id,
            result: Err(ECANCELED),
        })
    }
}

/// A fence in the hands of the driver that has to signal it.
///
/// If it is dropped instead, the fence is signalled with `ECANCELED`.
///
/// The framework signals it first if the work is lost: with `ECANCELED` if the device is reset,
/// with `EIO` if it is wedged, and with `ENODEV` if it goes. Then what happens to this has no
/// effect any more; see [`Self::is_lost`].
///
/// # Examples
///
/// ```
/// use accel::fence::{DriverFence, Timeline};
/// use kernel::prelude::*;
///
/// /// Does a job, and tells those who wait for it how it has ended.
/// fn run(timeline: &Timeline, job: impl FnOnce() -> Result) -> Result {
///     let done: DriverFence = timeline.fence()?;
///     done.signal(job());
///     Ok(())
/// }
/// ```
#[must_use = "the fence is signalled with an error when this is dropped"]
pub struct DriverFence {
    fences: Arc<Fences>,
    fence: ARef<Fence>,
    id: Id,
    result: Result,
}

impl DriverFence {
    /// Returns the fence, to be shown to others.
    pub fn fence(&self) -> &ARef<Fence> {
        &self.fence
    }

    /// Returns its number on its timeline: 1 for the first, and one more for each.
    pub fn number(&self) -> u64 {
        self.id.number
    }

    /// Returns whether `fence` is before it on its timeline: work that is done in the order of the
    /// timeline need not wait for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::Reserved, fence::{DriverFence, Fence}, prelude::*};
    /// # use kernel::sync::aref::ARef;
    /// /// Returns what a job has to wait for that is no other job of its queue.
    /// fn inputs(reserved: &Reserved<'_>, done: &DriverFence) -> Result<KVec<ARef<Fence>>> {
    ///     let mut inputs = reserved.pending()?;
    ///     inputs.retain(|fence| !done.follows(fence));
    ///     Ok(inputs)
    /// }
    /// ```
    pub fn follows(&self, fence: &Fence) -> bool {
        fence.context() == self.id.context && fence.number() < self.id.number
    }

    /// Returns whether the work is lost, as the device was reset, is wedged or goes.
    ///
    /// Work that is lost must not begin any more: others take it that it is over, and may have
    /// freed the memory. If it is under way, [`WorkOps::stop`](crate::WorkOps::stop) has
    /// ended it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::fence::DriverFence;
    /// /// Rings the doorbell for a job, unless a reset has come first.
    /// fn start(done: &DriverFence, ring: impl FnOnce()) {
    ///     if !done.is_lost() {
    ///         ring();
    ///     }
    /// }
    /// ```
    pub fn is_lost(&self) -> bool {
        self.fence.status().is_some()
    }

    /// Signals that the work is done, or why it was not. May be called from interrupt context.
    ///
    /// Others see it when all fences before it on its timeline are signalled.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::fence::DriverFence;
    /// # use kernel::prelude::*;
    /// /// What an interrupt does that tells how a job has ended.
    /// fn job_done(done: DriverFence, failed: bool) {
    ///     done.signal(match failed {
    ///         true => Err(EIO),
    ///         false => Ok(()),
    ///     });
    /// }
    /// ```
    pub fn signal(mut self, result: Result) {
        self.result = result;
    }
}

impl Drop for DriverFence {
    fn drop(&mut self) {
        self.fences.finish(self.id, self.result);
    }
}
