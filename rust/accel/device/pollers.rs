// SPDX-License-Identifier: GPL-2.0

//! Those who poll an open file, and how a driver wakes them.
//!
//! How many they are is up to user space: each epoll instance that watches the file is one, and
//! whoever may open the node can have as many as `max_user_watches` allows. So an interrupt only
//! queues the work item of the file, and a thread wakes them.

use kernel::{
    impl_has_work,
    sync::Arc,
    workqueue::WorkItem, //
};

use super::{
    events::FileEvents,
    file::OpenFile, //
};
use crate::base::queue;

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
    /// ([`AccelDriver::poll`](crate::AccelDriver::poll)). May be called from interrupt context, at
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
