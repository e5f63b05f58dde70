// SPDX-License-Identifier: GPL-2.0

//! Registration of a device for as long as its parent is bound.
//!
//! A guard that unregisters when dropped cannot be safe here: its owner could forget it, and user
//! space would go on calling into a driver whose resources are gone. So nobody owns a registration
//! but the parent device itself, by way of devres: it ends when the parent is unbound, always.

use kernel::{
    device,
    devres,
    prelude::*,
    sync::aref::ARef,
    types::ForLt, //
};

use super::parent::{
    self,
    ParentPower, //
};
use crate::{
    device::DeviceIds,
    driver::{
        device::Device,
        AccelDriver, //
    },
    node::{
        debugfs::DeviceFolder,
        hwmon::Hwmon, //
    }, //
};

/// A registered accelerator, as a bus adapter keeps it. The binding itself is owned by devres.
///
/// # Invariants
///
/// The device was added.
pub struct Bound<T: AccelDriver>(ARef<Device<T>>);

impl<T: AccelDriver> Bound<T> {
    /// Returns the accelerator.
    pub(crate) fn device(&self) -> &Device<T> {
        &self.0
    }

    /// Unregisters the accelerator, for a bus to do while it still holds the device in full power.
    /// The rest of the binding goes with devres.
    pub(crate) fn unregister(&self) {
        // By the type invariants, there is something to take away.
        self.0.remove(true);
    }
}

/// A registered device, with all that the framework keeps for the binding.
///
/// `X` is what the bus adapter adds, such as interrupts. Dropping runs from the outside in: first
/// user space is shut out, then the sensors, the debug files and `extra` go, then the driver's
/// data, and then what buffers have of the parent.
struct Binding<T: AccelDriver, X> {
    dev: ARef<Device<T>>,
    added: bool,
    _sensors: Option<Hwmon>,
    _debug_files: Option<DeviceFolder>,
    _extra: X,
    _data: Pin<KBox<<T::Data as ForLt>::Of<'static>>>,
    _parent: Parent<T>,
}

/// What there is to do last of all, while the parent is still bound.
struct Parent<T: AccelDriver>(ARef<Device<T>>);

impl<T: AccelDriver> Drop for Parent<T> {
    fn drop(&mut self) {
        self.0.release_parent();
    }
}

impl<T: AccelDriver, X> Drop for Binding<T, X> {
    fn drop(&mut self) {
        self.dev.remove(self.added);
    }
}

/// Registers a device of `T` for as long as `parent` is bound, and returns what an adapter returns
/// from `probe`: for a bus that has no interrupts, and leaves power to its drivers.
///
/// # Safety
///
/// As for [`register`].
pub(super) unsafe fn bind<'bound, T: AccelDriver>(
    parent: &'bound device::Device<device::Bound>,
    data: impl PinInit<<T::Data as ForLt>::Of<'bound>, Error> + 'bound,
) -> impl PinInit<Bound<T>, Error> + 'bound {
    let bound = ParentPower::keep_until_unbound(parent).and_then(|()| {
        // SAFETY: Same requirements.
        unsafe { register(parent, DeviceIds::default(), data, |_| Ok(())) }
    });
    // Nothing fails any more once the data is in its place.
    bound.pin_chain(|_| {
        parent::let_sleep::<T>(parent);
        Ok(())
    })
}

/// Registers a device of `T` for as long as `parent` is bound.
///
/// `extra` is called when `data` is in place, and before user space sees the device.
///
/// # Safety
///
/// `'bound` must be the time for which `parent` is bound: the caller must have got `data` from
/// code that is generic over it.
pub(crate) unsafe fn register<'bound, T, X>(
    parent: &'bound device::Device<device::Bound>,
    ids: DeviceIds,
    data: impl PinInit<<T::Data as ForLt>::Of<'bound>, Error>,
    extra: impl FnOnce(&ARef<Device<T>>) -> Result<X>,
) -> Result<Bound<T>>
where
    T: AccelDriver,
    X: Send + 'static,
{
    let dev = Device::<T>::new(parent, ids)?;

    // SAFETY: Lifetimes do not affect the layout. The data is dropped together with the binding,
    // before `'bound` ends, and is only lent out for shorter than that.
    let data = unsafe { pin_init::cast_pin_init::<_, <T::Data as ForLt>::Of<'static>, _>(data) };
    let data = KBox::pin_init(data, GFP_KERNEL)?;
    dev.set_data(&data);
    dev.set_memory()?;
    dev.start_background();

    let mut binding = Binding {
        _sensors: None,
        _debug_files: None,
        // What it has let in must not find the data when that is gone.
        _extra: extra(&dev).inspect_err(|_| dev.remove(false))?,
        _data: data,
        _parent: Parent(dev.clone()),
        added: false,
        dev: dev.clone(),
    };
    binding._sensors = dev.register_sensors()?;
    binding._debug_files = dev.register_debug_files()?;
    dev.add()?;
    binding.added = true;

    devres::register(parent, binding, GFP_KERNEL)?;
    // INVARIANT: The device was added above.
    Ok(Bound(dev))
}
