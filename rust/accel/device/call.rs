// SPDX-License-Identifier: GPL-2.0

//! A call that was admitted to a device, before the types of its driver are known.

use kernel::{
    device,
    prelude::*,
    sync::Arc, //
};

use super::{
    file::OpenFile,
    ops::DriverOps,
    section::{
        GateSection,
        SectionRef, //
    }, //
};
use crate::{
    base::{
        awake::Awake,
        state::State,
        user_memory::UserMemory, //
    },
    buffers::{
        Caller,
        CopyRequest,
        Pool, //
    },
    device::Core, //
};

/// An admitted call, before the driver's types are known.
///
/// # Invariants
///
/// `section` is one of the gate of `core`, which is not drained meanwhile. `file` is the file of
/// `core` that the call comes by, if it does: that of an attribute, for one, does not.
pub(crate) struct Call<'a> {
    pub(crate) core: &'a Core,
    pub(crate) section: SectionRef<'a>,
    pub(crate) file: Option<&'a OpenFile>,
}

impl Call<'_> {
    /// Returns the operations of the driver of the device that the call was admitted to.
    #[inline]
    pub(crate) fn ops(&self) -> &DriverOps {
        // SAFETY: By the type invariants the call is inside the gate, as long as it is borrowed.
        unsafe { self.core.ops() }
    }

    /// Returns the parent: the device on the bus.
    #[inline]
    pub(crate) fn parent(&self) -> &device::Device<device::Bound> {
        // SAFETY: By the type invariants the call is inside the gate, as long as it is borrowed;
        // and the parent is only unbound after a removal has drained the gate.
        unsafe { device::Device::from_raw(self.core.parent_as_raw()) }
    }

    /// Returns the state of the device, or `ENODEV` if it is about to go: who is inside just then
    /// is told the same as those who come too late.
    pub(crate) fn state(&self) -> Result<State> {
        match self.core.gate.state() {
            State::Gone => Err(ENODEV),
            state => Ok(state),
        }
    }

    /// Calls `f`, which calls the driver, in a section of the gate that does not end before `f` has
    /// returned; but for sleeps.
    #[inline(always)]
    pub(crate) fn with_section<V>(self, f: impl FnOnce(Call<'_>) -> V) -> V {
        let Self {
            core,
            section,
            file,
        } = self;
        match section {
            SectionRef::Owned(guard) => {
                let section = GateSection::new(core, guard);
                f(Call {
                    core,
                    section: SectionRef::Borrowed(&section),
                    file,
                })
            }
            // The section is somebody else's already.
            section => f(Call {
                core,
                section,
                file,
            }),
        }
    }

    /// As [`Self::with_section`]. If `f` fails, tells which memory of the process the driver has
    /// not found at hand.
    #[inline(always)]
    pub(crate) fn with_section_of_user(
        self,
        absent: &mut Option<UserMemory>,
        f: impl FnOnce(Call<'_>) -> Result,
    ) -> Result {
        self.with_section(|call| {
            let section = match &call.section {
                SectionRef::Borrowed(section) => Some(*section),
                SectionRef::Owned(_) => None,
            };
            f(call).inspect_err(|_| *absent = section.and_then(GateSection::absent))
        })
    }

    /// Reads from byte `offset` of `memory` on, if that takes no page fault. Otherwise returns
    /// `EFAULT`, and has the call be made again when the memory is there.
    #[inline(never)]
    pub(crate) fn read_user(&self, memory: UserMemory, offset: usize, to: &mut [u8]) -> Result {
        memory.read_nofault(offset, to).inspect_err(|_| {
            if let SectionRef::Borrowed(section) = &self.section {
                section.set_absent(memory);
            }
        })
    }
}

impl Core {
    /// Enters the gate for a call that comes by no file. Returns `ENODEV` if the device is gone.
    #[inline(never)]
    pub(crate) fn enter(&self) -> Result<Call<'_>> {
        Ok(Call {
            core: self,
            section: SectionRef::Owned(self.gate.enter().ok_or(ENODEV)?),
            file: None,
        })
    }
}

impl Caller for Call<'_> {
    fn parent(&self) -> &device::Device<device::Bound> {
        Call::parent(self)
    }

    #[inline]
    fn pool(&self) -> &Arc<Pool> {
        &self.core.pool
    }

    fn may_wait(&self) -> Result {
        match self.core.gate.state() {
            State::Running => Ok(()),
            State::Gone => Err(ENODEV),
            State::Resetting | State::Wedged => Err(EAGAIN),
        }
    }

    fn hold_awake(&self) -> Option<Awake> {
        self.core.hold_awake().map(Awake::from)
    }

    fn copy_buffer(&self, request: &CopyRequest<'_>) -> Result {
        let fns = self.ops().features.memory.ok_or(EOPNOTSUPP)?;
        // SAFETY: The call was admitted to a device of this driver.
        unsafe { (fns.copy_buffer)(self, request) }
    }
}
