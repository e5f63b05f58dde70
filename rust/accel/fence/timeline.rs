// SPDX-License-Identifier: GPL-2.0

//! The fences of a device, in the order in which they are to be signalled.

use kernel::{
    bindings, new_spinlock_irq,
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
use crate::{
    device::Device,
    driver::AccelDriver, //
};

/// Which fence of a device it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Id {
    context: u64,
    number: u64,
}

/// A fence that is not signalled.
struct Pending {
    fence: ARef<Fence>,
    /// What to signal, as soon as it is the first of its timeline.
    result: Option<Result>,
}

struct State {
    pending: RBTree<Id, Pending>,
    closed: bool,
}

impl State {
    /// Takes out the first fence of a timeline if it can be signalled.
    fn take_finished(&mut self, context: u64) -> Option<(ARef<Fence>, Result)> {
        let first = Id { context, number: 0 };
        let cursor = self.pending.cursor_lower_bound_mut(&first)?;
        let (id, pending) = cursor.current();
        if id.context != context {
            return None;
        }
        let result = pending.result?;
        let (_, node) = cursor.remove_current();
        let (_, pending) = node.to_key_value();
        Some((pending.fence, result))
    }
}

/// The fences of a device that are not signalled.
///
/// They are signalled while the list is locked, so that those of a timeline are in order.
///
/// # Invariants
///
/// The fences in the list are ours, and are signalled only after they were taken out of it.
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
                closed: false,
            }),
        })
    }

    /// Takes note of how the work of a fence has ended. It and those behind it on its timeline are
    /// signalled when all before it are.
    fn finish(&self, id: Id, result: Result) {
        let mut state = self.state.lock();
        // If it is not there, the device has gone.
        let Some(pending) = state.pending.get_mut(&id) else {
            return;
        };
        pending.result = Some(result);
        while let Some((fence, result)) = state.take_finished(id.context) {
            // SAFETY: By the type invariants this is a fence of ours that was not signalled, and
            // nobody else can find it any more.
            unsafe { fence.signal(result) };
        }
    }

    /// Signals what is left with `ENODEV`. There will be no more.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let pending = core::mem::replace(&mut state.pending, RBTree::new());
        for pending in pending.values() {
            // SAFETY: As in `finish`.
            unsafe { pending.fence.signal(pending.result.unwrap_or(Err(ENODEV))) };
        }
        drop(state);
    }
}

#[pinned_drop]
impl PinnedDrop for Fences {
    fn drop(self: Pin<&mut Self>) {
        // There is something left only if a driver has forgotten fences of a device that was never
        // registered.
        self.close();
    }
}

/// Fences that are signalled in the order in which they were made; usually one for each open file.
///
/// Whoever waits for one of them may take it that those before it are done, too.
pub struct Timeline {
    fences: Arc<Fences>,
    context: u64,
    last: Atomic<u64>,
}

impl Timeline {
    /// Makes a timeline for work of `device`.
    pub fn new<T: AccelDriver>(device: &Device<T>) -> Self {
        Self::of(device.fences())
    }

    pub(super) fn of(fences: Arc<Fences>) -> Self {
        Self {
            fences,
            // SAFETY: May be called from any context.
            context: unsafe { bindings::dma_fence_context_alloc(1) },
            last: Atomic::new(0),
        }
    }

    /// Makes a fence, which is behind all that were made before.
    ///
    /// Returns `ENODEV` if the device is gone, and `ENOMEM`. May sleep.
    ///
    /// Once it is shown to others, they may wait for it in order to free memory. So get all memory
    /// that the work needs before that, and none until it is done.
    pub fn fence(&self) -> Result<DriverFence> {
        let memory = Fence::memory()?;
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;

        let mut state = self.fences.state.lock();
        if state.closed {
            return Err(ENODEV);
        }
        // Only changed here, where the list is locked.
        let number = self.last.load(Relaxed) + 1;
        self.last.store(number, Relaxed);
        let id = Id {
            context: self.context,
            number,
        };
        let fence = Fence::new(memory, id.context, id.number);
        let pending = Pending {
            fence: fence.clone(),
            result: None,
        };
        // INVARIANT: The fence is ours.
        state.pending.insert(node.into_node(id, pending));
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
/// If it is dropped instead, the fence is signalled with `ECANCELED`. If the device goes first, the
/// fence is signalled with `ENODEV`, and what happens to this has no effect any more.
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

    /// Signals that the work is done, or why it was not. May be called from interrupt context.
    ///
    /// Others see it when all fences before it on its timeline are signalled.
    pub fn signal(mut self, result: Result) {
        self.result = result;
    }
}

impl Drop for DriverFence {
    fn drop(&mut self) {
        self.fences.finish(self.id, self.result);
    }
}
