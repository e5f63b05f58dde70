// SPDX-License-Identifier: GPL-2.0

//! The eventfd that the interrupt of a device signals: one for the device, given by one of its
//! files.

use accel::{
    prelude::*,
    EventFd,
    FileOps, //
};
use kernel::{
    new_spinlock_irq,
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        SpinLockIrq, //
    },
};

use crate::{
    edu_uapi,
    Edu, //
};

/// What the interrupt signals.
#[pin_data]
pub(crate) struct Signal {
    #[pin]
    eventfd: SpinLockIrq<Option<EventFd>>,
}

impl Signal {
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self { eventfd <- new_spinlock_irq!(None) }),
            GFP_KERNEL,
        )
    }

    /// Tells whoever has asked for it that there was an interrupt.
    pub(crate) fn send(&self) {
        if let Some(eventfd) = &*self.eventfd.lock() {
            eventfd.signal();
        }
    }

    /// Puts another eventfd, or none, in the place of the one that there is.
    fn replace(&self, eventfd: Option<EventFd>) {
        let before = core::mem::replace(&mut *self.eventfd.lock(), eventfd);
        drop(before);
    }
}

/// An open file. The eventfd that it has given goes with it.
pub(crate) struct Opened {
    signal: Arc<Signal>,
    has_given: AtomicFlag,
}

impl FileOps for Edu {
    type File = Opened;

    fn open(ctx: &Context<'_, Self, Observer>) -> impl PinInit<Opened, Error> {
        Ok(Opened {
            signal: ctx.data().signal.clone(),
            has_given: AtomicFlag::new(false),
        })
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if self.has_given.load(Relaxed) {
            self.signal.replace(None);
        }
    }
}

pub(crate) fn set_eventfd(ctx: Context<'_, Edu>, args: &mut edu_uapi::SetEventFd) -> Result {
    let file = ctx.file();
    let eventfd = match args.fd {
        -1 => None,
        fd => Some(ctx.eventfd(fd)?),
    };
    let mut place = file.signal.eventfd.lock();
    if place.is_some() && !file.has_given.load(Relaxed) {
        return Err(EBUSY);
    }
    file.has_given.store(eventfd.is_some(), Relaxed);
    let before = core::mem::replace(&mut *place, eventfd);
    drop(place);
    drop(before);
    Ok(())
}
