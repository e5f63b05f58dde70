// SPDX-License-Identifier: GPL-2.0

//! What a driver does on its own, rather than on behalf of a process.
//!
//! The work items belong to the device, and their functions to this module. They enter the gate as
//! everybody does who calls the driver; so there is nothing that a driver has to cancel, and none
//! of its code runs when the device is gone. Nor does any while the device is reset: what is asked
//! for meanwhile is done afterwards.
//!
//! There are two of them: fences depend on the one, so it must not wait for memory, and the other
//! gives that back. The first can be asked for in advance, by a timer of its own, since what asks
//! for it at once must not have to look for a time that was set.

use kernel::{
    prelude::*,
    time::Msecs, //
};

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
    },
    timer::{
        self,
        Timer, //
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
    /// Queues `run`.
    #[pin]
    timer: Timer,
    /// Calls [`WorkOps::clean_up`](crate::WorkOps::clean_up).
    #[pin]
    clean_up: Task,
}

impl Background {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            run <- task!(background.run, run),
            timer <- Timer::new(task!(background.timer.task, expire)),
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
        background.timer.start();
        background.clean_up.start();
    }
}

impl Removal<'_> {
    /// Ceases to call the driver, for good, and waits until no call is left.
    pub(super) fn stop_background(&self) {
        let background = &self.core().background;
        background.timer.stop();
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

fn expire(core: &Core) {
    *core.background.timer.expires_ns.lock() = None;
    // If that stands still, it is queued as soon as it goes on.
    core.queue_background();
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

    /// Has the driver's `background` be called in so many milliseconds, or sooner. May be called in
    /// any context.
    pub(crate) fn queue_background_in(&self, ms: Msecs) {
        self.background.timer.set(timer::after(ms));
    }

    /// Has the driver's `clean_up` be called soon, and once. May be called in any context.
    pub(crate) fn queue_clean_up(&self) {
        self.background.clean_up.queue(queue::ordinary());
    }
}
