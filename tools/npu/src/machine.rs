// SPDX-License-Identifier: GPL-2.0

//! The device and its host, and the lock that both are behind.

use std::io;
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::client::Client;
use crate::config_space::MSI_VECTORS;
use crate::context::Next;
use crate::device::{Device, Identity};

#[derive(Debug)]
struct Inner {
    device: Device,
    client: Client,
    ended: bool,
}

/// A running device.
#[derive(Debug)]
pub struct Machine {
    inner: Mutex<Inner>,
    work: Condvar,
    start: Instant,
}

impl Machine {
    /// A device that has just got power.
    pub fn new(identity: Identity) -> io::Result<Self> {
        Ok(Self {
            inner: Mutex::new(Inner {
                device: Device::new(identity)?,
                client: Client::new(MSI_VECTORS, identity.vectors),
                ended: false,
            }),
            work: Condvar::new(),
            start: Instant::now(),
        })
    }

    /// Looks at the device; nothing can follow from it.
    pub fn look<R>(&self, look: impl FnOnce(&mut Device) -> R) -> R {
        look(&mut self.inner.lock().device)
    }

    /// Changes something, sends what follows from it, and has the rest done by [`Machine::run()`].
    pub fn change<R>(&self, change: impl FnOnce(&mut Device, &mut Client) -> R) -> R {
        let mut inner = self.inner.lock();
        let Inner { device, client, .. } = &mut *inner;
        device.set_time(self.start.elapsed());
        let result = change(device, client);
        device.send(client);
        drop(inner);
        self.work.notify_one();
        result
    }

    /// Does the work of the device, until [`Machine::end()`]. Between two slices, whoever wants
    /// the lock gets it.
    pub fn run(&self) {
        let mut inner = self.inner.lock();
        while !inner.ended {
            let Inner { device, client, .. } = &mut *inner;
            device.set_time(self.start.elapsed());
            match device.advance(client) {
                Next::Now => MutexGuard::bump(&mut inner),
                Next::At(time) => {
                    self.work.wait_until(&mut inner, self.start + time);
                }
                Next::Never => self.work.wait(&mut inner),
            }
        }
    }

    /// Makes [`Machine::run()`] return.
    pub fn end(&self) {
        self.inner.lock().ended = true;
        self.work.notify_one();
    }
}
