// SPDX-License-Identifier: GPL-2.0

//! What a driver does on its own, rather than on behalf of a process.
//!
//! The work items belong to the device, and their functions to this module. They enter the gate as
//! everybody does who calls the driver; so there is nothing that a driver has to cancel, and none
//! of its code runs when the device is gone. Nor does any while the device is reset: what is asked
//! for meanwhile is done afterwards.
//!
//! There are two of them: fences depend on the one, so it must not wait for memory, and the other
//! gives that back.

use kernel::prelude::*;

use super::{
    call::Call,
    core::registration::{
        Removal,
        Unregistered, //
    },
    ops::features::WorkFns,
    section::SectionRef,
    task::{
        task,
        Task, //
    }, //
};
use crate::{
    base::{
        fence::Signalling,
        gate::Guard,
        queue, //
    },
    device::Core, //
};

/// The work items of a [`Core`] that call its driver.
#[pin_data]
pub(crate) struct Background {
    /// Calls [`WorkOps::background`](crate::WorkOps::background).
    #[pin]
    run: Task,
    /// Calls [`WorkOps::clean_up`](crate::WorkOps::clean_up).
    #[pin]
    clean_up: Task,
}

impl Background {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            run <- task!(background.run, run),
            clean_up <- task!(background.clean_up, clean_up),
        })
    }

    /// Lets `background` stand still, and waits if it is just running.
    pub(crate) fn pause(&self) {
        self.run.stop();
    }

    /// Lets `background` go on, for what was asked for since.
    pub(crate) fn resume(&self) {
        self.run.start();
        self.run.queue(queue::signalling());
    }
}

impl Unregistered {
    /// Begins to call the driver when it asks for that.
    pub(super) fn start_background(&self) {
        let background = &self.core().background;
        background.run.start();
        background.clean_up.start();
    }
}

impl Removal<'_> {
    /// Ceases to call the driver, for good, and waits until no call is left.
    pub(super) fn stop_background(&self) {
        let background = &self.core().background;
        background.run.stop();
        background.clean_up.stop();
    }
}

fn run(core: &Core) {
    // Else it is queued again when the device runs.
    if let Some(guard) = core.gate.enter_running() {
        let _signalling = Signalling::begin();
        call_driver(core, guard, |fns| fns.background);
    }
}

fn clean_up(core: &Core) {
    // Else it is queued again when the reset is over.
    if let Some(guard) = core.try_enter_unless_reset() {
        call_driver(core, guard, |fns| fns.clean_up);
    }
}

fn call_driver(core: &Core, guard: Guard<'_>, hook: impl FnOnce(&WorkFns) -> unsafe fn(&Call<'_>)) {
    let call = Call {
        core,
        section: SectionRef::Owned(guard),
        file: None,
    };
    if let Some(fns) = &call.ops().features.work {
        // SAFETY: The function is that of the driver of the device that the call was admitted to.
        unsafe { hook(fns)(&call) };
    }
}

impl Core {
    /// Has the driver's `background` be called soon, and once. May be called in any context.
    pub(crate) fn queue_background(&self) {
        // If it is queued already, that one will see what has happened.
        self.background.run.queue(queue::signalling());
    }

    /// Has the driver's `clean_up` be called soon, and once. May be called in any context.
    pub(crate) fn queue_clean_up(&self) {
        self.background.clean_up.queue(queue::ordinary());
    }
}
