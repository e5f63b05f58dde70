// SPDX-License-Identifier: GPL-2.0

//! Telling those who only look on, of whom there can be many, what has happened to a device.
//!
//! Whoever has something to tell leaves a mark and queues the work item of the device, in any
//! context. The item tells those who sleep in calls of observers, subscribers of events, and, when
//! the state has changed, pollers of all files. It does not enter the gate.
//!
//! A driver wakes the pollers of one file: see [`Pollers`]. How many they are is up to user space:
//! each epoll instance that watches the file is one, and whoever may open the node can have as many
//! as `max_user_watches` allows. So an interrupt only queues the work item of the file, and a
//! thread wakes them.

use kernel::{
    impl_has_work,
    sync::{
        aref::ARef,
        atomic::Relaxed,
        Arc, //
    },
    workqueue::WorkItem, //
};

use super::{
    events::FileEvents,
    file::OpenFile, //
};
use crate::{
    base::queue,
    device::Core, //
};

/// Which of the work items of a device it is.
const NOTIFY: u64 = 1;

impl_has_work! {
    impl HasWork<Self, 1> for Core { self.notify }
}

impl WorkItem<NOTIFY> for Core {
    type Pointer = ARef<Core>;

    fn run(core: ARef<Core>) {
        core.wait.observers.wake_all();
        if core.wait.state_changed.xchg(false, Relaxed) {
            core.wake_pollers();
        }
        core.events.deliver();
    }
}

impl Core {
    /// Has those told, soon, who are not told at once. May be called in any context; the caller
    /// has left a mark before.
    pub(crate) fn notify(&self) {
        // If it is queued already, that one will find the mark.
        let _ = queue::notify().enqueue::<_, NOTIFY>(ARef::from(self));
    }

    /// Has the pollers of all files ask again, soon, as the state has changed.
    pub(crate) fn notify_pollers(&self) {
        self.wait.state_changed.store(true, Relaxed);
        self.notify();
    }

    /// Tells subscribers what they have not been told, and has the pollers and readers of all files
    /// ask again, now. May sleep.
    pub(crate) fn wake_pollers(&self) {
        self.events.deliver();
        let _ = self.files.try_for_each(|file| {
            file.events.wait.wake_all();
            Ok::<(), kernel::error::Error>(())
        });
    }
}

/// Those who poll an open file of a user: see
/// [`Context::pollers`](crate::Context::pollers). A clone stands for the same ones.
///
/// It does not keep the file open: when that is closed, there is nobody to wake any more.
#[derive(Clone)]
pub struct Pollers(Option<Arc<FileEvents>>);

impl Pollers {
    /// Returns those of a file, or nobody.
    pub(crate) fn of(file: Option<&OpenFile>) -> Self {
        Self(file.map(|file| file.events.clone()))
    }

    /// Has them ask again, soon, whether there is something for the file
    /// ([`FileOps::poll`](crate::FileOps::poll)). May be called from interrupt context, at
    /// a cost that does not depend on how many there are; costs almost nothing if there are none.
    #[inline(never)]
    pub fn wake(&self) {
        let Some(events) = self.0.as_ref().filter(|events| events.wait.has_sleepers()) else {
            return;
        };
        // If it is queued already, that one will wake them.
        let _ = queue::notify().enqueue::<_, 0>(events.clone());
    }
}

impl_has_work! {
    impl HasWork<Self> for FileEvents { self.work }
}

impl WorkItem for FileEvents {
    type Pointer = Arc<Self>;

    fn run(events: Arc<Self>) {
        events.wait.wake_all();
    }
}
