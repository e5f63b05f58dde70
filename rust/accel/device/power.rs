// SPDX-License-Identifier: GPL-2.0

//! Power of a device: it is asleep when nobody uses it, and when the system is.
//!
//! The device of class `accelerator` is what the kernel's runtime power management looks at: its
//! driver's hooks put the hardware to sleep, and wake it. The device on the bus is its parent, so
//! it is awake whenever the accelerator is, and goes to sleep after it, in ways of the bus's own.
//!
//! A device is awake as long as somebody has a reference: an [`AwakeGuard`], for a call, or an
//! [`Awake`], for work that goes on afterwards. To get one of a device that is awake is a matter of
//! a lock; to wake it may take long, and is done outside of the gate, where it holds up nobody. The
//! hooks are inside, like any other code of a driver: a removal waits for them, and none runs
//! afterwards.
//!
//! Mappings of a device are empty while it sleeps, and the page fault of who touches one wakes it.
//! They are no references: a device goes to sleep under a mapping that nobody has brought a page of
//! for a while, and the next access wakes it again.
//!
//! When the system goes to sleep, so do devices that are in use. By then, processes stand still.
//! The work that fences depend on goes on until it is the device's turn, since other devices may
//! wait for it; from then on it stands still, too, and nobody is inside the gate. Afterwards those
//! devices that were in use are awake, and the others are woken by who needs them.
//!
//! A device that cannot be woken is wedged. To the kernel it is awake nevertheless: it has one idea
//! of what is wrong with a device, and that is its state. Nobody uses it, and no hook is called,
//! until it is reset, which begins with another attempt to wake it.

mod callbacks;

use core::ptr::NonNull;
use kernel::{
    error::to_result,
    ffi::c_int,
    prelude::*,
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        Arc, //
    },
    time::Msecs, //
};

use super::{
    call::Call,
    core::registration::Registered,
    health::Fault,
    ops::features::PowerFns,
    reset::ResetWait,
    section::SectionRef, //
};
use crate::{
    base::{
        awake::{
            Awake,
            PowerHandle, //
        },
        state::State, //
    },
    device::Core,
    sys::ffi, //
};

pub(crate) use self::callbacks::device_type;

/// What a [`Core`] keeps for its power, if its driver manages that.
///
/// # Invariants
///
/// `asleep` is only changed by a callback of the power management for the device, or with a
/// reference, in a reset: so by one at a time.
pub(crate) struct Managed {
    autosuspend_ms: Msecs,
    /// What `suspend` did was not undone by `resume` yet.
    asleep: AtomicFlag,
    handle: Arc<PowerHandle>,
}

impl Managed {
    /// Returns `None` if the driver does not manage power, or if the kernel does not.
    pub(crate) fn new(autosuspend_ms: Option<Msecs>) -> Result<Option<Self>> {
        let Some(autosuspend_ms) = autosuspend_ms.filter(|_| cfg!(CONFIG_PM)) else {
            return Ok(None);
        };
        Ok(Some(Self {
            autosuspend_ms,
            asleep: AtomicFlag::new(false),
            handle: Arc::pin_init(PowerHandle::new(), GFP_KERNEL)?,
        }))
    }
}

impl Drop for Managed {
    fn drop(&mut self) {
        // SAFETY: There is no device to be valid.
        unsafe { self.handle.set_device(None) };
    }
}

/// Keeps a device awake, for a call.
#[must_use = "the device may go to sleep when this is dropped"]
pub(crate) struct AwakeGuard<'a>(Option<&'a Core>);

impl<'a> AwakeGuard<'a> {
    /// Takes over a reference to a device, if its power is managed.
    fn new(core: Option<&'a Core>) -> Self {
        Self(core)
    }
}

impl From<AwakeGuard<'_>> for Awake {
    /// Turns it into one that is not tied to the device.
    fn from(guard: AwakeGuard<'_>) -> Self {
        let managed = guard.0.and_then(|core| core.power.as_ref());
        let handle = managed.map(|managed| managed.handle.clone());
        // The reference has a new owner.
        core::mem::forget(guard);
        Self::new(handle)
    }
}

impl Drop for AwakeGuard<'_> {
    fn drop(&mut self) {
        if let Some(core) = self.0 {
            // SAFETY: The device is valid, and a reference is given up.
            unsafe { ffi::accel_power_put(core.dev.get()) };
        }
    }
}

impl Core {
    /// Begins to manage the power of a device that was just made, and is awake.
    pub(super) fn start_power(&self) -> AwakeGuard<'_> {
        let Some(managed) = &self.power else {
            return AwakeGuard::new(None);
        };
        // SAFETY: The device is valid until `managed` is dropped.
        unsafe { managed.handle.set_device(NonNull::new(self.dev.get())) };
        // SAFETY: The device is initialised, and nobody has managed its power yet. A day fits.
        unsafe { ffi::accel_power_start(self.dev.get(), managed.autosuspend_ms as c_int) };
        AwakeGuard::new(Some(self))
    }

    /// Ceases to manage the power of a device that was not added; to delete one does this as well.
    pub(super) fn stop_power(&self) {
        if self.power.is_some() {
            // SAFETY: `start_power()` was called.
            unsafe { ffi::accel_power_stop(self.dev.get()) };
        }
    }
}

impl Registered {
    /// Wakes the device for its removal, if it is still there. Whether that succeeds is of no
    /// interest any more.
    pub(super) fn wake_to_remove(&self) -> Option<AwakeGuard<'_>> {
        let core = self.core();
        if core.power.is_none() || core.gate.state() == State::Gone {
            return None;
        }
        // SAFETY: The device has not been removed, so its parent is valid.
        let is_there = unsafe { ffi::accel_power_is_present(core.parent_as_raw()) };
        is_there.then(|| core.wake_up().ok()).flatten()
    }
}

impl Core {
    /// Wakes the device, and keeps it awake. May sleep; the caller must not be inside the gate.
    ///
    /// That the driver could not wake it shows in its state; the error here is that of others,
    /// such as its parent.
    #[cold]
    pub(crate) fn wake_up(&self) -> Result<AwakeGuard<'_>> {
        if self.power.is_none() {
            return Ok(AwakeGuard::new(None));
        }
        match to_result(ffi::accel_power_wake(self.as_device())) {
            Ok(()) => Ok(AwakeGuard::new(Some(self))),
            // Power is not managed just now: the device is being removed, or the system sleeps.
            Err(EACCES) => Err(EAGAIN),
            Err(error) => {
                self.wedge(Fault::power_failed(error));
                Err(EIO)
            }
        }
    }

    /// Keeps the device awake, if it is. Does not sleep.
    #[inline]
    pub(crate) fn hold_awake(&self) -> Option<AwakeGuard<'_>> {
        match self.power {
            Some(_) => self.hold_managed(),
            None => Some(AwakeGuard(None)),
        }
    }

    #[inline(never)]
    fn hold_managed(&self) -> Option<AwakeGuard<'_>> {
        let is_awake = ffi::accel_power_get_if_active(self.as_device());
        // Not sooner: to drop one gives up a reference.
        is_awake.then(|| AwakeGuard(Some(self)))
    }

    /// Keeps the device on the bus awake, and with it the accelerator, as far as the power
    /// management goes: while the bus has the hardware, the driver's `resume` is not called.
    pub(crate) fn keep_bus_awake(&self) -> Option<Awake> {
        self.power.as_ref()?;
        to_result(ffi::accel_power_wake(self.as_device())).ok()?;
        Some(AwakeGuard::new(Some(self)).into())
    }

    /// Has the device be awake soon. Does not sleep.
    pub(crate) fn request_awake(&self) {
        ffi::accel_power_request(self.as_device());
    }

    /// Calls the driver's `resume`, if the device is asleep. To be called by the power management,
    /// or with a reference, while nobody uses the device.
    pub(crate) fn resume_driver(&self) -> Result {
        let Some(managed) = &self.power else {
            return Ok(());
        };
        if managed.asleep.load(Relaxed) {
            // The driver may wait for one.
            self.interrupts.restore();
            call_driver(self, |fns| fns.resume).inspect_err(|_| self.interrupts.silence())?;
            managed.asleep.store(false, Relaxed);
            self.interrupts.wake_threads();
        }
        Ok(())
    }

    /// Puts the device to sleep.
    fn suspend(&self) -> Result {
        let Some(managed) = &self.power else {
            return Ok(());
        };
        // No page comes back: that takes a reference.
        self.space.unmap_all();
        if self.gate.state() == State::Running {
            match call_driver(self, |fns| fns.suspend) {
                Ok(()) => (),
                Err(_) if self.gate.is_closed() => (),
                Err(error @ (EBUSY | EAGAIN)) => return Err(self.stay_awake(error)),
                Err(error) => {
                    self.request_reset(Fault::power_failed(error));
                    return Err(self.stay_awake(EBUSY));
                }
            }
        }
        if !managed.asleep.load(Relaxed) {
            // Those of others on a shared line go on.
            self.interrupts.silence();
            managed.asleep.store(true, Relaxed);
        }
        Ok(())
    }

    /// Has the device put to sleep later.
    fn stay_awake(&self, error: Error) -> Error {
        ffi::accel_power_mark_last_busy(self.as_device());
        error
    }

    /// Pauses the work items that fences of the device depend on.
    fn pause_work_items(&self) {
        self.background.pause();
        self.health.pause();
    }

    /// Resumes what [`Self::pause_work_items`] has paused.
    fn resume_work_items(&self) {
        self.health.resume();
        self.background.resume();
    }

    /// Wakes the device, unless nobody is to reach it: then a reset does that.
    fn resume(&self) {
        if self.gate.state() == State::Wedged || self.is_quiesced() {
            return;
        }
        if let Err(error) = self.resume_driver() {
            self.wedge(Fault::power_failed(error));
        }
    }
}

impl<'a> Call<'a> {
    /// Keeps the device awake. If it is asleep, it is woken outside of the gate; then a reset that
    /// is under way is waited for. For the errors, see [`Core::enter_running`] and [`ResetWait`].
    #[inline]
    pub(crate) fn wake_up(
        self,
        wait: impl FnOnce() -> ResetWait,
    ) -> Result<(Self, AwakeGuard<'a>)> {
        if let Some(awake) = self.core.hold_awake() {
            return Ok((self, awake));
        }
        let Self {
            core,
            section,
            file,
        } = self;
        drop(section);
        let awake = core.wake_up();
        // What is to be said of the device comes first: it may be gone, or wedged.
        let guard = core.enter_running(wait())?;

        // INVARIANT: A device that was not removed meanwhile still has its files.
        let section = SectionRef::Owned(guard);
        Ok((
            Self {
                core,
                section,
                file,
            },
            awake?,
        ))
    }
}

type ErasedHook = unsafe fn(Call<'_>) -> Result;

/// Calls one of the driver's hooks. Returns `ENODEV` if the device is gone.
fn call_driver(core: &Core, hook: impl FnOnce(&PowerFns) -> ErasedHook) -> Result {
    let call = core.enter()?;
    let hook = hook(call.ops().features.power.as_ref().ok_or(EOPNOTSUPP)?);
    // SAFETY: The function is that of the driver of the device that the call was admitted to.
    call.with_section(|call| unsafe { hook(call) })
}
