// SPDX-License-Identifier: GPL-2.0

//! What tests begin with whose devices come and go: devices of their own, and other threads.

use accel::{
    faux,
    fence::Fence, //
};
use kernel::{
    bindings,
    prelude::*,
    str::CString,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        }, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    workqueue, //
};

use crate::node::Node;

/// Creates a device, on a faux device with a name of its own: one of those before may still be
/// there, as its removal is in another thread.
pub(crate) fn device<T: faux::Driver>(kind: &str) -> Result<faux::Registration<T>> {
    static NUMBER: Atomic<u32> = Atomic::new(0);
    let number = NUMBER.fetch_add(1, Relaxed);
    let name = CString::try_from_fmt(fmt!("accel_kunit.{kind}.{number}"))?;
    faux::Registration::new(&name)
}

/// Opens a device as a user.
pub(crate) fn open<T: faux::Driver>(device: &faux::Registration<T>) -> Result<Node> {
    Node::open_user(device.device().minor())
}

/// Calls `f` in another thread, a moment later.
pub(crate) fn later(f: impl FnOnce() + Send + 'static) -> Result {
    workqueue::system().try_spawn(GFP_KERNEL, move || {
        fsleep(Delta::from_millis(50));
        f();
    })?;
    Ok(())
}

/// Waits until `condition` holds.
pub(crate) fn until(condition: impl Fn() -> bool) -> Result {
    for _ in 0..1000 {
        if condition() {
            return Ok(());
        }
        fsleep(Delta::from_millis(10));
    }
    Err(ETIMEDOUT)
}

/// A descriptor of the current thread, with its fence.
pub(crate) struct Descriptor {
    pub(crate) fd: u32,
    pub(crate) fence: ARef<Fence>,
}

impl Descriptor {
    pub(crate) fn new(fd: u32) -> Result<Self> {
        let fence = Fence::from_fd(fd as i32)?;
        Ok(Self { fd, fence })
    }

    /// Returns that which an ioctl makes of `fd`.
    pub(crate) fn by(user: &Node, command: u32, fd: u32) -> Result<Self> {
        let [_, fd] = user.ioctl(command, [8, fd])?;
        Self::new(fd)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: The descriptor is ours.
        unsafe { bindings::close_fd(self.fd) };
    }
}
