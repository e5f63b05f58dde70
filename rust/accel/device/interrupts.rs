// SPDX-License-Identifier: GPL-2.0

//! The interrupts of a device: who is called for them, and when the driver is not.
//!
//! The bus knows which of the system's interrupts a device has. All else is the same on all buses,
//! and here: to request them, to hand them on to the driver, and to free them.
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

mod vector;

use kernel::{
    irq::{
        Flags,
        IrqRequest, //
    },
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        Mutex, //
    }, //
};

use self::vector::Vector;
use super::{
    ops::FeatureFns,
    Core, //
};

/// What a device raises, other than messages.
pub(crate) trait Line: Send {
    /// Keeps what the device raises from being handled, or permits it; not what others raise. May
    /// sleep.
    fn set_masked(&self, is_masked: bool);
}

/// What the bus of a device has requested.
struct Requested {
    vectors: KVec<Vector>,
    line: Option<KBox<dyn Line>>,
}

impl Requested {
    const NOTHING: Self = Self {
        vectors: KVec::new(),
        line: None,
    };

    fn unmask(&self) {
        for vector in &self.vectors {
            vector.unmask();
        }
    }
}

/// The interrupts of a device.
#[pin_data]
pub(crate) struct Interrupts {
    /// How many reasons there are not to call the driver. Only changed while `requested` is locked.
    silenced: Atomic<u32>,
    /// How many vectors there are, for those who cannot lock `requested`.
    count: Atomic<u32>,
    #[pin]
    requested: Mutex<Requested>,
}

impl Interrupts {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            silenced: Atomic::new(0),
            count: Atomic::new(0),
            requested <- new_mutex!(Requested::NOTHING),
        })
    }

    /// Returns how many vectors the device has.
    pub(crate) fn count(&self) -> u32 {
        self.count.load(Relaxed)
    }

    /// Returns whether the driver must not be called. To be asked by handlers.
    #[inline]
    fn are_silenced(&self) -> bool {
        self.silenced.load(Acquire) != 0
    }

    /// Has the driver not be called, until [`Self::restore`] was called as often as this. When this
    /// returns, no handler is in the driver, nor its thread. May sleep.
    pub(crate) fn silence(&self) {
        let requested = self.requested.lock();
        if let (Some(line), false) = (&requested.line, self.are_silenced()) {
            line.set_masked(true);
        }
        self.silenced.fetch_add(1, Relaxed);
        for vector in &requested.vectors {
            // Handlers run with a lock of the interrupt taken before and after, and so does this:
            // it waits for one that has begun, and one that begins later sees the count.
            vector.synchronize();
        }
    }

    /// Takes one [`Self::silence`] back. What the driver has done before, its handlers see. May
    /// sleep.
    pub(crate) fn restore(&self) {
        let requested = self.requested.lock();
        if self.silenced.fetch_sub(1, Release) != 1 {
            return;
        }
        if let Some(line) = &requested.line {
            line.set_masked(false);
        }
        requested.unmask();
    }

    /// Unmasks the vectors that are masked until their thread has run, for whoever may wait for an
    /// interrupt before it can run.
    pub(crate) fn unmask(&self) {
        self.requested.lock().unmask();
    }

    /// Wakes the threads that were to run while they could not. To be called when they can.
    pub(crate) fn wake_threads(&self) {
        for vector in &self.requested.lock().vectors {
            vector.wake_thread();
        }
    }

    /// Frees all vectors. When this returns, no handler is in the driver, and none will be.
    fn free(&self) {
        // If the line is masked, it stays so: there is no handler any more. To enable the device
        // ends that.
        let requested = core::mem::replace(&mut *self.requested.lock(), Requested::NOTHING);
        for vector in &requested.vectors {
            vector.unmask_for_good();
        }
        drop(requested);
        self.count.store(0, Relaxed);
    }
}

/// One of the system's interrupts, as a bus requests it for a device.
pub(crate) struct Source {
    pub(crate) request: IrqRequest<'static>,
    pub(crate) flags: Flags,
}

/// The interrupts that were requested for a device. They are freed when this is dropped.
pub(crate) struct RequestedInterrupts(ARef<Core>);

impl Core {
    /// Requests interrupts: the first of `sources` is vector 0. Unless they are messages, `line` is
    /// what they arrive by.
    ///
    /// Returns `EINVAL` if the driver, which is described by `fns`, does not handle interrupts.
    ///
    /// # Safety
    ///
    /// The result must be dropped while the device on the bus has the interrupts, and before the
    /// data of the binding is.
    pub(crate) unsafe fn request_interrupts(
        &self,
        fns: &FeatureFns,
        sources: KVec<Source>,
        line: Option<KBox<dyn Line>>,
    ) -> Result<RequestedInterrupts> {
        let handler = fns.interrupts.ok_or(EINVAL)?;
        let interrupts = &self.interrupts;
        interrupts.requested.lock().line = line;
        // CAST: There are not that many.
        interrupts.count.store(sources.len() as u32, Relaxed);
        // If one fails, those before it are freed.
        let requested = RequestedInterrupts(self.into());
        let thread = fns.interrupt_thread;
        for (vector, source) in (0..).zip(sources) {
            // SAFETY: The vectors are freed when `requested` is dropped, and by the requirements
            // the interrupts and the data are there until then.
            let vector = unsafe { Vector::request(self, handler, thread, vector, source) }?;
            let mut requested = interrupts.requested.lock();
            requested.vectors.push(vector, GFP_KERNEL)?;
        }
        Ok(requested)
    }
}

impl Drop for RequestedInterrupts {
    fn drop(&mut self) {
        self.0.interrupts.free();
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
        interrupts.requested.lock().line = Some(line);
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
