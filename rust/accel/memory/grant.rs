// SPDX-License-Identifier: GPL-2.0

//! What those who have borrowed memory of a device may do with it.

use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex,
    time::msecs_to_jiffies, //
};

use crate::base::wait::{
    Signals,
    WaitQueue,
    Waiter, //
};

/// What those who have borrowed memory may do with it. What is not granted is an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Use it.
    Granted,
    /// Wait: the device is being reset. `EAGAIN`.
    Suspended,
    /// Nothing: the device is wedged. `EIO`.
    Refused,
    /// Nothing any more: the device is gone. `ENODEV`.
    Gone,
}

impl Permission {
    fn check(self) -> Result {
        match self {
            Self::Granted => Ok(()),
            Self::Suspended => Err(EAGAIN),
            Self::Refused => Err(EIO),
            Self::Gone => Err(ENODEV),
        }
    }
}

struct State {
    permission: Permission,
    /// How often the use of the memory was suspended.
    suspensions: u64,
    /// How many mappings other devices have that have to end before the device is gone.
    peers: u32,
    is_freed: bool,
}

/// What those who have borrowed a piece of memory of a device may do with it, and who they are.
#[pin_data]
pub(crate) struct Grant {
    #[pin]
    state: Mutex<State>,
    /// When the state has changed, or a move of the memory has ended.
    #[pin]
    changed: WaitQueue,
}

impl Grant {
    /// Makes that of memory which others may use.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_mutex!(State {
                permission: Permission::Granted,
                suspensions: 0,
                peers: 0,
                is_freed: false,
            }),
            changed <- WaitQueue::new(),
        })
    }

    /// Changes what others may do. When the device is gone, nothing brings it back.
    pub(crate) fn set_permission(&self, permission: Permission) {
        let mut state = self.state.lock();
        if state.permission == Permission::Gone {
            return;
        }
        state.suspensions += u64::from(permission == Permission::Suspended);
        state.permission = permission;
        drop(state);
        self.changed.wake_all();
    }

    /// Runs `f` if the memory is still there, and does not let it go meanwhile; else returns
    /// `ENODEV`.
    pub(crate) fn while_present<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        let state = self.state.lock();
        match state.permission {
            Permission::Gone => Err(ENODEV),
            _ => Ok(f()),
        }
    }

    /// Runs `f` if others may use the memory, and does not take it from them meanwhile. For the
    /// errors, see [`Permission`].
    pub(crate) fn while_granted<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        let state = self.state.lock();
        state.permission.check()?;
        Ok(f())
    }

    /// Returns how often the use of the memory was suspended: if that changes, so may have the
    /// content.
    pub(crate) fn suspensions(&self) -> u64 {
        self.state.lock().suspensions
    }

    /// Counts a mapping of another device that has to end before the device is gone. For the
    /// errors, see [`Permission`].
    pub(crate) fn add_peer(&self) -> Result {
        let mut state = self.state.lock();
        state.permission.check()?;
        state.peers += 1;
        Ok(())
    }

    /// Takes back [`Self::add_peer`].
    pub(crate) fn remove_peer(&self) {
        self.state.lock().peers -= 1;
        self.changed.wake_all();
    }

    /// Returns whether another device has a mapping.
    pub(crate) fn has_peers(&self) -> bool {
        self.state.lock().peers != 0
    }

    /// Waits until no other device has a mapping any more.
    pub(crate) fn wait_for_peers(&self) {
        let are_unmapped = || (!self.has_peers()).then_some(());
        // No signal ends it.
        let _ = self.wait_until(Signals::None, are_unmapped);
    }

    /// Says that the memory is free again.
    pub(crate) fn set_freed(&self) {
        self.state.lock().is_freed = true;
        self.changed.wake_all();
    }

    /// Waits for a short time until the memory is freed, and returns whether it is. Returns `EINTR`
    /// if a signal arrives before.
    pub(crate) fn wait_freed(&self) -> Result<bool> {
        self.changed.with_waiter(|waiter| {
            if !self.state.lock().is_freed {
                if Signals::All.pending() {
                    return Err(EINTR);
                }
                waiter.sleep(Signals::All, msecs_to_jiffies(20));
            }
            Ok(self.state.lock().is_freed)
        })
    }

    /// Waits until a reset of the device is over, or the process is killed.
    pub(crate) fn wait_while_suspended(&self) {
        let is_over = || (self.state.lock().permission != Permission::Suspended).then_some(());
        // Whoever was killed finds out.
        let _ = self.wait_until(Signals::Fatal, is_over);
    }

    /// Waits until `condition` gives a value, which is asked whenever something has changed.
    /// Returns `EINTR` if a signal of those arrives before.
    pub(crate) fn wait_until<R>(
        &self,
        signals: Signals,
        condition: impl Fn() -> Option<R>,
    ) -> Result<R> {
        let sleep = |waiter: Pin<&Waiter<'_>>| {
            waiter.sleep_long(signals);
            Ok(())
        };
        self.wait_by(sleep, signals, condition)
    }

    /// As [`Self::wait_until`], and asks `check` again and again meanwhile. Returns `EINTR` if any
    /// signal arrives before, and what `check` does.
    pub(crate) fn wait_while<R>(
        &self,
        check: impl Fn() -> Result,
        condition: impl Fn() -> Option<R>,
    ) -> Result<R> {
        let sleep = |waiter: Pin<&Waiter<'_>>| {
            check()?;
            waiter.sleep(Signals::All, msecs_to_jiffies(20));
            Ok(())
        };
        self.wait_by(sleep, Signals::All, condition)
    }

    /// Calls `sleep` until `condition` gives a value, or a signal of those arrives.
    fn wait_by<R>(
        &self,
        sleep: impl Fn(Pin<&Waiter<'_>>) -> Result,
        signals: Signals,
        condition: impl Fn() -> Option<R>,
    ) -> Result<R> {
        if let Some(value) = condition() {
            return Ok(value);
        }
        self.changed.with_waiter(|waiter| loop {
            if let Some(value) = condition() {
                return Ok(value);
            }
            if signals.pending() {
                return Err(EINTR);
            }
            sleep(waiter)?;
        })
    }

    /// Has those who wait check their condition.
    pub(crate) fn wake(&self) {
        self.changed.wake_all();
    }
}
