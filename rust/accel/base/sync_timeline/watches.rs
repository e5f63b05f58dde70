// SPDX-License-Identifier: GPL-2.0

//! Eventfds that are signalled for points.

use kernel::{
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
};

use crate::{
    base::{
        eventfd::EventFd,
        wait::points::{
            Progress,
            Stage,
            Target, //
        }, //
    },
    sys::uapi::ACCEL_TIMELINE_MAX_SUBMITTED, //
};

/// The point, and the number of the eventfd.
type Key = (u64, u64);

type Tree = RBTree<Key, EventFd>;

/// Memory for one more eventfd. Charged to the current process.
pub(super) struct WatchNode(RBTreeNodeReservation<Key, EventFd>);

impl WatchNode {
    pub(super) fn new() -> Result<Self> {
        Ok(Self(RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?))
    }
}

/// The eventfds of a timeline that are not signalled.
pub(super) struct Watches {
    submitted: Tree,
    signalled: Tree,
    count: u32,
    last_number: u64,
}

impl Watches {
    pub(super) fn new() -> Self {
        Self {
            submitted: Tree::new(),
            signalled: Tree::new(),
            count: 0,
            last_number: 0,
        }
    }

    fn tree(&mut self, stage: Stage) -> &mut Tree {
        match stage {
            Stage::Submitted => &mut self.submitted,
            Stage::Signalled => &mut self.signalled,
        }
    }

    /// Adds an eventfd. Returns `ENOMEM` if there are too many.
    pub(super) fn add(&mut self, target: Target, node: WatchNode, eventfd: EventFd) -> Result {
        if self.count >= ACCEL_TIMELINE_MAX_SUBMITTED {
            return Err(ENOMEM);
        }
        self.count += 1;
        self.last_number += 1;
        let key = (target.point, self.last_number);
        let node = node.0.into_node(key, eventfd);
        self.tree(target.stage).insert(node);
        Ok(())
    }

    /// Signals those whose target is reached, and forgets them. May be called from interrupt
    /// context.
    pub(super) fn notify(&mut self, progress: Progress) {
        for stage in [Stage::Submitted, Stage::Signalled] {
            let reached = progress.of(stage);
            while let Some(cursor) = self.tree(stage).cursor_front_mut() {
                let (&(point, _), eventfd) = cursor.current();
                if point > reached {
                    break;
                }
                eventfd.signal();
                cursor.remove_current();
                self.count -= 1;
            }
        }
    }
}
