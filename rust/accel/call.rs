// SPDX-License-Identifier: GPL-2.0

//! A call that was admitted to a device, before the types of its driver are known.

use kernel::prelude::*;

use crate::{
    device::Core,
    file::OpenFile,
    state::State,
    visit::{
        Pass,
        Visit, //
    }, //
};

/// An admitted call, before the driver's types are known.
///
/// # Invariants
///
/// `pass` is one of the gate of `core`. `file` is the file of `core` that the call comes by, if
/// the device is not just being opened, or one of its attributes used.
pub(crate) struct Call<'a> {
    pub(crate) core: &'a Core,
    pub(crate) pass: Pass<'a>,
    pub(crate) file: Option<&'a OpenFile>,
}

impl Call<'_> {
    /// Returns the state of the device, or `ENODEV` if it is about to go: who is inside just then
    /// is told the same as those who come too late.
    pub(crate) fn state(&self) -> Result<State> {
        match self.core.gate.state() {
            State::Gone => Err(ENODEV),
            state => Ok(state),
        }
    }

    /// Calls `f`, which calls the driver, with a place inside the gate that is not left before `f`
    /// has returned; but for sleeps.
    #[inline(always)]
    pub(crate) fn lend<V>(self, f: impl FnOnce(Call<'_>) -> V) -> V {
        let Self { core, pass, file } = self;
        match pass {
            Pass::Own(guard) => {
                let visit = Visit::new(core, guard);
                f(Call {
                    core,
                    pass: Pass::Lent(&visit),
                    file,
                })
            }
            // It is somebody else's already.
            pass => f(Call { core, pass, file }),
        }
    }
}
