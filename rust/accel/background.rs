// SPDX-License-Identifier: GPL-2.0

//! What a driver does on its own, rather than on behalf of a process.
//!
//! The work item belongs to the device, and its function to this module. It enters the gate as
//! everybody does who calls the driver; so there is nothing that a driver has to cancel, and none
//! of its code runs when the device is gone.

use core::ptr::NonNull;
use kernel::{
    bindings, impl_has_work,
    sync::aref::ARef,
    workqueue::{
        self,
        Work,
        WorkItem, //
    },
};

use crate::{
    context::Call,
    device::{
        Core,
        Device, //
    },
    driver::AccelDriver,
    queue::queue,
    visit::Pass, //
};

impl_has_work! {
    impl HasWork<Self> for Core { self.background }
}

impl WorkItem for Core {
    type Pointer = ARef<Core>;

    fn run(core: ARef<Core>) {
        let Some(guard) = core.gate.enter() else {
            return;
        };
        let call = Call {
            core: &core,
            pass: Pass::Own(guard),
            file: None,
        };
        // SAFETY: The call is inside the gate of a device of this driver.
        unsafe { (core.ops().background)(&call) };
    }
}

impl Core {
    /// Calls the driver's `background`, soon and once, unless the device is gone. May be called
    /// from interrupt context.
    pub(crate) fn queue_background(&self) {
        // Whoever is inside when the gate is closed is waited for, so nothing is queued after
        // `cancel_background()`.
        let Some(_guard) = self.gate.enter() else {
            return;
        };
        // SAFETY: This queue is there as long as the device is.
        let queue = unsafe { workqueue::Queue::from_raw(queue()) };
        // If it is queued already, that one will see what has happened.
        let _ = queue.enqueue::<_, 0>(ARef::from(self));
    }

    /// Takes the work item off the queue, and waits if it is just running. The gate must be
    /// drained.
    ///
    /// Other than to wait until its turn has come, this is possible while the queue stands still.
    pub(crate) fn cancel_background(&self) {
        // SAFETY: The work item was initialised together with the device.
        if unsafe { bindings::cancel_work_sync(Work::raw_get(&self.background)) } {
            // SAFETY: While queued, the item has a reference, which nobody else gives up now.
            drop(unsafe { ARef::from_raw(NonNull::from(self)) });
        }
    }
}

impl<T: AccelDriver> Device<T> {
    /// Lets [`AccelDriver::background`] be called, soon, unless the device is gone. May be called
    /// from interrupt context.
    ///
    /// However often this is called, it runs once at a time, and begins once more after the last
    /// call of this.
    pub fn queue_background(&self) {
        self.core().queue_background();
    }
}
