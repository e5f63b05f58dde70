// SPDX-License-Identifier: GPL-2.0

//! When the driver of a device is not called for interrupts.
//!
//! The line of an interrupt may be shared: the device of somebody else has raised it. A handler
//! that asks its own device reads a register, which it must not while that is asleep, or is being
//! reset by its bus. So whoever takes the registers away silences the interrupts first.

use kernel::{
    bindings,
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

/// The interrupts of a device.
#[pin_data]
pub(crate) struct Interrupts {
    /// How many reasons there are not to call the driver.
    silenced: Atomic<u32>,
    /// Those that have a handler.
    #[pin]
    numbers: Mutex<KVec<u32>>,
}

impl Interrupts {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            silenced: Atomic::new(0),
            numbers <- new_mutex!(KVec::new()),
        })
    }

    /// Sets which of the system's interrupts have a handler. Each of these must ask
    /// [`Self::are_silenced`] before it calls the driver.
    pub(crate) fn set_numbers(&self, numbers: KVec<u32>) {
        *self.numbers.lock() = numbers;
    }

    /// Returns whether the driver must not be called. To be asked by handlers.
    #[inline]
    pub(crate) fn are_silenced(&self) -> bool {
        self.silenced.load(Acquire) != 0
    }

    /// Has the driver not be called, until [`Self::restore`] was called as often as this. When this
    /// returns, no handler is in the driver. May sleep.
    pub(crate) fn silence(&self) {
        self.silenced.fetch_add(1, Relaxed);
        for &number in &*self.numbers.lock() {
            // Handlers run with a lock of the interrupt taken before and after, and so does this:
            // it waits for one that has begun, and one that begins later sees the count.
            //
            // SAFETY: May be called in process context, for any number.
            unsafe { bindings::synchronize_irq(number) };
        }
    }

    /// Takes one [`Self::silence`] back. What the driver has done before, its handlers see.
    pub(crate) fn restore(&self) {
        self.silenced.fetch_sub(1, Release);
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_interrupts)]
mod tests {
    use super::*;
    use pin_init::stack_pin_init;

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
}
