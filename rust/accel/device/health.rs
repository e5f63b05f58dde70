// SPDX-License-Identifier: GPL-2.0

//! Errors of a device: what a driver reports, and what is remembered of it.
//!
//! A [`Fault`] can be reported in any context, interrupts included. What takes a thread is left to
//! work items that are part of the device, so to report needs no memory, and cannot fail. One ends
//! the work that is lost, and with it its fences; another one then resets the device; and a third
//! announces what has happened by a uevent. Only the first is in the way of a fence.

use kernel::{
    new_mutex,
    new_spinlock_irq,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        Mutex,
        SpinLockIrq, //
    },
    time::{
        msecs_to_jiffies,
        Msecs, //
    }, //
};

use super::{
    core::registration::{
        Registered,
        Removal, //
    },
    coredump,
    reset::{
        self,
        Halting,
        Limit,
        ResetState, //
    },
    task::{
        task,
        Task, //
    },
    timer::Timer,
    trace,
    watchdog::{
        self,
        Deadlines, //
    }, //
};
use crate::{
    base::{
        queue,
        rate_limit::RateLimit,
        state::State, //
    },
    device::Core,
    sys::{
        ffi,
        uapi::{
            self,
            flags::EventClass, //
        }, //
    }, //
};

/// Something that went wrong with a device.
///
/// Reported by [`Device::report`](crate::Device::report), or by
/// [`Device::reset`](crate::Device::reset) if only a reset mends it. Its kind is one of `enum
/// accel_error`; its code is the driver's own number for it, which the driver's C header explains.
/// Topic STATUS, the event ERROR and the tracepoint `accel_error` show both.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Fault};
///
/// /// The bits of the status register.
/// const ECC_CORRECTED: u32 = 1 << 0;
/// const HUNG: u32 = 1 << 1;
///
/// /// May be called in an interrupt.
/// fn look_at_status<T: AccelDriver>(dev: &Device<T>, status: u32) {
///     if status & ECC_CORRECTED != 0 {
///         dev.report(Fault::hardware(status.into()));
///     }
///     if status & HUNG != 0 {
///         dev.reset(Fault::hardware(status.into()));
///     }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Fault {
    pub(crate) kind: FaultKind,
    /// The driver's own number for it.
    pub(crate) code: u64,
}

/// The kind of a [`Fault`]; `enum accel_error`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum FaultKind {
    Hardware = uapi::ACCEL_ERROR_HARDWARE,
    Firmware = uapi::ACCEL_ERROR_FIRMWARE,
    Timeout = uapi::ACCEL_ERROR_TIMEOUT,
    ResetFailed = uapi::ACCEL_ERROR_RESET_FAILED,
    ResetStorm = uapi::ACCEL_ERROR_RESET_STORM,
    PowerFailed = uapi::ACCEL_ERROR_POWER_FAILED,
    Bus = uapi::ACCEL_ERROR_BUS,
}

impl FaultKind {
    /// Returns the name by which user space knows it.
    pub(crate) const fn name(self) -> &'static CStr {
        match self {
            Self::Hardware => c"hardware",
            Self::Firmware => c"firmware",
            Self::Timeout => c"timeout",
            Self::ResetFailed => c"reset_failed",
            Self::ResetStorm => c"reset_storm",
            Self::PowerFailed => c"power_failed",
            Self::Bus => c"bus",
        }
    }
}

impl Fault {
    /// The hardware has reported an error, or behaves as if it had one. What `code` means is up to
    /// the driver.
    pub const fn hardware(code: u64) -> Self {
        Self {
            kind: FaultKind::Hardware,
            code,
        }
    }

    /// The firmware has reported an error. What `code` means is up to the driver.
    pub const fn firmware(code: u64) -> Self {
        Self {
            kind: FaultKind::Firmware,
            code,
        }
    }

    /// Work was not done in its time. What `code` means is up to the driver; the framework itself
    /// says how many pieces of work it was.
    pub const fn timeout(code: u64) -> Self {
        Self {
            kind: FaultKind::Timeout,
            code,
        }
    }

    /// The driver's reset has returned an error.
    pub(crate) fn reset_failed(error: Error) -> Self {
        Self::of_error(FaultKind::ResetFailed, error)
    }

    /// The device could not be put to sleep, or be woken.
    pub(crate) fn power_failed(error: Error) -> Self {
        Self::of_error(FaultKind::PowerFailed, error)
    }

    fn of_error(kind: FaultKind, error: Error) -> Self {
        Self {
            kind,
            // CAST: The numbers of errors are small and negative.
            code: error.to_errno().unsigned_abs().into(),
        }
    }

    /// There were as many resets as the driver allows.
    pub(crate) fn reset_storm(limit: Limit) -> Self {
        Self {
            kind: FaultKind::ResetStorm,
            code: limit.resets.into(),
        }
    }
}

/// What is remembered of the state of a device, and of its errors.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    /// How many resets were begun.
    pub(crate) resets: u64,
    /// How many faults were reported.
    pub(crate) errors: u64,
    /// The last fault, and when it was; CLOCK_MONOTONIC, nanoseconds.
    pub(crate) last: Option<(Fault, u64)>,
    /// Since when the state is what it is.
    pub(crate) state_ns: u64,
}

const NSEC_PER_MSEC: u64 = 1_000_000;

/// How much time there is between two uevents of errors at least, in milliseconds.
const INTERVAL_MS: u32 = 100;

/// What a [`Core`] keeps for its errors and resets.
#[pin_data]
pub(crate) struct Health {
    #[pin]
    record: SpinLockIrq<Record>,
    /// Held by whoever resets the device, or has its bus do so.
    #[pin]
    pub(crate) reset_lock: Mutex<ResetState>,
    /// The hardware is quiesced for the bus. Only changed with `reset_lock` held.
    pub(crate) quiesced: AtomicFlag,
    /// Held by whoever takes a step of the state. Fences depend on it.
    #[pin]
    pub(crate) halting: Mutex<Halting>,
    /// How many resets there may be; `None` if the driver has none.
    pub(crate) limit: Option<Limit>,
    /// A fault asks for a reset.
    pub(crate) reset_requested: AtomicFlag,
    /// There is something to announce.
    pub(crate) unannounced: AtomicFlag,
    /// When there was something the last time; CLOCK_MONOTONIC, nanoseconds.
    announced_ns: Atomic<u64>,
    /// Ends the work that is lost.
    #[pin]
    halt_work: Task,
    /// Resets the device, or leaves it alone for good.
    #[pin]
    reset_work: Task,
    /// Announces errors.
    #[pin]
    announce: Task,
    #[pin]
    pub(crate) watchdog: Timer,
    pub(crate) deadlines: Arc<Deadlines>,
    /// How often a dump is taken.
    pub(crate) coredumps: RateLimit,
}

impl Health {
    pub(crate) fn new(limit: Option<Limit>) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            record <- new_spinlock_irq!(Record {
                resets: 0,
                errors: 0,
                last: None,
                state_ns: ffi::monotonic_ns(),
            }),
            reset_lock <- new_mutex!(ResetState::new()),
            quiesced: AtomicFlag::new(false),
            halting <- new_mutex!(Halting::new()),
            limit,
            reset_requested: AtomicFlag::new(false),
            unannounced: AtomicFlag::new(false),
            announced_ns: Atomic::new(0),
            halt_work <- task!(health.halt_work, reset::halt_if_requested),
            reset_work <- task!(health.reset_work, reset::complete_halt),
            announce <- task!(health.announce, Core::announce),
            watchdog <- watchdog::timer(),
            deadlines: Arc::new(Deadlines::new(), GFP_KERNEL)?,
            coredumps: RateLimit::new(coredump::INTERVAL_MS),
        })
    }

    /// Returns what is remembered.
    pub(crate) fn record(&self) -> Record {
        *self.record.lock()
    }

    /// Takes note that the state has changed, and returns for how long it was what it was before,
    /// in nanoseconds.
    pub(crate) fn note_state(&self, is_reset: bool) -> u64 {
        let now_ns = ffi::monotonic_ns();
        let mut record = self.record.lock();
        let before_ns = core::mem::replace(&mut record.state_ns, now_ns);
        record.resets += u64::from(is_reset);
        now_ns.saturating_sub(before_ns)
    }

    /// Has [`reset::halt_if_requested`] be called soon. May be called in any context.
    pub(crate) fn queue_halt(&self) {
        self.halt_work.queue(queue::signalling());
    }

    /// Has [`reset::complete_halt`] be called soon. May be called in any context.
    pub(crate) fn queue_reset(&self) {
        self.reset_work.queue(queue::ordinary());
    }

    /// Has what there is to say be announced soon, but not too often. May be called in any context.
    pub(crate) fn queue_announce(&self) {
        let next_ns = self.announced_ns.load(Relaxed) + u64::from(INTERVAL_MS) * NSEC_PER_MSEC;
        let left_ns = next_ns.saturating_sub(ffi::monotonic_ns());
        // CAST: At most `INTERVAL_MS`.
        let left = msecs_to_jiffies(left_ns.div_ceil(NSEC_PER_MSEC) as Msecs);
        self.announce.queue_in(queue::ordinary(), left);
    }

    /// Lets what fences depend on stand still, while the system sleeps; waits for what is running.
    pub(crate) fn pause(&self) {
        self.watchdog.stop();
        self.halt_work.stop();
    }

    /// Lets it go on, and do what was asked for since.
    pub(crate) fn resume(&self) {
        self.halt_work.start();
        // To start an item is a full barrier, and so is to queue it: whoever asks at this moment
        // either finds it started, or has asked by now.
        if self.reset_requested.load(Relaxed) {
            self.queue_halt();
        }
        self.watchdog.start();
    }
}

impl Registered {
    /// Begins to act on what is reported.
    pub(super) fn start_health(&self) {
        let health = &self.core().health;
        health.announce.start();
        health.reset_work.start();
        // For what was reported before. As in `Health::resume()`, nothing is missed.
        if health.unannounced.load(Relaxed) {
            health.queue_announce();
        }
        health.resume();
    }
}

impl Removal<'_> {
    /// Ceases to act on what is reported, for good, and waits until that is over.
    pub(super) fn stop_health(&self) {
        let health = &self.core().health;
        health.pause();
        health.reset_work.stop();
        health.announce.stop();
    }
}

impl Core {
    /// Remembers a fault and tells subscribers, now, and others soon. May be called in any context.
    pub(crate) fn report(&self, fault: Fault) {
        self.note(fault);
        self.health.queue_announce();
    }

    /// Remembers a fault and tells subscribers. The others are to be told together with what comes
    /// of it. May be called in any context.
    pub(crate) fn note(&self, fault: Fault) {
        let mut record = self.health.record.lock();
        record.errors += 1;
        record.last = Some((fault, ffi::monotonic_ns()));
        let count = record.errors;
        drop(record);
        trace::error(self, fault, count);
        let data = [fault.kind as u64, fault.code, count];
        self.send_event(EventClass::Error, uapi::ACCEL_EVENT_ERROR, data);
        self.health.unannounced.store(true, Relaxed);
    }

    /// Returns the data of the event that tells of a change of the state.
    pub(crate) fn state_data(&self, before: State, now: State) -> [u64; 3] {
        [now as u64, before as u64, self.health.record().resets]
    }

    /// Announces what there is to say of the device by a uevent, if there is anything. The device
    /// must be there, and no fence may depend on the caller: this allocates memory.
    pub(crate) fn announce(&self) {
        if self.health.unannounced.xchg(false, Relaxed) {
            self.health.announced_ns.store(ffi::monotonic_ns(), Relaxed);
            self.send_uevent();
        }
    }
}
