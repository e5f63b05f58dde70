// SPDX-License-Identifier: GPL-2.0

//! The flags of `include/uapi/accel/accel.h` as types.

use kernel::{
    impl_flags,
    prelude::*, //
};

use super::*;

impl_flags!(
    /// How a buffer is made; `enum accel_bo_flags`.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) struct BoFlags(u32);

    /// One of [`BoFlags`].
    #[derive(Clone, Copy)]
    pub(crate) enum BoFlag {
        /// All of its memory is there from the beginning.
        Populate = ACCEL_BO_POPULATE,
        /// It is where it is needed: in memory of the device, or of the system.
        Movable = ACCEL_BO_MOVABLE,
    }
);

impl_flags!(
    /// What an ioctl is like; `enum accel_ioctl_flags`.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) struct IoctlFlags(u32);

    /// One of [`IoctlFlags`].
    #[derive(Clone, Copy)]
    pub(crate) enum IoctlFlag {
        /// The structure is read.
        In = ACCEL_IOCTL_IN,
        /// The structure is written back.
        Out = ACCEL_IOCTL_OUT,
        /// Observers may call it.
        Observer = ACCEL_IOCTL_OBSERVER,
        /// The caller needs a capability.
        Capability = ACCEL_IOCTL_CAPABILITY,
        /// It carries an opaque payload.
        Passthrough = ACCEL_IOCTL_PASSTHROUGH,
        /// The device is awake meanwhile.
        Powered = ACCEL_IOCTL_POWERED,
        /// It carries an opaque payload, which the device confines.
        Confined = ACCEL_IOCTL_CONFINED,
    }
);

impl_flags!(
    /// Classes of events; `enum accel_event_class`.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) struct EventClasses(u32);

    /// One of [`EventClasses`].
    #[derive(Clone, Copy)]
    pub(crate) enum EventClass {
        /// The state of the device has changed.
        State = ACCEL_EVENT_CLASS_STATE,
        /// Something went wrong.
        Error = ACCEL_EVENT_CLASS_ERROR,
        /// The driver's own.
        Driver = ACCEL_EVENT_CLASS_DRIVER,
    }
);

impl_flags!(
    /// What is waited for; `enum accel_timeline_flags`.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) struct TimelineFlags(u32);

    /// One of [`TimelineFlags`].
    #[derive(Clone, Copy)]
    pub(crate) enum TimelineFlag {
        /// All points, rather than any.
        All = ACCEL_TIMELINE_ALL,
        /// That they are submitted, rather than signalled.
        Submitted = ACCEL_TIMELINE_SUBMITTED,
    }
);

/// Takes a word of user space, or returns `EINVAL` if it has a flag that there is not.
macro_rules! impl_try_from {
    ($($Flags:ident),*) => {$(
        impl TryFrom<u32> for $Flags {
            type Error = Error;

            fn try_from(word: u32) -> Result<Self> {
                match word & !Self::all_bits() {
                    0 => Ok(Self(word)),
                    _ => Err(EINVAL),
                }
            }
        }
    )*};
}

impl_try_from!(BoFlags, EventClasses, TimelineFlags);

// Tables of ioctls are constants, where the operators cannot be used.
impl IoctlFlags {
    pub(crate) const fn with(self, flag: IoctlFlag) -> Self {
        Self(self.0 | flag as u32)
    }

    pub(crate) const fn without(self, flag: IoctlFlag) -> Self {
        Self(self.0 & !(flag as u32))
    }

    pub(crate) const fn has(self, flag: IoctlFlag) -> bool {
        self.0 & flag as u32 != 0
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_flags)]
mod tests {
    use super::*;

    #[test]
    fn words_with_other_flags_are_invalid() -> Result {
        assert!(BoFlags::try_from(0)? == BoFlags::empty());
        assert!(BoFlags::try_from(3)?.contains_all(BoFlag::Populate | BoFlag::Movable));
        assert_eq!(BoFlags::try_from(4).err(), Some(EINVAL));
        assert_eq!(BoFlags::try_from(u32::MAX).err(), Some(EINVAL));
        assert!(EventClasses::try_from(7).is_ok());
        assert_eq!(EventClasses::try_from(8).err(), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn a_constant_has_what_it_is_given() {
        const FLAGS: IoctlFlags = IoctlFlags::empty()
            .with(IoctlFlag::In)
            .with(IoctlFlag::Out)
            .without(IoctlFlag::Out);
        assert!(FLAGS.has(IoctlFlag::In) && FLAGS.contains(IoctlFlag::In));
        assert!(!FLAGS.has(IoctlFlag::Out) && !FLAGS.contains(IoctlFlag::Out));
    }
}
