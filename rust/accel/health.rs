// SPDX-License-Identifier: GPL-2.0

//! Errors of a device: what a driver reports, and what is remembered of it.
//!
//! A [`Fault`] can be reported in any context, interrupts included. What takes a thread, to
//! announce it by a uevent and to reset the device, is left to the one work item of the device,
//! which is part of the device itself: to report needs no memory, and cannot fail. The item is
//! disabled until the device is there, and again when it goes, so it needs no reference to the
//! device.

use kernel::{
    bindings,
    container_of,
    new_mutex,
    new_spinlock_irq,
    prelude::*,
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        Mutex,
        SpinLockIrq, //
    },
    types::Opaque, //
};

use crate::{
    device::{
        Core,
        Device, //
    },
    driver::AccelDriver,
    ffi,
    queue::queue,
    reset::{
        self,
        Limit,
        Storm, //
    },
    state::State,
    trace,
    uapi,
    watchdog::{
        self,
        Deadlines, //
    }, //
};

/// Something that went wrong with a device.
///
/// Reported by [`Device::report`], or by [`Device::reset`] if only a reset mends it. Its kind is one
/// of `enum accel_error`; its code is the driver's own number for it, which the driver's C header
/// explains. Topic STATUS, the event ERROR and the tracepoint `accel_error` show both.
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

/// What a [`Core`] keeps for its errors and resets.
///
/// # Invariants
///
/// `work` is initialised, and is that of a [`Core`]. It is only enabled from [`Core::start_health`]
/// to [`Core::stop_health`].
#[pin_data]
pub(crate) struct Health {
    #[pin]
    record: SpinLockIrq<Record>,
    /// Held by whoever resets the device.
    #[pin]
    pub(crate) turn: Mutex<Storm>,
    /// How many resets there may be; `None` if the driver has none.
    pub(crate) limit: Option<Limit>,
    /// A fault asks for a reset.
    pub(crate) wanted: AtomicFlag,
    /// There is something to announce.
    news: AtomicFlag,
    #[pin]
    pub(crate) work: Opaque<bindings::work_struct>,
    #[pin]
    pub(crate) watchdog: watchdog::Timer,
    pub(crate) deadlines: Arc<Deadlines>,
}

// SAFETY: A work item may be used from any thread.
unsafe impl Send for Health {}
// SAFETY: As above.
unsafe impl Sync for Health {}

impl Health {
    pub(crate) fn new(limit: Option<Limit>) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            record <- new_spinlock_irq!(Record {
                resets: 0,
                errors: 0,
                last: None,
                state_ns: ffi::monotonic_ns(),
            }),
            turn <- new_mutex!(Storm::new()),
            limit,
            wanted: AtomicFlag::new(false),
            news: AtomicFlag::new(false),
            // INVARIANT: The C functions initialise the item, and disable it.
            work <- Opaque::ffi_init(|work| {
                // SAFETY: `work` is valid for writes, stays where it is, and is not used yet.
                unsafe {
                    ffi::accel_helper_init_work(work, Some(run));
                    bindings::disable_work(work);
                }
            }),
            watchdog <- watchdog::Timer::new(),
            deadlines: Arc::new(Deadlines::new(), GFP_KERNEL)?,
        })
    }

    /// Returns what is remembered.
    pub(crate) fn record(&self) -> Record {
        *self.record.lock()
    }

    /// Takes note that the state has changed.
    pub(crate) fn note_state(&self, is_reset: bool) {
        let mut record = self.record.lock();
        record.state_ns = ffi::monotonic_ns();
        record.resets += u64::from(is_reset);
    }

    /// Has [`run`] be called soon. May be called in any context.
    pub(crate) fn wake(&self) {
        // SAFETY: The item is initialised, by the type invariants.
        unsafe {
            bindings::queue_work_on(
                // CAST: The number is small.
                bindings::wq_misc_consts_WORK_CPU_UNBOUND as i32,
                queue(),
                self.work.get(),
            )
        };
    }
}

impl Core {
    /// Begins to act on what is reported. To be called when the device is there.
    pub(crate) fn start_health(&self) {
        // SAFETY: The item is initialised and was disabled once, by the type invariants.
        unsafe { bindings::enable_work(self.health.work.get()) };
        // For what was reported before.
        if self.health.news.load(Relaxed) {
            self.health.wake();
        }
        self.health.watchdog.start();
    }

    /// Ceases to act on what is reported, for good, and waits until that is over. To be called when
    /// the device is gone.
    pub(crate) fn stop_health(&self) {
        self.health.watchdog.stop();
        // SAFETY: The item is initialised, by the type invariants.
        unsafe { bindings::disable_work_sync(self.health.work.get()) };
    }

    /// Remembers a fault and tells subscribers, now, and others soon. May be called in any context.
    pub(crate) fn report(&self, fault: Fault) {
        let mut record = self.health.record.lock();
        record.errors += 1;
        record.last = Some((fault, ffi::monotonic_ns()));
        let count = record.errors;
        drop(record);
        trace::error(self, fault, count);
        let data = [fault.kind as u64, fault.code, count];
        self.events
            .send(uapi::ACCEL_EVENT_CLASS_ERROR, uapi::ACCEL_EVENT_ERROR, data);
        self.health.news.store(true, Relaxed);
        self.health.wake();
    }

    /// Returns the data of the event that tells of a change of the state.
    pub(crate) fn state_data(&self, before: State, now: State) -> [u64; 3] {
        [now as u64, before as u64, self.health.record().resets]
    }

    /// Announces what there is to say of the device by a uevent. May sleep.
    pub(crate) fn announce(&self) {
        self.health.news.store(false, Relaxed);
        self.send_uevent();
    }
}

/// Does what takes a thread.
///
/// # Safety
///
/// To be called by the work queue, for the item of a [`Health`].
unsafe extern "C" fn run(work: *mut bindings::work_struct) {
    // SAFETY: The item is part of a `Core`. It is only enabled while the device is there, and
    // whoever disables it waits, so the device is still there.
    let core = unsafe { &*container_of!(Opaque::cast_from(work), Core, health.work) };
    if core.health.news.load(Relaxed) {
        core.announce();
    }
    reset::run(core);
}

impl<T: AccelDriver> Device<T> {
    /// Reports an error that the device can live with. It is counted, and shown together with the
    /// time until the next one, by the information topic STATUS and in sysfs.
    ///
    /// May be called in any context. Many errors in a short time are one uevent.
    pub fn report(&self, fault: Fault) {
        self.core().report(fault);
    }
}
