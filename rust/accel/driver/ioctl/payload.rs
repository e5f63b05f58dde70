// SPDX-License-Identifier: GPL-2.0

//! Ioctls that carry what the kernel cannot look into.

use super::Ioctl;
use crate::{
    base::names,
    driver::AccelDriver,
    sys::{
        ffi,
        uapi::flags::IoctlFlag, //
    }, //
};

impl<T: AccelDriver> Ioctl<T> {
    /// Says that the structure carries, or points to, an opaque payload for the device or its
    /// firmware.
    ///
    /// Such an ioctl needs `CAP_SYS_RAWIO`, is refused under lockdown, taints the kernel, is
    /// counted in sysfs, and can be switched off. Nothing else may carry such a payload, unless the
    /// device confines it: see [`Self::confined`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// # uapi_struct! {
    /// #     struct Run {
    /// #         size: u32,
    /// #         job: u32,
    /// #     }
    /// # }
    /// # fn run<T: AccelDriver>(_: Context<'_, T>, _: &mut Run) -> Result {
    /// #     Ok(())
    /// # }
    ///
    /// const fn ioctl<T: AccelDriver>() -> Ioctl<T> {
    ///     Ioctl::new(0x40, "NPU_IOC_MAILBOX", run, "Sends to the firmware").passthrough()
    /// }
    /// ```
    pub const fn passthrough(self) -> Self {
        self.with(IoctlFlag::Passthrough)
            .capability(ffi::CAP_SYS_RAWIO)
            .check_payload()
    }

    /// Says that the structure carries, or points to, an opaque payload, such as commands, which
    /// the device keeps to what the calling file has been given.
    ///
    /// With this, a driver promises that whatever the payload is:
    ///
    /// - it reaches no memory but that of buffers that the file has handles of, for example by an
    ///   address space or a page table of the file, which the driver sets up;
    /// - it reaches no context, register or interrupt of anybody else, nor what the firmware keeps;
    /// - the file can be stopped, and the others go on, without its help.
    ///
    /// User space needs no capability for it: topic UAPI shows it as `ACCEL_IOCTL_CONFINED`. What
    /// the device does not confine is a [`passthrough`](Self::passthrough).
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// # uapi_struct! {
    /// #     struct Run {
    /// #         size: u32,
    /// #         job: u32,
    /// #     }
    /// # }
    /// # fn run<T: AccelDriver>(_: Context<'_, T>, _: &mut Run) -> Result {
    /// #     Ok(())
    /// # }
    ///
    /// /// The addresses in its commands are those of the page table of the file's context.
    /// const fn ioctl<T: AccelDriver>() -> Ioctl<T> {
    ///     Ioctl::new(0x40, "NPU_IOC_SUBMIT", run, "Submits commands").confined()
    /// }
    /// ```
    pub const fn confined(self) -> Self {
        self.with(IoctlFlag::Confined).check_payload()
    }

    /// Has the compiler check that it is not said to be confined and not to be.
    const fn check_payload(self) -> Self {
        let flags = self.entry.shape.flags;
        names::require(
            !flags.has(IoctlFlag::Passthrough) || !flags.has(IoctlFlag::Confined),
            self.entry.name.as_bytes(),
            "what the device confines is no passthrough",
        );
        self
    }
}
