// SPDX-License-Identifier: GPL-2.0

//! Waiting until buffers are nobody's work any more.
//!
//! Inside the gate nobody waits for a fence: it may be one that is never signalled, or that only
//! somebody can signal who is not let in while the device goes. So who wants to access a buffer on
//! which others work waits outside of the gate, and what needs no more than a look returns
//! `EAGAIN`.

use kernel::prelude::*;

use super::{
    buffer::Memory,
    context::{
        Context,
        Role,
        Wake, //
    },
    AccelDriver, //
};
use crate::{
    base::wait::Deadline,
    memory::Access, //
};

/// How long to sleep before what is busy again is tried again.
const PAUSE_MS: u32 = 1;

impl<'a, T: AccelDriver, R: Role> Context<'a, T, R> {
    /// Sleeps until nobody works on `memory` any more whom `access` has to wait for: who reads, for
    /// those who write, and who writes, for everybody.
    ///
    /// As in [`Self::wait`], the caller holds up neither the removal of the device nor a reset, and
    /// wakes if one of them happens. Others may begin to work on the memory at any time. Returns
    /// `ENOMEM` if there is no memory to wait with.
    pub fn wait_for_work(
        mut self,
        memory: &Memory<T>,
        access: Access,
        deadline: Deadline,
    ) -> Result<(Self, Wake<()>)> {
        while let Some(fence) = memory.object.pending(access == Access::Write)? {
            let (ctx, wake) = self.wait_fence(&fence, deadline)?;
            self = ctx;
            match wake {
                // However it has ended.
                Wake::Ready(_) => (),
                Wake::TimedOut => return Ok((self, Wake::TimedOut)),
                Wake::Interrupted => return Ok((self, Wake::Interrupted)),
            }
        }
        Ok((self, Wake::Ready(())))
    }

    /// Calls `f` when nobody works on `memories` any more whom the access to each has to wait for,
    /// and again if it returns `EAGAIN`, as it may if somebody has begun meanwhile. For how it
    /// waits, see [`Self::wait_for_work`].
    ///
    /// # Examples
    ///
    /// ```ignore
    /// let (ctx, map) = ctx.when_idle(&[(&buffer, Access::Read)], deadline, |ctx| {
    ///     buffer.map_for_device(ctx, 0..buffer.size(), DataDirection::ToDevice)
    /// })?;
    /// let map = map.ready()?;
    /// ```
    pub fn when_idle<V>(
        mut self,
        memories: &[(&Memory<T>, Access)],
        deadline: Deadline,
        mut f: impl FnMut(&Self) -> Result<V>,
    ) -> Result<(Self, Wake<V>)> {
        loop {
            for (memory, access) in memories {
                let (ctx, wake) = self.wait_for_work(memory, *access, deadline)?;
                self = ctx;
                match wake {
                    Wake::Ready(()) => (),
                    Wake::TimedOut => return Ok((self, Wake::TimedOut)),
                    Wake::Interrupted => return Ok((self, Wake::Interrupted)),
                }
            }
            match f(&self) {
                Err(e) if e == EAGAIN => (),
                result => return Ok((self, Wake::Ready(result?))),
            }
            // Or the device is about to be reset, which this makes room for.
            let pause = Deadline::in_ms(PAUSE_MS);
            let (ctx, wake) = self.wait(pause, |_| (deadline.left() == 0).then_some(()))?;
            self = ctx;
            match wake {
                Wake::Ready(()) => return Ok((self, Wake::TimedOut)),
                Wake::TimedOut => (),
                Wake::Interrupted => return Ok((self, Wake::Interrupted)),
            }
        }
    }
}
