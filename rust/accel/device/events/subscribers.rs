// SPDX-License-Identifier: GPL-2.0

//! Who has subscribed to the events of a device, and how many may.
//!
//! Anybody who may look at a device may subscribe, and each subscriber makes the thread longer that
//! tells them of an event. So there is a limit for each user, and one for all.

use kernel::{
    bindings,
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
        if is_full && !ffi::is_capable(bindings::CAP_SYS_RESOURCE) {
            return Err(ENOMEM);
        }
        self.entries
            .insert(node.0.into_node(key, file.events.clone()));
        self.count += 1;
        Ok(None)
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

    /// Returns those that come next after `last`, from the first on if that is `None`.
    pub(super) fn after(&mut self, last: Option<Key>) -> Group {
        let from = last.map_or((0, 0), |(uid, id)| (uid, id + 1));
        let mut entries = [const { None }; BATCH];
        let mut end = None;
        let mut cursor = self.entries.cursor_lower_bound_mut(&from);
        for place in &mut entries {
            let Some(here) = cursor else {
                break;
            };
            let (key, events) = here.current();
            *place = Some(events.clone());
            end = Some(*key);
            cursor = here.move_next();
        }
        Group { entries, last: end }
    }
}
