// SPDX-License-Identifier: GPL-2.0

//! Waiting until buffers are nobody's work any more, and for who has exported them.
//!
//! Inside the gate nobody waits for a fence: it may be one that is never signalled, or that only
//! somebody can signal who is not let in while the device goes. Nor does anybody for an exporter,
//! who may do so. So who wants to access a buffer on which others work, or to map one that was
//! imported, waits outside of the gate, and what needs no more than a look returns `EAGAIN`.

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
        Object,
        Request,
        VMap, //
    }, //
};

/// How long to sleep before what is busy again is tried again.
const PAUSE_MS: u32 = 1;

/// How often something is tried again without a pause, after an exporter was asked.
const EAGER_TRIES: usize = 8;

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
    /// If `f` maps what was imported, or lets the processor access it, a thread of the kernel asks
    /// the exporter before, and is waited for in the same way: see [`Self::when_mapped`].
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
        self,
        memories: &[(&Memory<T>, Access)],
        deadline: Deadline,
        f: impl FnMut(&Self) -> Result<V>,
    ) -> Result<(Self, Wake<V>)> {
        let objects = memories.iter().map(|(memory, _)| &*memory.object);
        self.ask_while_again(objects, deadline, f, |mut ctx| {
            for (memory, access) in memories {
                let (after, wake) = ctx.wait_for_work(memory, *access, deadline)?;
                ctx = after;
                if let Err(end) = wake.or_end() {
                    return Ok((ctx, end));
                }
            }
            Ok((ctx, Wake::Ready(())))
        })
    }

    /// Calls `f`, and again if it returns `EAGAIN`, as it does when it maps memory of `memories`
    /// that was imported, and the exporter has to be asked for that. A thread of the kernel asks
    /// the exporter meanwhile; the caller waits outside of the gate, as in [`Self::wait`]. What the
    /// exporter says is what `f` returns the next time.
    ///
    /// For work that is done in the order of fences: who accesses the memory at once uses
    /// [`Self::when_idle`]. So does the driver of a device that may have to work on a copy, as one
    /// that cannot address all memory.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{KeptMap, MapInUse, Memory}, prelude::*};
    /// fn begin<T: AccelDriver>(
    ///     ctx: Context<'_, T>,
    ///     memory: &Memory<T>,
    ///     kept: &KeptMap,
    /// ) -> Result<MapInUse> {
    ///     let deadline = Deadline::in_ms(1_000);
    ///     let (_ctx, map) = ctx.when_mapped(&[memory], deadline, |ctx| kept.begin(ctx))?;
    ///     map.ready()
    /// }
    /// ```
    pub fn when_mapped<V>(
        self,
        memories: &[&Memory<T>],
        deadline: Deadline,
        f: impl FnMut(&Self) -> Result<V>,
    ) -> Result<(Self, Wake<V>)> {
        let objects = memories.iter().map(|memory| &*memory.object);
        self.ask_while_again(objects, deadline, f, |ctx| Ok((ctx, Wake::Ready(()))))
    }

    /// Calls `wait` and `f` again as long as `f` returns `EAGAIN`. Meanwhile exporters of `objects`
    /// are asked for what `f` needs of them.
    fn ask_while_again<'o, V>(
        mut self,
        objects: impl Iterator<Item = &'o Object> + Clone,
        deadline: Deadline,
        mut f: impl FnMut(&Self) -> Result<V>,
        wait: impl Fn(Self) -> Result<(Self, Wake<()>)>,
    ) -> Result<(Self, Wake<V>)> {
        let mut requests = None;
        let mut tries = 0..EAGER_TRIES;
        loop {
            let (ctx, wake) = wait(self)?;
            self = ctx;
            if let Err(end) = wake.or_end() {
                return Ok((self, end));
            }
            match f(&self) {
                Err(e) if e == EAGAIN => (),
                result => return Ok((self, Wake::Ready(result?))),
            }
            let Some(requests) = &requests else {
                // Not before it has turned out that something is missing.
                requests = Some(request_each(objects.clone())?);
                continue;
            };
            let (ctx, wake) = self.wait_for_exporters(requests, deadline)?;
            self = ctx;
            match wake.or_end() {
                // Not for ever: an exporter may take back at once what it has mapped.
                Ok(true) if tries.next().is_some() => continue,
                Ok(_) => (),
                Err(end) => return Ok((self, end)),
            }
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

    /// Sleeps until the exporters were asked for all that is wanted. Returns whether one of them
    /// has said something new.
    fn wait_for_exporters(
        mut self,
        requests: &[Request],
        deadline: Deadline,
    ) -> Result<(Self, Wake<bool>)> {
        let mut has_news = false;
        for request in requests {
            let (ctx, wake) = self.wait_in_queue(request.queue(), deadline, |_| request.poll())?;
            self = ctx;
            match wake.or_end() {
                Ok(is_new) => has_news |= is_new,
                Err(end) => return Ok((self, end)),
            }
        }
        Ok((self, Wake::Ready(has_news)))
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

/// Makes a request to the exporter of each of `objects` that was imported.
fn request_each<'o>(objects: impl Iterator<Item = &'o Object>) -> Result<KVec<Request>> {
    let mut requests = KVec::new();
    for object in objects {
        if let Some(request) = object.request()? {
            requests.push(request, GFP_KERNEL_ACCOUNT)?;
        }
    }
    Ok(requests)
}
