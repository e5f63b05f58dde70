// SPDX-License-Identifier: GPL-2.0

//! What a device needs of its node, and does not know the inside of.

use kernel::{
    bindings,
    prelude::*,
    sync::atomic::Atomic,
    types::Opaque, //
};

use crate::base::rate_limit::RateLimit;

/// The class, the number and the operations of a node, the attributes of its driver, and what the
/// node counts.
///
/// # Invariants
///
/// The pointers are to what is there as long as this module is.
pub(crate) struct Node {
    pub(crate) class: *const bindings::class,
    /// The number of a device is its minor, and this.
    pub(crate) first_number: bindings::dev_t,
    pub(crate) operations: *const bindings::file_operations,
    pub(crate) attributes: Option<KBox<dyn Attributes>>,
    pub(crate) passthroughs: Passthroughs,
}

/// The passthrough ioctls of a device.
pub(crate) struct Passthroughs {
    /// How many were admitted.
    pub(crate) calls: Atomic<u64>,
    /// How often the log tells of one that is refused.
    pub(crate) refusals: RateLimit,
}

/// Attributes in sysfs.
pub(crate) trait Attributes {
    /// Returns the attributes, as a device wants them before it is added. They must stay until it
    /// has been deleted.
    fn groups(&self) -> *mut *const bindings::attribute_group;
}

impl Node {
    /// Sets up `dev`, which has `minor`, and its char device.
    ///
    /// # Safety
    ///
    /// Both must be those of a [`Core`](super::Core) that nobody else knows yet, `dev` initialised
    /// and `cdev` zeroed. `self` must stay until the device has been deleted.
    pub(super) unsafe fn set_up(
        &self,
        dev: *mut bindings::device,
        cdev: &Opaque<bindings::cdev>,
        minor: u32,
    ) {
        // SAFETY: The caller guarantees that neither is in use, and by the type invariants the
        // operations are static.
        unsafe {
            (*dev).class = self.class;
            (*dev).devt = self.first_number + minor;
            if let Some(attributes) = &self.attributes {
                (*dev).groups = attributes.groups();
            }
            bindings::cdev_init(cdev.get(), self.operations);
            (*cdev.get()).owner = (*self.operations).owner;
        }
    }
}
