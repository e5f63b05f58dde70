// SPDX-License-Identifier: GPL-2.0

//! Work items that are part of a device.
//!
//! To queue one needs no memory, no reference to the device, and can be done in any context; so it
//! cannot fail. It is disabled until the device is there, and again when it goes, and who disables
//! it waits until it has run; so its function finds the device.

use kernel::{
    bindings,
    container_of,
    prelude::*,
    sync::LockClassKey,
    time::Jiffies,
    types::Opaque,
    workqueue, //
};

/// The function of a [`Task`], which a work queue calls.
pub(crate) type Function = unsafe extern "C" fn(*mut bindings::work_struct);

/// A work item that is part of a [`Core`](crate::device::Core).
///
/// # Invariants
///
/// `work` is initialised. It is only queued from [`Self::start`] to [`Self::stop`].
#[pin_data]
pub(crate) struct Task {
    #[pin]
    work: Opaque<bindings::delayed_work>,
}

// SAFETY: A work item may be used from any thread.
unsafe impl Send for Task {}
// SAFETY: As above.
unsafe impl Sync for Task {}

impl Task {
    /// Makes one that is disabled, with a lock class of its own.
    ///
    /// # Safety
    ///
    /// `function` must accept the item that it is the function of, once that is started.
    pub(crate) unsafe fn new(
        function: Function,
        name: &'static CStr,
        class: Pin<&'static LockClassKey>,
        timer_class: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self> {
        pin_init!(Self {
            // INVARIANT: The C functions initialise the item, and disable it.
            work <- Opaque::ffi_init(move |work: *mut bindings::delayed_work| {
                // SAFETY: `work` is valid for writes, stays where it is, and is not used yet. The
                // function of the timer is that of a `struct delayed_work`.
                unsafe {
                    let name = name.as_char_ptr();
                    let (item, timer) = (&raw mut (*work).work, &raw mut (*work).timer);
                    bindings::init_work_with_key(
                        item,
                        Some(function),
                        false,
                        name,
                        class.as_ptr(),
                    );
                    bindings::timer_init_key(
                        timer,
                        Some(bindings::delayed_work_timer_fn),
                        bindings::TIMER_IRQSAFE,
                        name,
                        timer_class.as_ptr(),
                    );
                    bindings::disable_delayed_work(work);
                }
            }),
        })
    }

    /// Returns the item that a work queue has called a function for.
    ///
    /// # Safety
    ///
    /// `work` must be what the function of a [`Self`] was called with.
    pub(crate) unsafe fn of(work: *mut bindings::work_struct) -> *const Self {
        // SAFETY: By the requirements the item is part of a `Self`.
        unsafe {
            let work = container_of!(work, bindings::delayed_work, work);
            container_of!(Opaque::cast_from(work), Self, work)
        }
    }

    /// Enables it, which must be disabled.
    pub(crate) fn start(&self) {
        // SAFETY: The item is initialised, by the type invariants.
        unsafe { bindings::enable_delayed_work(self.work.get()) };
    }

    /// Disables it, and waits if it is just running. May be called more than once; then it has to
    /// be started as often.
    pub(crate) fn stop(&self) {
        // SAFETY: The item is initialised, by the type invariants.
        unsafe { bindings::disable_delayed_work_sync(self.work.get()) };
    }

    /// Has it run soon, once after the last call of this. Has no effect if it is disabled. May be
    /// called in any context.
    #[inline]
    pub(crate) fn queue(&self, queue: &workqueue::Queue) {
        // SAFETY: The item is initialised, by the type invariants.
        unsafe {
            bindings::queue_delayed_work_on(
                // CAST: The number is small.
                bindings::wq_misc_consts_WORK_CPU_UNBOUND as i32,
                core::ptr::from_ref(queue).cast_mut().cast(),
                self.work.get(),
                0,
            )
        };
    }

    /// Has it run in `delay` jiffies, whatever was said before. Has no effect if it is disabled.
    /// May be called in any context.
    pub(crate) fn queue_in(&self, queue: &workqueue::Queue, delay: Jiffies) {
        // SAFETY: The item is initialised, by the type invariants.
        unsafe {
            bindings::mod_delayed_work_on(
                // CAST: The number is small.
                bindings::wq_misc_consts_WORK_CPU_UNBOUND as i32,
                core::ptr::from_ref(queue).cast_mut().cast(),
                self.work.get(),
                delay,
            )
        };
    }
}

/// Makes the initialiser of the [`Task`] in a field of a [`Core`](crate::device::Core), which calls
/// a function with that.
macro_rules! task {
    ($($field:ident).+, $function:expr) => {{
        /// # Safety
        ///
        /// To be called by the work queue, for this item of a [`Core`](crate::device::Core).
        unsafe extern "C" fn call(work: *mut kernel::bindings::work_struct) {
            // SAFETY: The item is part of a `Core`. It is only started while the device is there,
            // and whoever stops it waits, so the device is still there.
            let core = unsafe {
                let task = $crate::device::task::Task::of(work);
                &*kernel::container_of!(task, $crate::device::Core, $($field).+)
            };
            $function(core)
        }

        let name = kernel::c_str!(concat!("accel_", stringify!($($field).+)));
        let (class, timer_class) = (kernel::static_lock_class!(), kernel::static_lock_class!());
        // SAFETY: The function accepts what is this field of a `Core`.
        unsafe { $crate::device::task::Task::new(call, name, class, timer_class) }
    }};
}
pub(crate) use task;
