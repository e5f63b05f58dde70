// SPDX-License-Identifier: GPL-2.0

//! What buffers have of a device, from which they detach before the device is unbound.

use kernel::{
    new_mutex,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        Arc,
        Mutex, //
    },
};

/// Something that uses a device.
pub(crate) trait Detach: Send + Sync {
    /// Gives up what it has of the device. May sleep; has no effect when called again.
    fn detach(&self);
}

/// The things of one kind that use a device.
///
/// Each has an owner who takes it out once it is detached. Those that have not come so far by the
/// time the device goes are detached by [`Self::detach_all`], under the hands of their owners.
#[pin_data]
pub(crate) struct Registry<T> {
    /// By their addresses.
    #[pin]
    entries: Mutex<RBTree<usize, Arc<T>>>,
}

impl<T> Registry<T> {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            entries <- new_mutex!(RBTree::new()),
        })
    }

    fn key(entry: &T) -> usize {
        core::ptr::from_ref(entry).addr()
    }

    /// Adds an entry, unless it is there.
    pub(crate) fn insert(&self, entry: &Arc<T>) -> Result {
        let node = RBTreeNode::new(Self::key(entry), entry.clone(), GFP_KERNEL_ACCOUNT)?;
        let before = self.entries.lock().insert(node);
        // Not to be dropped with the lock held.
        drop(before);
        Ok(())
    }

    /// Takes an entry out that has nothing of the device any more.
    pub(crate) fn remove(&self, entry: &T) {
        // Not to be dropped with the lock held.
        let removed = self.entries.lock().remove(&Self::key(entry));
        drop(removed);
    }

    /// Returns the entry with the smallest key, of those that `f` has one for.
    pub(crate) fn first_by_key<K: Ord>(&self, f: impl Fn(&T) -> Option<K>) -> Option<(K, Arc<T>)> {
        let entries = self.entries.lock();
        let keyed = entries
            .values()
            .filter_map(|entry| Some((f(entry)?, entry)));
        let (key, entry) = keyed.min_by(|(a, _), (b, _)| a.cmp(b))?;
        Some((key, entry.clone()))
    }

    /// Takes all entries out. Nobody may add another one.
    pub(crate) fn take_all(&self) -> RBTree<usize, Arc<T>> {
        core::mem::replace(&mut *self.entries.lock(), RBTree::new())
    }

    /// Calls `f` for all entries, without the lock.
    pub(crate) fn for_each(&self, f: impl Fn(&T)) {
        let mut next = 0;
        while let Some(entry) = self.first_from(next) {
            f(&entry);
            next = Self::key(&entry) + 1;
        }
    }

    /// Returns the entry with the lowest address, of those from `address` on.
    fn first_from(&self, address: usize) -> Option<Arc<T>> {
        let entries = self.entries.lock();
        let cursor = entries.cursor_lower_bound(&address)?;
        let (_, entry) = cursor.current();
        Some(entry.clone())
    }
}

impl<T: Detach> Registry<T> {
    /// Detaches all entries. Nobody may add another one.
    pub(crate) fn detach_all(&self) {
        let mut locked = self.entries.lock();
        // So with most buffers: no need to walk and drop an empty tree.
        if locked.is_empty() {
            return;
        }
        let entries = core::mem::replace(&mut *locked, RBTree::new());
        drop(locked);
        for entry in entries.values() {
            entry.detach();
        }
    }
}
