// SPDX-License-Identifier: GPL-2.0

//! Closing a file of a user, as far as the hardware has a part in it.
//!
//! A driver may have something in the hardware for each file, such as a context, which it destroys
//! when the file is closed: [`CloseOps`](crate::CloseOps). For that the device is woken, and a
//! reset is waited for, both outside of the gate. The reset might just be bringing back what the
//! file has in the hardware, and the driver would have to cope with both at once. Whoever closes
//! the file, even if it is the death of a process, waits no longer than the driver takes for the
//! reset, or the bus, and not at all for other processes.
//!
//! A device that is wedged or gone was stopped, and there is nothing to destroy in it.

use super::{
    call::Call,
    file::Role,
    section::SectionRef, //
};
use crate::base::state::State;

impl Call<'_> {
    /// Calls the driver, if it wants to be called when the file of this call is closed. Returns
    /// `None` if the device has gone meanwhile.
    #[inline]
    pub(super) fn close_hardware(self) -> Option<Self> {
        let is_user = self.file.is_some_and(|file| file.role == Role::User);
        if is_user && self.ops().features.close.is_some() {
            self.close_hardware_slowpath()
        } else {
            Some(self)
        }
    }

    #[inline(never)]
    fn close_hardware_slowpath(self) -> Option<Self> {
        let Self {
            core,
            section,
            file,
        } = self;
        drop(section);
        let awake = core.wake_up();
        // INVARIANT: A device that was not removed meanwhile still has its files.
        let call = Self {
            core,
            section: SectionRef::Owned(core.enter_to_close()?),
            file,
        };

        // If a reset is about to begin, it waits until the state of the file is dropped, too.
        let is_usable = awake.is_ok() && core.gate.state() == State::Running;
        if let (true, Some(fns)) = (is_usable, call.ops().features.close) {
            // SAFETY: The call was admitted to a device of this driver, and comes from a user.
            unsafe { (fns.close)(&call) };
        }
        Some(call)
    }
}
