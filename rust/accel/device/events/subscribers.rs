// SPDX-License-Identifier: GPL-2.0

//! Who has subscribed to the events of a device, and how many may.
//!
//! Anybody who may look at a device may subscribe, and each subscriber makes the thread longer that
//! tells them of an event. So there is a limit for each user, and one for all.

use kernel::{
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::Arc, //
};

use super::FileEvents;
use crate::{
    device::file::OpenFile,
    sys::ffi, //
};

/// How many open files of a user may subscribe to a device, and how many altogether; they are
/// documented in `include/uapi/accel/accel.h`.
const MAX_PER_USER: usize = 4096;
const MAX: usize = 65536;

/// How many are taken out at a time.
const BATCH: usize = 16;

/// The user, and the number of the open file.
type Key = (u32, u64);

fn key_of(file: &OpenFile) -> Key {
    (file.client.raw_uid(), file.id)
}

/// Those who get the events of a device.
pub(super) struct Subscribers {
    entries: RBTree<Key, Arc<FileEvents>>,
    count: usize,
    /// The highest number of a file that ever subscribed.
    newest: u64,
}

/// Memory for one more subscriber. Charged to the current process.
pub(super) struct NodeReservation(RBTreeNodeReservation<Key, Arc<FileEvents>>);

impl NodeReservation {
    pub(super) fn new() -> Result<Self> {
        Ok(Self(RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?))
    }
}

/// Some of the subscribers, and where they end.
pub(super) struct Group {
    pub(super) entries: [Option<Arc<FileEvents>>; BATCH],
    /// `None` if there are none.
    pub(super) last: Option<Key>,
}

impl Subscribers {
    pub(super) fn new() -> Self {
        Self {
            entries: RBTree::new(),
            count: 0,
            newest: 0,
        }
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> u32 {
        // CAST: There cannot be as many open files.
        self.count as u32
    }

    /// Adds a file, unless it is there already; gives the memory back then. Returns `ENOMEM` if
    /// there are too many. Those who may exceed limits may exceed this one.
    pub(super) fn add(
        &mut self,
        file: &OpenFile,
        node: NodeReservation,
    ) -> Result<Option<NodeReservation>> {
        let key = key_of(file);
        if self.entries.get(&key).is_some() {
            return Ok(Some(node));
        }
        let is_full = self.count >= MAX || self.count_of(key.0) >= MAX_PER_USER;
        if is_full && !ffi::is_capable(ffi::CAP_SYS_RESOURCE) {
            return Err(ENOMEM);
        }
        self.insert(key, node, file.events.clone());
        Ok(None)
    }

    fn insert(&mut self, key: Key, node: NodeReservation, events: Arc<FileEvents>) {
        self.entries.insert(node.0.into_node(key, events));
        self.count += 1;
        self.newest = self.newest.max(key.1);
    }

    /// Returns the number of the newest file, for [`Self::after`].
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// Counts the files of a user.
    fn count_of(&mut self, uid: u32) -> usize {
        let mut cursor = self.entries.cursor_lower_bound_mut(&(uid, 0));
        let mut count = 0;
        while let Some(here) = cursor {
            if here.current().0 .0 != uid {
                break;
            }
            count += 1;
            cursor = here.move_next();
        }
        count
    }

    /// Removes a file. The result, if there is one, is to be dropped when they are not locked.
    pub(super) fn remove(&mut self, file: &OpenFile) -> Option<Arc<FileEvents>> {
        let removed = self.entries.remove(&key_of(file));
        self.count -= usize::from(removed.is_some());
        removed
    }

    /// Returns those that come next after `last`, from the first on if that is `None`, of the files
    /// up to `newest`.
    pub(super) fn after(&mut self, last: Option<Key>, newest: u64) -> Group {
        let from = last.map_or((0, 0), |(uid, id)| (uid, id + 1));
        let mut entries = [const { None }; BATCH];
        let mut end = None;
        let mut places = entries.iter_mut();
        let mut cursor = self.entries.cursor_lower_bound_mut(&from);
        while let Some(here) = cursor {
            let (&(uid, id), events) = here.current();
            if id > newest {
                // All other files of this user that follow are newer still.
                let next = uid.checked_add(1);
                cursor = next.and_then(|next| self.entries.cursor_lower_bound_mut(&(next, 0)));
                continue;
            }
            let Some(place) = places.next() else {
                break;
            };
            *place = Some(events.clone());
            end = Some((uid, id));
            cursor = here.move_next();
        }
        Group { entries, last: end }
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_subscribers)]
mod tests {
    use super::*;

    /// Returns how many of `files` are told that are no newer than `newest`, and the last of them.
    fn told(files: &[Key], newest: u64) -> Result<(usize, Option<Key>)> {
        let mut subscribers = Subscribers::new();
        for &key in files {
            let events = Arc::pin_init(FileEvents::new(), GFP_KERNEL)?;
            subscribers.insert(key, NodeReservation::new()?, events);
        }
        let group = subscribers.after(None, newest);
        Ok((group.entries.iter().flatten().count(), group.last))
    }

    #[test]
    fn files_that_came_later_are_not_told() -> Result {
        let files = [(1, 2), (1, 7), (1, 9), (4, 5)];
        assert_eq!(told(&files, 1)?, (0, None));
        assert_eq!(told(&files, 2)?, (1, Some((1, 2))));
        assert_eq!(told(&files, 6)?, (2, Some((4, 5))));
        assert_eq!(told(&files, 9)?, (4, Some((4, 5))));
        // There is no next user after the last one.
        assert_eq!(told(&[(3, 1), (u32::MAX, 8)], 7)?, (1, Some((3, 1))));
        Ok(())
    }
}
