// SPDX-License-Identifier: GPL-2.0

//! Buffers in the hands of the device, as its driver has them mapped.

use core::ops::Range;
use kernel::{
    dma::DataDirection,
    prelude::*,
    scatterlist::SGTable, //
};

use super::{
    buffer::Memory,
    context::Context,
    AccelDriver, //
};
use crate::buffers::{
    CopyRequest,
    Copying,
    DeviceMap,
    KeptMap,
    MapInUse,
    Pieces, //
};

impl<T: AccelDriver> Memory<T> {
    /// As [`Self::map_for_device`], but the device never works on a copy: for what is mapped for
    /// long, and what the processor and the device look at in turn.
    ///
    /// Returns `EOPNOTSUPP` where the device may have to work on a copy, because it cannot address
    /// all memory, or the DMA API bounces what it does. Coherent memory can be had in place
    /// nevertheless, see [`MemoryOps::memory`](super::buffer::MemoryOps::memory).
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{DeviceMap, Memory}, prelude::*};
    /// use kernel::dma::DataDirection;
    ///
    /// /// Maps a queue that user space writes to, and the device polls.
    /// fn map_queue<T: AccelDriver>(ctx: &Context<'_, T>, queue: &Memory<T>) -> Result<DeviceMap> {
    ///     queue.map_in_place(ctx, 0..queue.size(), DataDirection::Bidirectional)
    /// }
    /// ```
    pub fn map_in_place<R>(
        &self,
        ctx: &Context<'_, T, R>,
        range: Range<usize>,
        direction: DataDirection,
    ) -> Result<DeviceMap> {
        self.map_as(ctx, range, direction, Copying::Forbidden)
    }

    pub(super) fn map_as<R>(
        &self,
        ctx: &Context<'_, T, R>,
        range: Range<usize>,
        direction: DataDirection,
        copying: Copying,
    ) -> Result<DeviceMap> {
        if direction != DataDirection::ToDevice {
            self.check_writable()?;
        }
        DeviceMap::new(ctx.call(), self.object.clone(), range, direction, copying)
    }
}

impl DeviceMap {
    /// Returns the table as the kernel crate has it, for a driver that hands such tables on, and
    /// which of its bytes are those that are mapped: all, or for what was imported, the part that
    /// is meant of the whole buffer. `None` if there is none, as the device finds
    /// all of it at one address: that of the only one of [`Self::pieces`].
    ///
    /// Returns `EINVAL` if the mapping is for another device.
    pub fn table<'a, T: AccelDriver, R>(
        &'a self,
        ctx: &'a Context<'_, T, R>,
    ) -> Result<Option<(&'a SGTable, Range<usize>)>> {
        self.table_for(ctx.call())
    }

    /// Returns the pieces from byte `offset` of what is mapped on. Returns `EINVAL` if there is no
    /// such byte, or if the mapping is for another device.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{DeviceMap, Piece}, prelude::*};
    /// /// Returns the descriptors of a job: an address and a length each.
    /// fn descriptors<T: AccelDriver>(
    ///     ctx: &Context<'_, T>,
    ///     map: &DeviceMap,
    /// ) -> Result<KVec<Piece>> {
    ///     let mut descriptors = KVec::new();
    ///     for piece in map.pieces(ctx, 0)? {
    ///         descriptors.push(piece, GFP_KERNEL)?;
    ///     }
    ///     Ok(descriptors)
    /// }
    /// ```
    pub fn pieces<'a, T: AccelDriver, R>(
        &'a self,
        ctx: &'a Context<'_, T, R>,
        offset: usize,
    ) -> Result<Pieces<'a>> {
        self.pieces_for(ctx.call(), offset)
    }

    /// Makes what the processor has written visible to the device, for a mapping that lasts for
    /// several pieces of work. To be called before each; the device must not be at work on it.
    ///
    /// A new mapping needs no such call. If the device works on a copy, that is renewed. Returns
    /// the error of the memory that it is a copy of: `EIO` or `ENODEV` if that is of a device that
    /// is wedged or gone.
    pub fn sync_for_device(&self) -> Result {
        self.sync_to_device()
    }

    /// Makes what the device has written visible to the processor, before the mapping ends. To be
    /// called after each piece of work; the device must not be at work on it. If it works on a
    /// copy, that is written back; for errors, see [`Self::sync_for_device`].
    ///
    /// Neither of both is for code that fences depend on, as
    /// [`WorkOps::background`](super::WorkOps::background) is, unless the mapping is one
    /// [in place](super::buffer::Memory::map_in_place): whoever has locked the memory that there is
    /// a copy of may allocate memory meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::DeviceMap, prelude::*};
    /// /// What ioctls do by which a program takes a buffer from the device, and gives it back.
    /// fn sync(map: &DeviceMap, is_for_device: bool) -> Result {
    ///     match is_for_device {
    ///         true => map.sync_for_device(),
    ///         false => map.sync_for_cpu(),
    ///     }
    /// }
    /// ```
    pub fn sync_for_cpu(&self) -> Result {
        self.sync_to_cpu()
    }
}

impl KeptMap {
    /// Begins a piece of work of the device of `ctx`, which is over when the result is dropped: by
    /// then, the device must have finished, or be quiesced. What the processor writes is visible to
    /// the device if no other piece of work is under way when this one begins.
    ///
    /// If nothing is mapped, it is mapped now. For the errors, see
    /// [`Memory::map_for_device`](super::buffer::Memory::map_for_device). So an imported buffer
    /// that is not mapped is `EAGAIN`, as it is when the exporter has taken the memory back since;
    /// see [`Context::when_mapped`]. What that returns is what the exporter says: that of another
    /// accelerator, `EIO` if it is wedged, `ENODEV` if it is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{KeptMap, MapInUse}, prelude::*};
    /// /// Returns what a job keeps until the device has finished.
    /// fn begin<T: AccelDriver>(ctx: &Context<'_, T>, kept: &KeptMap) -> Result<MapInUse> {
    ///     kept.begin(ctx)
    /// }
    /// ```
    pub fn begin<T: AccelDriver, R>(&self, ctx: &Context<'_, T, R>) -> Result<MapInUse> {
        self.begin_for(ctx.call())
    }
}

impl CopyRequest<'_> {
    /// Maps the memory of the system for the device, which reads or writes all of it. For the
    /// errors, see [`Memory::map_for_device`](super::buffer::Memory::map_for_device).
    pub fn map_system<T: AccelDriver, R>(&self, ctx: &Context<'_, T, R>) -> Result<DeviceMap> {
        self.map_system_for(ctx.call())
    }
}
