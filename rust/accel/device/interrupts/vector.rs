// SPDX-License-Identifier: GPL-2.0

//! One vector of a device: its handler, and the thread of that.
//!
//! The hard half is called whenever there is data and the interrupts are not silenced. The thread
//! calls the driver as everybody does, inside the gate and while the device is running; what it was
//! woken for meanwhile stays pending, and it is woken again when the device runs.
//!
//! A vector that the hard half has masked is unmasked by the thread, when that was in the driver.
//! If it cannot be, the vector stays masked: else a device that goes on to raise it would leave its
//! processor nothing else to do. It is unmasked for the hook of a reset or of a resume, which may
//! wait for an interrupt, and before the vector is freed, as others may have the line.

use kernel::{
    irq::{
        self,
        IrqReturn,
        ThreadedIrqReturn, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            AtomicFlag,
            Full,
            Relaxed, //
        }, //
    }, //
};

use super::Source;
use crate::{
    base::fence::Signalling,
    device::{
        call::Call,
        ops::features::{
            InterruptFns,
            InterruptThreadFn,
            IrqAction, //
        },
        section::SectionRef,
        Core, //
    },
    sys::ffi, //
};

/// Hands the interrupts of a vector on to the driver.
///
/// # Invariants
///
/// The functions are those of the driver of `core`. The binding keeps its data.
struct Handler {
    core: ARef<Core>,
    fns: InterruptFns,
    /// What the thread calls, if there is one.
    thread: Option<InterruptThreadFn>,
    vector: u32,
    /// Which of the system's interrupts it is.
    number: u32,
    /// The thread was woken, and has not called the driver since.
    pending: AtomicFlag,
    /// It is masked until the thread has called the driver.
    masked: AtomicFlag,
    /// It is not to be masked any more.
    ends: AtomicFlag,
}

impl Handler {
    /// Calls the driver's hard half.
    #[inline]
    fn call(&self) -> IrqAction {
        if self.core.interrupts.are_silenced() {
            return IrqAction::None;
        }
        let _signalling = Signalling::begin();
        // SAFETY: By the type invariants the function is that of the driver, and the data is there.
        unsafe { (self.fns.handle)(&self.core, self.vector) }
    }

    /// Calls the driver's threaded half, if it can be called now. Returns whether it was.
    fn call_thread(&self) -> bool {
        if self.core.interrupts.are_silenced() {
            return false;
        }
        let (Some(thread), Some(guard)) = (self.thread, self.core.gate.enter_running()) else {
            return false;
        };
        // What is raised from now on wakes the thread again.
        self.pending.store(false, Relaxed);
        let _signalling = Signalling::begin();
        let call = Call {
            core: &self.core,
            section: SectionRef::Owned(guard),
            file: None,
        };
        // SAFETY: The function is that of the driver of the device that the call was admitted to.
        unsafe { thread(&call, &self.vector) };
        true
    }

    fn mask(&self) {
        if !self.ends.load(Relaxed) && !self.masked.xchg(true, Full) {
            ffi::disable_irq_nosync(self.number);
        }
    }

    fn unmask(&self) {
        if self.masked.xchg(false, Full) {
            ffi::enable_irq(self.number);
        }
    }
}

impl irq::Handler for Handler {
    fn handle(&self) -> IrqReturn {
        match self.call() {
            IrqAction::None => IrqReturn::None,
            _ => IrqReturn::Handled,
        }
    }
}

impl irq::ThreadedHandler for Handler {
    fn handle(&self) -> ThreadedIrqReturn {
        match self.call() {
            IrqAction::WakeThread => self.pending.store(true, Relaxed),
            IrqAction::WakeThreadMasked => {
                self.pending.store(true, Relaxed);
                self.mask();
            }
            // If all handlers are threads, it is this one that `wake_thread()` wakes.
            IrqAction::None | IrqAction::Handled if self.pending.load(Relaxed) => (),
            IrqAction::None => return ThreadedIrqReturn::None,
            IrqAction::Handled => return ThreadedIrqReturn::Handled,
        }
        ThreadedIrqReturn::WakeThread
    }

    fn handle_threaded(&self) -> IrqReturn {
        if self.call_thread() {
            self.unmask();
        }
        IrqReturn::Handled
    }
}

/// A vector that was requested. It is freed when this is dropped.
pub(super) struct Vector(Registration);

enum Registration {
    Plain(Pin<KBox<irq::Registration<'static, Handler>>>),
    Threaded(Pin<KBox<irq::ThreadedRegistration<'static, Handler>>>),
}

impl Vector {
    /// Requests a vector. If there is a function for it, it has a thread.
    ///
    /// # Safety
    ///
    /// The functions must be those of the driver of `core`. The result must be dropped while the
    /// device on the bus has the interrupt, and before the data of the binding is.
    pub(super) unsafe fn request(
        core: &Core,
        fns: InterruptFns,
        thread: Option<InterruptThreadFn>,
        vector: u32,
        source: Source,
    ) -> Result<Self> {
        let Source { request, flags } = source;
        // INVARIANT: Same as the safety requirements.
        let handler = Handler {
            core: core.into(),
            fns,
            thread,
            vector,
            number: request.irq(),
            pending: AtomicFlag::new(false),
            masked: AtomicFlag::new(false),
            ends: AtomicFlag::new(false),
        };
        // SAFETY: The caller drops the registration.
        let registration = unsafe {
            match thread {
                None => {
                    let vector = irq::Registration::new(request, flags, fns.name, Ok(handler));
                    Registration::Plain(KBox::pin_init(vector, GFP_KERNEL)?)
                }
                Some(_) => {
                    let vector =
                        irq::ThreadedRegistration::new(request, flags, fns.name, Ok(handler));
                    Registration::Threaded(KBox::pin_init(vector, GFP_KERNEL)?)
                }
            }
        };
        Ok(Self(registration))
    }

    fn handler(&self) -> &Handler {
        match &self.0 {
            Registration::Plain(registration) => registration.handler(),
            Registration::Threaded(registration) => registration.handler(),
        }
    }

    /// Waits until neither the handler nor the thread is running that began before. May sleep.
    pub(super) fn synchronize(&self) {
        ffi::synchronize_irq(self.handler().number);
    }

    /// Ends the mask of the hard half, if there is one.
    pub(super) fn unmask(&self) {
        self.handler().unmask();
    }

    /// As [`Self::unmask`], and has the hard half mask nothing any more. May sleep.
    pub(super) fn unmask_for_good(&self) {
        let handler = self.handler();
        handler.ends.store(true, Relaxed);
        // One that has not seen it is over then.
        self.synchronize();
        handler.unmask();
    }

    /// Wakes the thread if it was to run before and could not.
    pub(super) fn wake_thread(&self) {
        if let Registration::Threaded(registration) = &self.0 {
            let handler = registration.handler();
            if handler.pending.load(Relaxed) {
                // The cookie of a registration is its address.
                let cookie = core::ptr::from_ref(&**registration);
                ffi::irq_wake_thread(handler.number, cookie.cast());
            }
        }
    }
}
