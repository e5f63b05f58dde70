// SPDX-License-Identifier: GPL-2.0

//! When the driver of a device is not called for interrupts.
//!
//! The line of an interrupt may be shared: the device of somebody else has raised it. A handler
//! that asks its own device reads a register, which it must not while that is asleep, or is being
//! reset by its bus. So whoever takes the registers away silences the interrupts first.
//!
//! If the device raised the line meanwhile, no handler would lower it: it would be handled again
//! and again, until the kernel gives up the line, and with it all other devices on it. So the bus
//! masks a line as long as the interrupts are silenced. What is raised meanwhile is handled
//! afterwards. Interrupts that are messages need no mask: each is handled once, and nobody else has
//! them.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        Mutex, //
    }, //
};

use crate::sys::ffi;

/// A line that a device raises, and that others may share.
pub(crate) trait Line: Send {
    /// Keeps the device from raising the line, or permits it. May sleep.
    fn set_masked(&self, is_masked: bool);
}

/// What the bus of a device has requested.
struct Handlers {
    /// The system's interrupts that have a handler.
    numbers: KVec<u32>,
    line: Option<KBox<dyn Line>>,
}

/// The interrupts of a device.
#[pin_data]
pub(crate) struct Interrupts {
    /// How many reasons there are not to call the driver. Only changed while `handlers` is locked.
    silenced: Atomic<u32>,
    #[pin]
    handlers: Mutex<Handlers>,
}

impl Interrupts {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            silenced: Atomic::new(0),
            handlers <- new_mutex!(Handlers {
                numbers: KVec::new(),
                line: None,
            }),
        })
    }

    /// Sets which of the system's interrupts have a handler, and their line, unless they are
    /// messages. Each handler must ask [`Self::are_silenced`] before it calls the driver.
    pub(crate) fn set_handlers(&self, numbers: KVec<u32>, line: Option<KBox<dyn Line>>) {
        *self.handlers.lock() = Handlers { numbers, line };
    }

    /// Returns whether the driver must not be called. To be asked by handlers.
    #[inline]
    pub(crate) fn are_silenced(&self) -> bool {
        self.silenced.load(Acquire) != 0
    }

    /// Has the driver not be called, until [`Self::restore`] was called as often as this. When this
    /// returns, no handler is in the driver. May sleep.
    pub(crate) fn silence(&self) {
        let handlers = self.handlers.lock();
        if let (Some(line), false) = (&handlers.line, self.are_silenced()) {
            line.set_masked(true);
        }
        self.silenced.fetch_add(1, Relaxed);
        for &number in &handlers.numbers {
            // Handlers run with a lock of the interrupt taken before and after, and so does this:
            // it waits for one that has begun, and one that begins later sees the count.
            ffi::synchronize_irq(number);
        }
    }

    /// Takes one [`Self::silence`] back. What the driver has done before, its handlers see. May
    /// sleep.
    pub(crate) fn restore(&self) {
        let handlers = self.handlers.lock();
        let is_last = self.silenced.fetch_sub(1, Release) == 1;
        if let (Some(line), true) = (&handlers.line, is_last) {
            line.set_masked(false);
        }
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_interrupts)]
mod tests {
    use super::*;
    use kernel::sync::{
        atomic::AtomicFlag,
        Arc, //
    };
    use pin_init::stack_pin_init;

    struct TestLine(Arc<AtomicFlag>);

    impl Line for TestLine {
        fn set_masked(&self, is_masked: bool) {
            self.0.store(is_masked, Relaxed);
        }
    }

    #[test]
    fn are_silent_for_each_reason() {
        stack_pin_init!(let interrupts = Interrupts::new());
        assert!(!interrupts.are_silenced());
        interrupts.silence();
        interrupts.silence();
        assert!(interrupts.are_silenced());
        interrupts.restore();
        assert!(interrupts.are_silenced());
        interrupts.restore();
        assert!(!interrupts.are_silenced());
    }

    #[test]
    fn a_line_is_masked_while_they_are_silent() -> Result {
        let masked = Arc::new(AtomicFlag::new(false), GFP_KERNEL)?;
        stack_pin_init!(let interrupts = Interrupts::new());
        let line = KBox::new(TestLine(masked.clone()), GFP_KERNEL)?;
        interrupts.set_handlers(KVec::new(), Some(line));
        for (silence, expected) in [(true, true), (true, true), (false, true), (false, false)] {
            match silence {
                true => interrupts.silence(),
                false => interrupts.restore(),
            }
            assert_eq!(masked.load(Relaxed), expected);
        }
        Ok(())
    }
}
