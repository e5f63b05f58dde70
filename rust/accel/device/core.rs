// SPDX-License-Identifier: GPL-2.0

//! The accelerator device: what outlives the binding, what does not, and how one ends.
//!
//! [`Core`] is a `struct device` of class `accelerator`, referenced by everybody who may still
//! need it: its node, its open files, its registration. It is not generic, and what it keeps of
//! the driver (the operations in the driver's module, the data of the binding) is only reached
//! behind its [`Gate`]. [`Device`](crate::Device) is the view of it that a driver has.

pub(crate) mod registration;

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
        Arc, //
    },
    types::Opaque,
    workqueue, //
};

use super::{
    background::Background,
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
    uevent,
    work::Usage, //
};
use crate::{
    base::{
        fence::Fences,
        gate::Gate,
        minor::Minor,
        rate_limit::RateLimit,
        wait::Sleepers, //
    },
    buffers::Pool,
    memory::{
        address_space::AddressSpace,
        Regions, //
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

/// A device of class `accelerator`.
///
/// # Invariants
///
/// - `dev` is initialised, and its reference count is that of the whole structure.
/// - `ops` belongs to the driver that the device was made for, and is valid while the gate is not
///   drained.
/// - `data` points to the `T::Data` of the binding, which is there while the gate is not drained,
///   and after that for as long as the binding keeps it.
#[pin_data]
pub(crate) struct Core {
    #[pin]
    pub(crate) dev: Opaque<bindings::device>,
    #[pin]
    pub(crate) cdev: Opaque<bindings::cdev>,
    pub(crate) minor: Minor,
    pub(crate) ids: DeviceIds,
    pub(crate) registered_ns: u64,
    /// What is not done for a file counts here.
    pub(crate) account: Arc<Account>,
    pub(crate) fences: Arc<Fences>,
    pub(crate) space: Arc<AddressSpace>,
    pub(crate) pool: Arc<Pool>,
    /// `None` if the device is always awake.
    pub(crate) power: Option<Managed>,
    pub(crate) node: Node,
    /// How often there is a uevent of the driver's own.
    pub(crate) driver_uevents: RateLimit,
    ops: NonNull<DriverOps>,
    data: NonNull<c_void>,
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
// read-only, and `data` points to something that is `Send` and `Sync` itself, as
// `AccelDriver::Data` demands.
unsafe impl Send for Core {}
// SAFETY: As above.
unsafe impl Sync for Core {}

impl Core {
    /// Makes the structure, with a minor of its own. `regions` is the memory of the device.
    ///
    /// # Safety
    ///
    /// `data` and `ops` must be those of the driver that `parent` is about to be bound to, and must
    /// stay until the gate has been drained.
    unsafe fn new(
        parent: &device::Device<device::Bound>,
        ids: DeviceIds,
        ops: &'static DriverOps,
        node: Node,
        data: NonNull<c_void>,
        regions: Regions<'_>,
    ) -> Result<ARef<Self>> {
        let minor = Minor::new()?;
        let number = minor.number();
        let reset_limit = ops.features.reset.map(|fns| fns.limit);

        let core = KBox::pin_init(
            try_pin_init!(Self {
                dev <- Opaque::zeroed(),
                cdev <- Opaque::zeroed(),
                minor,
                ids,
                registered_ns: ffi::monotonic_ns(),
                account: Account::new(Arc::new(Usage::new(), GFP_KERNEL)?, 0)?,
                fences: Arc::pin_init(Fences::new(), GFP_KERNEL)?,
                space: Arc::pin_init(AddressSpace::new(), GFP_KERNEL)?,
                pool: Arc::pin_init(Pool::new(space.clone(), regions), GFP_KERNEL)?,
                power: Managed::new(ops.features.power.map(|fns| fns.autosuspend_ms))?,
                node,
                driver_uevents: RateLimit::new(uevent::INTERVAL_MS),
                // INVARIANT: The caller sees to these two.
                ops: NonNull::from(ops),
                data,
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

    /// Returns the driver's operations.
    ///
    /// # Safety
    ///
    /// The gate must be held for the whole lifetime of the result.
    pub(crate) unsafe fn ops<'a>(&self) -> &'a DriverOps {
        // SAFETY: By the type invariants, valid while the gate is not drained.
        unsafe { self.ops.as_ref() }
    }

    /// Returns the data of the binding.
    ///
    /// # Safety
    ///
    /// The gate must be held, or the binding must keep the data, for the whole lifetime of the
    /// result; and `D` must be its type, up to lifetimes.
    pub(crate) unsafe fn data<'a, D>(&self) -> &'a D {
        // SAFETY: By the type invariants, the pointer is valid meanwhile, and one to a `D`.
        unsafe { self.data.cast().as_ref() }
    }

    /// Returns the device of class `accelerator`.
    pub(crate) fn as_device(&self) -> &device::Device {
        // SAFETY: By the type invariants it is initialised, and there as long as `self` is.
        unsafe { device::Device::from_raw(self.dev.get()) }
    }

    /// Returns the parent, the device on the bus. It is bound, and so valid, until the device has
    /// been removed. For a caller inside the gate, there is
    /// [`Call::parent`](super::call::Call::parent).
    pub(crate) fn parent_as_raw(&self) -> *mut bindings::device {
        // SAFETY: By the type invariants the device is initialised; `new()` has set its parent,
        // which stays the same.
        unsafe { (*self.dev.get()).parent }
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
