// SPDX-License-Identifier: GPL-2.0

//! Telling those who only look on, of whom there can be many, what has happened to a device.
//!
//! Whoever has something to tell leaves a mark and queues the work item of the device, in any
//! context. The item tells those who sleep in calls of observers, subscribers of events, and, when
//! the state has changed, pollers of all files. It does not enter the gate.

use kernel::{
    impl_has_work,
    sync::{
        aref::ARef,
        atomic::Relaxed, //
    },
    workqueue::WorkItem, //
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
