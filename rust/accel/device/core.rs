// SPDX-License-Identifier: GPL-2.0

//! The accelerator device: what outlives the binding, what does not, and how one ends.
//!
//! [`Core`] is a `struct device` of class `accelerator`, referenced by everybody who may still
//! need it: its node, its open files, its registration. It is not generic, and what it keeps of
//! the driver (the operations in the driver's module, the data of the binding) is only reached
//! behind its [`Gate`]. [`Device`](crate::Device) is the view of it that a driver has.

use core::{
    ffi::c_void,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    container_of,
    device,
    error::to_result,
    new_work,
    prelude::*,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
    types::Opaque,
    workqueue, //
};

use super::{
    background::Background,
    coredump,
    engine::Account,
    events::Events,
    file::Files,
    health::Health,
    interrupts::Interrupts,
    node::Node,
    ops::DriverOps,
    power::{
        self,
        Managed, //
    },
    section::OutsideCallers,
    trace,
    work::Usage, //
};
use crate::{
    base::{
        fence::Fences,
        gate::Gate,
        minor::Minor,
        rate_limit::RateLimit,
        state::State,
        wait::Sleepers, //
    },
    memory::{
        address_space::AddressSpace,
        Pool, //
    },
    sys::ffi, //
};

/// What the bus says about a device. All zero if it has no such ids.
#[derive(Clone, Copy, Default)]
pub(crate) struct DeviceIds {
    /// Vendor id.
    pub(crate) vendor: u32,
    /// Device id.
    pub(crate) device: u32,
    /// Subsystem vendor id.
    pub(crate) subsystem_vendor: u32,
    /// Subsystem device id.
    pub(crate) subsystem_device: u32,
    /// Revision.
    pub(crate) revision: u32,
}

/// How much time there is between two refusals of passthroughs in the kernel's log at least, in
/// milliseconds.
const REFUSALS_MS: u64 = 5_000;

/// A device of class `accelerator`.
///
/// # Invariants
///
/// - `dev` is initialised, and its reference count is that of the whole structure.
/// - `ops` belongs to the driver that the device was made for, and is valid while the gate is not
///   drained.
/// - `data` points to the `T::Data` of the binding, from before the device is added until the gate
///   is drained.
#[pin_data]
pub(crate) struct Core {
    #[pin]
    pub(crate) dev: Opaque<bindings::device>,
    #[pin]
    pub(crate) cdev: Opaque<bindings::cdev>,
    pub(crate) minor: Minor,
    pub(crate) ids: DeviceIds,
    pub(crate) registered_ns: u64,
    pub(crate) passthrough_calls: Atomic<u64>,
    /// What is not done for a file counts here.
    pub(crate) account: Arc<Account>,
    pub(crate) fences: Arc<Fences>,
    pub(crate) space: Arc<AddressSpace>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) has_buffers: bool,
    /// `None` if the device is always awake.
    pub(crate) power: Option<Managed>,
    node: Node,
    pub(crate) coredumps: RateLimit,
    /// Passthroughs that are refused, in the kernel's log.
    pub(crate) refusals: RateLimit,
    ops: NonNull<DriverOps>,
    data: Atomic<*mut c_void>,
    #[pin]
    pub(crate) gate: Gate,
    #[pin]
    pub(crate) background: Background,
    #[pin]
    pub(crate) outside_callers: OutsideCallers,
    #[pin]
    pub(crate) interrupts: Interrupts,
    #[pin]
    pub(crate) health: Health,
    #[pin]
    pub(crate) events: Events,
    /// Tells those who look on what has happened.
    #[pin]
    pub(crate) notify: workqueue::Work<Core, 1>,
    #[pin]
    pub(crate) wait: Sleepers,
    #[pin]
    pub(crate) files: Files,
}

// SAFETY: The C structures are synchronised by the driver core, `ops` and `node` are
// read-only, and `data` points to something that is `Send` and `Sync` itself (`Device::new` sees to
// it).
unsafe impl Send for Core {}
// SAFETY: As above.
unsafe impl Sync for Core {}

impl Core {
    /// Makes a device with a minor of its own. User space does not see it before [`Self::add`].
    pub(crate) fn new(
        parent: &device::Device<device::Bound>,
        ids: DeviceIds,
        ops: &'static DriverOps,
        node: Node,
    ) -> Result<ARef<Self>> {
        // SAFETY: The parent is bound, and nobody maps memory for it before it is registered.
        unsafe { ffi::accel_helper_dma_take_any_length(ffi::device_as_raw(parent)) };
        let minor = Minor::new()?;
        let number = minor.number();
        let reset_limit = ops.reset_limit;

        let core = KBox::pin_init(
            try_pin_init!(Self {
                dev <- Opaque::zeroed(),
                cdev <- Opaque::zeroed(),
                minor,
                ids,
                registered_ns: ffi::monotonic_ns(),
                passthrough_calls: Atomic::new(0),
                account: Account::new(Arc::new(Usage::new(), GFP_KERNEL)?, 0)?,
                fences: Arc::pin_init(Fences::new(), GFP_KERNEL)?,
                space: Arc::pin_init(AddressSpace::new(), GFP_KERNEL)?,
                pool: Arc::pin_init(Pool::new(space.clone()), GFP_KERNEL)?,
                has_buffers: ops.buffers.is_some(),
                power: Managed::new(ops.autosuspend_ms)?,
                node,
                coredumps: RateLimit::new(coredump::INTERVAL_MS),
                refusals: RateLimit::new(REFUSALS_MS),
                ops: NonNull::from(ops),
                data: Atomic::new(core::ptr::null_mut()),
                gate <- Gate::new(),
                outside_callers <- OutsideCallers::new(),
                background <- Background::new(),
                events <- Events::new(),
                interrupts <- Interrupts::new(),
                health <- Health::new(reset_limit),
                notify <- new_work!("accel_notify"),
                wait <- Sleepers::new(),
                files <- Files::new(),
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: The pointee is not moved: `release` drops it where it is.
        let core = NonNull::from(KBox::leak(unsafe { Pin::into_inner_unchecked(core) }));

        // SAFETY: The structures are zeroed and nobody else knows them yet. From
        // `device_initialize()` on, the reference that it creates owns the allocation.
        let (core, named) = unsafe {
            let dev = (*core.as_ptr()).dev.get();
            bindings::device_initialize(dev);
            (*dev).parent = ffi::device_as_raw(parent);
            (*dev).release = Some(Self::release);
            (*dev).type_ = power::device_type();
            (*core.as_ptr())
                .node
                .set_up(dev, &(*core.as_ptr()).cdev, number);
            let named = bindings::dev_set_name(dev, c"accel%u".as_char_ptr(), number);
            // INVARIANT: `dev` is initialised, with a reference count of one.
            (ARef::from_raw(core), named)
        };
        to_result(named)?;

        Ok(core)
    }

    /// Frees the structure when the last reference is gone.
    ///
    /// # Safety
    ///
    /// Must only be called by the driver core, for a device of [`Self::new`].
    unsafe extern "C" fn release(dev: *mut bindings::device) {
        // SAFETY: The device is embedded in a `Core` that `new()` leaked, and nobody refers to it
        // any more.
        unsafe {
            let core = container_of!(Opaque::cast_from(dev), Self, dev).cast_mut();
            drop(KBox::from_raw(core));
        }
    }

    /// Shows the device to user space.
    pub(crate) fn add(&self) -> Result {
        let _awake = self.start_power();
        // SAFETY: Both are initialised, and are not added yet.
        to_result(unsafe { bindings::cdev_device_add(self.cdev.get(), self.dev.get()) })
            .inspect_err(|_| self.stop_power())?;
        trace::state(self, State::Running);
        self.start_health();
        Ok(())
    }

    /// Takes the device away from user space, for good.
    ///
    /// When this returns, no code of the driver runs on behalf of user space, and none will: open
    /// files only get `ENODEV`, sleepers are awake, fences are signalled, mappings of the device
    /// are empty, and per-open state is dropped. Does not wait for user space, nor for callers of
    /// other devices.
    ///
    /// The order is that of `Documentation/accel/lifetimes.rst`: users are kept out, the driver
    /// stops the hardware, fences are signalled, and only then those inside the gate are waited
    /// for, as they may wait for a lock whose owner waits for one of the fences. So nothing before
    /// that may wait for anything that depends on a fence.
    ///
    /// A device that is asleep is woken before, as its driver's data is dropped with the device
    /// awake; if the hardware is gone, too, there is nothing to wake.
    ///
    /// Must be preceded by an attempt to [`Self::add`], whose result is `added`. Calling it again
    /// has no effect.
    pub(crate) fn remove(&self, added: bool) {
        let _awake = added.then(|| self.wake_to_remove());
        if !self.halt_to_remove() {
            return;
        }
        self.wake_pollers();
        self.stop_health();
        self.background.stop();
        if added {
            trace::state(self, State::Gone);
            // SAFETY: Both were added, and only the first caller gets here.
            unsafe { bindings::cdev_device_del(self.cdev.get(), self.dev.get()) };
        }
        self.gate.drain(self.as_device());
        self.pool.revoke();
        self.space.unmap_all();

        for file in self.files.take().values() {
            // SAFETY: The gate is drained, so nobody uses the state; the driver's module is there
            // because the device is only being removed.
            unsafe { file.close(self.ops.as_ref()) };
        }
        self.defer_module_unload();
    }

    /// Ends what buffers have of the parent. Must come after [`Self::remove`], when the driver has
    /// quiesced the device, and before the parent is unbound.
    pub(crate) fn release_parent(&self) {
        self.pool.detach_all();
    }

    /// Returns the driver's operations.
    ///
    /// # Safety
    ///
    /// The gate must be held for the whole lifetime of the result.
    pub(crate) unsafe fn ops<'a>(&self) -> &'a DriverOps {
        // SAFETY: By the type invariants, valid while the gate is not drained.
        unsafe { self.ops.as_ref() }
    }

    /// Sets the data of the binding. To be called once, before [`Self::add`]; what `data` points to
    /// must stay until [`Self::remove`] has returned.
    pub(crate) fn set_data(&self, data: NonNull<c_void>) {
        // INVARIANT: The caller sees to the rest. Relaxed is enough, since adding the device
        // publishes it with stronger means.
        self.data.store(data.as_ptr(), Relaxed);
    }

    /// Returns the data of the binding.
    ///
    /// # Safety
    ///
    /// The gate must be held, or the device must not have been removed yet, for the whole lifetime
    /// of the result; and `D` must be its type, up to lifetimes.
    pub(crate) unsafe fn data<'a, D>(&self) -> &'a D {
        // SAFETY: By the type invariants, the pointer is valid meanwhile. It was set before the
        // device was added, and by the requirements nobody gets here before that.
        unsafe { &*self.data.load(Relaxed).cast() }
    }

    /// Returns the device of class `accelerator`.
    pub(crate) fn as_device(&self) -> &device::Device {
        // SAFETY: By the type invariants it is initialised, and there as long as `self` is.
        unsafe { device::Device::from_raw(self.dev.get()) }
    }

    /// Returns the parent: the device on the bus.
    pub(crate) fn parent(&self) -> &device::Device {
        // SAFETY: The parent was set by `new()`. It stays bound, and so alive, until the device has
        // been removed; callers are inside the gate.
        unsafe { device::Device::from_raw((*self.dev.get()).parent) }
    }
}

// SAFETY: `dev` counts the references of the whole structure, by the type invariants.
unsafe impl AlwaysRefCounted for Core {
    fn inc_ref(&self) {
        // SAFETY: A reference exists, so the count is not zero.
        unsafe { bindings::get_device(self.dev.get()) };
    }

    unsafe fn dec_ref(core: NonNull<Self>) {
        // SAFETY: The caller gives up a reference, so the structure is still valid.
        unsafe { bindings::put_device((*core.as_ptr()).dev.get()) };
    }
}
