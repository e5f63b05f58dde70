// SPDX-License-Identifier: GPL-2.0

//! Waiting until buffers are nobody's work any more, and for who has exported them.
//!
//! Inside the gate nobody waits for a fence: it may be one that is never signalled, or that only
//! somebody can signal who is not let in while the device goes. Nor does anybody for an exporter,
//! who may do so. So who wants to access a buffer on which others work, or which was imported,
//! waits outside of the gate, and what needs no more than a look returns `EAGAIN`.

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
    buffers::{
        Access,
        CpuRequest,
        VMap, //
    }, //
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{Access, Memory}, prelude::*};
    /// fn sleep_until_written<T: AccelDriver>(ctx: Context<'_, T>, memory: &Memory<T>) -> Result {
    ///     let (_ctx, wake) = ctx.wait_for_work(memory, Access::Read, Deadline::in_ms(1_000))?;
    ///     wake.ready()
    /// }
    /// ```
    pub fn wait_for_work(
        mut self,
        memory: &Memory<T>,
        access: Access,
        deadline: Deadline,
    ) -> Result<(Self, Wake<()>)> {
        while let Some(fence) = memory.object.pending(access == Access::Write)? {
            let (ctx, wake) = self.wait_fence(&fence, deadline)?;
            self = ctx;
            // However the work has ended.
            if let Err(end) = wake.or_end() {
                return Ok((self, end));
            }
        }
        Ok((self, Wake::Ready(())))
    }

    /// Calls `f` when nobody works on `memories` any more whom the access to each has to wait for,
    /// and again if it returns `EAGAIN`, as it may if somebody has begun meanwhile. For how it
    /// waits, see [`Self::wait_for_work`].
    ///
    /// If `f` lets the processor access what was imported, the exporter of that is told before, in
    /// a thread of the kernel, and waited for in the same way. Returns an error of the exporter,
    /// too.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{Access, DeviceMap, Memory}, prelude::*};
    /// use kernel::dma::DataDirection;
    ///
    /// fn map_input<T: AccelDriver>(ctx: Context<'_, T>, input: &Memory<T>) -> Result<DeviceMap> {
    ///     let deadline = Deadline::in_ms(1_000);
    ///     let (_ctx, map) = ctx.when_idle(&[(input, Access::Read)], deadline, |ctx| {
    ///         input.map_for_device(ctx, 0..input.size(), DataDirection::ToDevice)
    ///     })?;
    ///     map.ready()
    /// }
    /// ```
    pub fn when_idle<V>(
        mut self,
        memories: &[(&Memory<T>, Access)],
        deadline: Deadline,
        mut f: impl FnMut(&Self) -> Result<V>,
    ) -> Result<(Self, Wake<V>)> {
        let mut tells_exporters = false;
        loop {
            for (memory, access) in memories {
                let (ctx, wake) = self.wait_for_work(memory, *access, deadline)?;
                self = ctx;
                if let Err(end) = wake.or_end() {
                    return Ok((self, end));
                }
            }
            let mut requests = KVec::new();
            if tells_exporters {
                let (ctx, wake) = self.request_access(memories, deadline)?;
                self = ctx;
                match wake.or_end() {
                    Ok(begun) => requests = begun,
                    Err(end) => return Ok((self, end)),
                }
            }
            let result = f(&self);
            match result {
                Err(e) if e == EAGAIN => (),
                result => return Ok((self, Wake::Ready(result?))),
            }
            // Not before it has turned out that somebody has to know.
            if !tells_exporters {
                tells_exporters = true;
                continue;
            }
            drop(requests);
            // Somebody has begun, or the device is about to be reset, which this makes room for.
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

    /// Has the exporters of those `memories` that were imported be told that the processor accesses
    /// them, and sleeps until they were.
    fn request_access(
        mut self,
        memories: &[(&Memory<T>, Access)],
        deadline: Deadline,
    ) -> Result<(Self, Wake<KVec<CpuRequest>>)> {
        let mut requests = KVec::new();
        for (memory, _) in memories {
            if let Some(request) = memory.object.request_access()? {
                requests.push(request, GFP_KERNEL_ACCOUNT)?;
            }
        }
        for request in &requests {
            let (ctx, wake) = self.wait_in_queue(request.queue(), deadline, |_| request.poll())?;
            self = ctx;
            match wake.or_end() {
                Ok(begun) => begun?,
                Err(end) => return Ok((self, end)),
            }
        }
        Ok((self, Wake::Ready(requests)))
    }

    /// Ends the access to a buffer, as dropping `map` does. If it was imported, also sleeps until
    /// its exporter was told, so that others see what was written when the call returns; or until a
    /// signal arrives: the exporter is told nevertheless, as it is when `map` is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{Access, Memory}, prelude::*};
    /// fn clear<'a, T: AccelDriver>(
    ///     ctx: Context<'a, T>,
    ///     memory: &Memory<T>,
    /// ) -> Result<Context<'a, T>> {
    ///     let deadline = Deadline::in_ms(1_000);
    ///     let write = [(memory, Access::Write)];
    ///     let (ctx, map) = ctx.when_idle(&write, deadline, |ctx| memory.vmap(ctx))?;
    ///     let map = map.ready()?;
    ///     map.write(0, &[0; 64])?;
    ///     ctx.end_access(map)
    /// }
    /// ```
    pub fn end_access(self, map: VMap) -> Result<Self> {
        let Some(end) = map.end() else {
            return Ok(self);
        };
        let deadline = Deadline::in_ms(Deadline::MAX_MS);
        let is_told = |_: &Self| end.is_told().then_some(());
        let (ctx, _) = self.wait_in_queue(end.queue(), deadline, is_told)?;
        Ok(ctx)
    }
}
