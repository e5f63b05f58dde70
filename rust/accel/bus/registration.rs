// SPDX-License-Identifier: GPL-2.0

//! Binding of a device on a bus to its driver: what is kept for it, and in which order it goes.
//!
//! A guard that unregisters when dropped cannot be safe in the hands of a driver: it could forget
//! it or keep it, and user space would go on calling into a driver whose resources are gone. A
//! driver can have whatever the adapter of a bus returns from its `probe`, as it can call that
//! function, too. So that is no more than a handle, [`Bound`]. The [`Binding`] belongs to the
//! parent device, by way of devres: it ends when the parent is unbound, always.

use kernel::{
    device,
    devres,
    prelude::*,
    sync::aref::ARef,
    types::ForLt, //
};
use pin_init::pin_init_scope;

use super::parent::{
    ParentPower,
    ParentSleep, //
};
use crate::{
    device::{
        core::registration::{
            Attachments,
            Registered,
            Registration,
            Unregistered, //
        },
        DeviceIds, //
    },
    driver::{
        device::Device,
        AccelDriver, //
    },
    node::{
        debugfs::DeviceFolder,
        hwmon::Hwmon, //
    }, //
};

/// A registered accelerator, as the adapter of a bus keeps it.
pub struct Bound<T: AccelDriver> {
    sleep: Option<ParentSleep>,
    registered: Registered,
    dev: ARef<Device<T>>,
}

impl<T: AccelDriver> Bound<T> {
    /// Returns the accelerator.
    pub(crate) fn device(&self) -> &ARef<Device<T>> {
        &self.dev
    }

    /// Lets the parent sleep, which has so many references of the runtime power management, until
    /// [`Self::unregister`].
    pub(super) fn with_sleep(
        self,
        parent: &device::Device<device::Bound>,
        references: u32,
    ) -> Self {
        Self {
            sleep: Some(ParentSleep::begin::<T>(parent, references)),
            ..self
        }
    }

    /// Unregisters the accelerator, for a bus to do while it still holds the device in full power.
    /// The rest of the binding goes with devres.
    pub(super) fn unregister(&self) {
        if let Some(sleep) = &self.sleep {
            sleep.end();
        }
        self.registered.unregister();
    }
}

/// An accelerator that is registered, with all that the framework keeps for the binding. `X` is
/// what the adapter of the bus adds, such as interrupts.
///
/// Dropped in the order of the fields: user space is shut out, and then nothing uses the resources
/// any more.
struct Binding<T: AccelDriver, X> {
    registration: Registration,
    resources: Resources<T, X>,
}

/// An accelerator that is not registered yet, with all that the framework keeps for the binding.
struct Unbound<T: AccelDriver, X> {
    device: Unregistered,
    resources: Resources<T, X>,
}

impl<T: AccelDriver, X> Unbound<T, X> {
    /// Shows the accelerator to user space.
    fn register(self) -> Result<Binding<T, X>> {
        // If this fails, the device is removed before the resources are dropped.
        let Self { device, resources } = self;
        Ok(Binding {
            registration: device.register()?,
            resources,
        })
    }
}

/// What an accelerator uses until it has been removed.
///
/// Dropped in the order of the fields: what is seen from outside, what calls the driver, the
/// driver's data, and at last what buffers have of the parent.
struct Resources<T: AccelDriver, X> {
    dev: ARef<Device<T>>,
    _sensors: Option<Hwmon>,
    _debug_files: Option<DeviceFolder>,
    _extra: Option<X>,
    _data: Pin<KBox<<T::Data as ForLt>::Of<'static>>>,
    _attachments: Attachments,
}

/// Returns an initialiser that calls `f` when there is a place for what that returns: if `f`
/// succeeds, nothing fails any more.
pub(super) fn in_place<B>(f: impl FnOnce() -> Result<B>) -> impl PinInit<B, Error> {
    pin_init_scope(move || Ok(f()))
}

/// Registers a device of `T` for as long as `parent` is bound, and returns what an adapter returns
/// from `probe`: for a bus that leaves power to its drivers. `extra` is as for [`register`].
///
/// # Safety
///
/// As for [`register`].
pub(super) unsafe fn bind<'bound, T, X>(
    parent: &'bound device::Device<device::Bound>,
    data: impl PinInit<<T::Data as ForLt>::Of<'bound>, Error>,
    extra: impl FnOnce(&ARef<Device<T>>) -> Result<X>,
) -> Result<Bound<T>>
where
    T: AccelDriver,
    X: Send + 'static,
{
    ParentPower::keep_until_unbound(parent)?;
    // SAFETY: Same requirements.
    let bound = unsafe { register(parent, DeviceIds::default(), data, extra) }?;
    Ok(bound.with_sleep(parent, 1))
}

/// Registers a device of `T` for as long as `parent` is bound.
///
/// `extra` is called when `data` is in place, and before the driver starts the hardware and user
/// space sees the device.
///
/// # Safety
///
/// `'bound` must be the time for which `parent` is bound: the caller must have got `data` from
/// code that is generic over it.
pub(super) unsafe fn register<'bound, T, X>(
    parent: &'bound device::Device<device::Bound>,
    ids: DeviceIds,
    data: impl PinInit<<T::Data as ForLt>::Of<'bound>, Error>,
    extra: impl FnOnce(&ARef<Device<T>>) -> Result<X>,
) -> Result<Bound<T>>
where
    T: AccelDriver,
    X: Send + 'static,
{
    // SAFETY: Lifetimes do not affect the layout. The data is dropped together with the binding,
    // before `'bound` ends, and is only lent out for shorter than that.
    let data = unsafe { pin_init::cast_pin_init::<_, <T::Data as ForLt>::Of<'static>, _>(data) };
    let data = KBox::pin_init(data, GFP_KERNEL)?;
    // SAFETY: The driver is about to be bound. The data is dropped after the device, by the order
    // of the fields of `Unbound` and of `Binding`.
    let (dev, device) = unsafe { Device::<T>::new(parent, ids, &data) }?;

    let mut unbound = Unbound {
        resources: Resources {
            dev,
            _sensors: None,
            _debug_files: None,
            _extra: None,
            _data: data,
            _attachments: Attachments::of(&device),
        },
        device,
    };
    let resources = &mut unbound.resources;
    resources._extra = Some(extra(&resources.dev)?);
    // Sensors may be known only then.
    unbound.device.start()?;
    resources._sensors = resources.dev.register_sensors()?;
    resources._debug_files = resources.dev.register_debug_files()?;

    let binding = unbound.register()?;
    let bound = Bound {
        sleep: None,
        registered: binding.registration.registered(),
        dev: binding.resources.dev.clone(),
    };
    // If this fails, the binding ends.
    devres::register(parent, binding, GFP_KERNEL)?;
    Ok(bound)
}
