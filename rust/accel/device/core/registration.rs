// SPDX-License-Identifier: GPL-2.0

//! The states of a device, as whoever binds it sees them: not registered yet, registered, being
//! removed.
//!
//! Each is a type, and what can only be done in one state is a function of that type. A device
//! that is [`Unregistered`] has its driver's data; to register it consumes it. A [`Registration`]
//! has a node to remove. Both end in a removal when they are dropped, and the steps of that follow
//! one another as types do: [`Removal`], [`Drained`].

use core::{
    ffi::c_void,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    device,
    error::to_result,
    prelude::*,
    sync::aref::ARef,
    types::ScopeGuard, //
};

use super::{
    Core,
    DeviceIds, //
};
use crate::{
    base::{
        awake::Awake,
        state::State, //
    },
    device::{
        node::Node,
        ops::DriverOps,
        trace, //
    },
    memory::Regions, //
};

/// A device that is not registered yet: user space does not see it. Its driver may be called for
/// what it has asked for itself. Removed when dropped.
///
/// # Invariants
///
/// The device was not added.
pub(crate) struct Unregistered {
    core: ScopeGuard<ARef<Core>, fn(ARef<Core>)>,
    /// It does not sleep before it is registered. Not tied to the device, which it may outlive.
    awake: Awake,
}

impl Unregistered {
    /// Makes a device with a minor of its own.
    ///
    /// # Safety
    ///
    /// `data` and `ops` must be those of the driver that `parent` is about to be bound to. Both
    /// must stay until the result, or the [`Registration`] that it becomes, has been dropped.
    pub(crate) unsafe fn new(
        parent: &device::Device<device::Bound>,
        ids: DeviceIds,
        ops: &'static DriverOps,
        node: Node,
        data: NonNull<c_void>,
        regions: Regions<'_>,
    ) -> Result<Self> {
        // SAFETY: Same requirements: to drop the result drains the gate.
        let core = unsafe { Core::new(parent, ids, ops, node, data, regions) }?;
        let awake = core.start_power().into();
        // INVARIANT: The device was just made.
        let this = Self {
            core: ScopeGuard::new_with_data(core, Self::remove),
            awake,
        };
        this.start_background();
        Ok(this)
    }

    /// Returns the device.
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Has the driver start the hardware, if it wants to.
    pub(crate) fn start(&self) -> Result {
        let core = self.core();
        let call = core.enter()?;
        let Some(fns) = call.ops().features.start else {
            return Ok(());
        };
        // SAFETY: The function is that of the driver of the device that the call was admitted to,
        // which is not registered yet, by the type invariants.
        call.with_section(|call| unsafe { (fns.start)(call) })
    }

    /// Shows the device to user space.
    pub(crate) fn register(self) -> Result<Registration> {
        let core = self.core();
        // SAFETY: Both are initialised, and by the type invariants are not added yet.
        to_result(unsafe { bindings::cdev_device_add(core.cdev.get(), core.dev.get()) })?;
        let Self { core, awake } = self;
        // INVARIANT: Both were just added.
        let registered = Registered(core.dismiss());
        trace::state(registered.core(), State::Running);
        registered.start_health();
        drop(awake);
        Ok(Registration(registered))
    }

    /// Removes a device that was not registered.
    fn remove(core: ARef<Core>) {
        if let Some(removal) = Removal::begin(&core) {
            removal.stop_work_items();
            removal.drain().close();
        }
        core.stop_power();
    }
}

/// A device that is registered, until this is dropped.
pub(crate) struct Registration(Registered);

impl Registration {
    /// Returns a reference to the device, which may outlive this.
    pub(crate) fn registered(&self) -> Registered {
        self.0.clone()
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.0.unregister();
    }
}

/// A device that was registered.
///
/// # Invariants
///
/// The device was added. It is deleted by the [`Removal`] of which there is one.
#[derive(Clone)]
pub(crate) struct Registered(ARef<Core>);

impl Registered {
    /// Returns the device.
    pub(crate) fn core(&self) -> &Core {
        &self.0
    }

    /// Takes the device away from user space, for good. Has no effect if that was done before.
    ///
    /// When this returns, no code of the driver runs on behalf of user space, and none will: open
    /// files only get `ENODEV`, sleepers are awake, fences are signalled, mappings of the device
    /// are empty, and per-open state is dropped. Does not wait for user space, nor for callers of
    /// other devices.
    ///
    /// The order is that of `Documentation/accel/lifetimes.rst`: users are kept out, the driver
    /// stops the hardware, fences are signalled, and only then those inside the gate are waited
    /// for, as they may wait for a lock whose owner waits for one of the fences. So nothing before
    /// that may wait for anything that depends on a fence.
    ///
    /// A device that is asleep is woken before, as its driver's data is dropped with the device
    /// awake; if the hardware is gone, too, there is nothing to wake.
    pub(crate) fn unregister(&self) {
        let core = self.core();
        let _awake = self.wake_to_remove();
        let Some(removal) = Removal::begin(core) else {
            return;
        };
        removal.stop_work_items();
        trace::state(core, State::Gone);
        // SAFETY: By the type invariants both were added, and this is the only removal.
        unsafe { bindings::cdev_device_del(core.cdev.get(), core.dev.get()) };
        removal.drain().close();
    }
}

/// A device that is being removed: newcomers are kept out, the hardware is stopped, and all fences
/// are signalled.
///
/// # Invariants
///
/// The device has taken the last step of its state. There is no other removal of it.
pub(in crate::device) struct Removal<'a>(&'a Core);

impl<'a> Removal<'a> {
    /// Takes the device away from its users, for good; `None` if that was done before.
    fn begin(core: &'a Core) -> Option<Self> {
        // INVARIANT: The last step of the state is taken once.
        core.halt_to_remove().then_some(Self(core))
    }

    /// Returns the device.
    pub(in crate::device) fn core(&self) -> &'a Core {
        self.0
    }

    /// Tells those who look on, and ends what the device does on its own.
    fn stop_work_items(&self) {
        self.core().wake_pollers();
        self.stop_health();
        self.stop_background();
    }

    /// Waits until nobody is inside the gate.
    fn drain(self) -> Drained<'a> {
        let core = self.core();
        core.gate.drain(core.as_device());
        // INVARIANT: It was just drained, and by the type invariants of `Removal` is closed.
        Drained(core)
    }
}

/// A device that nobody uses any more.
///
/// # Invariants
///
/// The gate is closed and drained. The parent is still bound.
pub(in crate::device) struct Drained<'a>(&'a Core);

impl Drained<'_> {
    /// Returns the device.
    pub(in crate::device) fn core(&self) -> &Core {
        self.0
    }

    /// Takes back what processes and other devices have of the device, and drops what its driver
    /// keeps for open files.
    fn close(self) {
        let core = self.core();
        core.pool.revoke();
        core.space.close();
        for file in core.files.take().values() {
            // SAFETY: By the type invariants nobody uses the state any more. The operations are
            // there, since the device is only being removed.
            unsafe { file.close(core.ops.as_ref()) };
        }
        self.defer_module_unload();
    }
}

/// What buffers have of the parent of a device. They give that up when this is dropped: after the
/// device has been removed and its driver has quiesced it, and before the parent is unbound.
pub(crate) struct Attachments(ARef<Core>);

impl Attachments {
    /// Returns those of `device`.
    pub(crate) fn of(device: &Unregistered) -> Self {
        Self(device.core().into())
    }
}

impl Drop for Attachments {
    fn drop(&mut self) {
        self.0.pool.detach_all();
    }
}
