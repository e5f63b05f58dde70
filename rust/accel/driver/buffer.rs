// SPDX-License-Identifier: GPL-2.0

//! Buffers: memory that a process and a device share, as a driver has it.
//!
//! A driver declares that its devices have buffers with [`BufferTable`], and finds the buffer of a
//! handle with [`Context::buffer`].

use core::{
    marker::PhantomData,
    ops::{
        Deref,
        Range, //
    },
};
use kernel::{
    dma::DataDirection,
    prelude::*,
    sync::Arc, //
};

pub use super::{
    buffer_data::BufferOps,
    memory::MemoryOps,
    reserved::{
        with_reserved,
        Reserved, //
    }, //
};
pub use crate::{
    buffers::{
        Access,
        CopyRequest,
        DeviceMap,
        KeptMap,
        Limits,
        MapInUse,
        Piece,
        Pieces,
        Placed,
        VMap, //
    },
    memory::{
        PlaceRequest,
        Placement,
        Regions, //
    }, //
};

use super::{
    context::{
        Context,
        User, //
    },
    AccelDriver,
    Invariant, //
};
use crate::{
    base::data::{
        Data,
        RawData, //
    },
    buffers::{
        Accessor,
        Caller,
        Copying,
        Object, //
    }, //
};

/// Whether the devices of the driver `T` have buffers.
///
/// # Examples
///
/// ```
/// use accel::{buffer::{BufferTable, Limits}, prelude::*};
///
/// /// At most 64 buffers and 1 GiB in each open file.
/// const fn buffers<T: AccelDriver>() -> BufferTable<T> {
///     BufferTable::system(Limits {
///         buffers: 64,
///         bytes: 1 << 30,
///     })
/// }
/// ```
pub struct BufferTable<T: AccelDriver> {
    pub(crate) limits: Option<Limits>,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> BufferTable<T> {
    /// They have none: ioctls on buffers are `EOPNOTSUPP`.
    pub const fn none() -> Self {
        Self {
            limits: None,
            _driver: PhantomData,
        }
    }

    /// They have buffers of system memory, up to `limits` in each open file.
    pub const fn system(limits: Limits) -> Self {
        Self {
            limits: Some(limits),
            _driver: PhantomData,
        }
    }
}

/// A buffer of an open file: its [`Memory`], and what the driver keeps of it.
///
/// Keeps both, whatever happens to the handle.
pub struct Buffer<T: AccelDriver> {
    memory: Memory<T>,
    data: Data<'static>,
}

impl<T: AccelDriver> Buffer<T> {
    /// Returns what the driver keeps for the handle, without its type.
    pub(super) fn raw_data(&self) -> RawData {
        self.data.raw()
    }
}

impl<T: AccelDriver> Deref for Buffer<T> {
    type Target = Memory<T>;

    fn deref(&self) -> &Memory<T> {
        &self.memory
    }
}

/// The memory of a buffer.
///
/// # Examples
///
/// ```
/// use accel::{buffer::Memory, prelude::*};
///
/// /// Has the program of a job fit into the memory that it is in.
/// fn check<T: AccelDriver>(memory: &Memory<T>, program: usize) -> Result {
///     match program <= memory.size() {
///         true => Ok(()),
///         false => Err(EINVAL),
///     }
/// }
/// ```
pub struct Memory<T: AccelDriver> {
    pub(super) object: Arc<Object>,
    is_writable: bool,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Memory<T> {
    pub(super) fn new(object: Arc<Object>, is_writable: bool) -> Self {
        Self {
            object,
            is_writable,
            _driver: PhantomData,
        }
    }

    /// Returns its size in bytes, a multiple of the page size.
    pub fn size(&self) -> usize {
        self.object.size()
    }

    /// Returns whether the file by which it was found may write to it. If not, as it has imported
    /// a dma-buf that was open for reading only, work for that file must not write to it: to map
    /// it for that, or to reserve it for that, is `EACCES`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::Memory, prelude::*};
    /// use kernel::dma::DataDirection;
    ///
    /// fn direction<T: AccelDriver>(memory: &Memory<T>) -> DataDirection {
    ///     match memory.is_writable() {
    ///         true => DataDirection::Bidirectional,
    ///         false => DataDirection::ToDevice,
    ///     }
    /// }
    /// ```
    pub fn is_writable(&self) -> bool {
        self.is_writable
    }

    pub(super) fn check_writable(&self) -> Result {
        match self.is_writable {
            true => Ok(()),
            false => Err(EACCES),
        }
    }

    /// Maps `range` of it, in bytes, for the device of `ctx`, which is going to read
    /// ([`ToDevice`](DataDirection::ToDevice)), to write, or both.
    ///
    /// A device that cannot address all memory works on a copy, which is taken now, and copied back
    /// when the result is dropped, unless it only reads.
    ///
    /// Returns
    ///
    /// - `EACCES` if the device is going to write, and the buffer is not
    ///   [writable](Self::is_writable);
    /// - `EINVAL` if the range is empty or not within the buffer, or the buffer is of another
    ///   device;
    /// - `EOPNOTSUPP` if the device cannot do DMA, or the memory is its own: see
    ///   [`Self::device_offset`];
    /// - `EAGAIN` if the buffer was imported and its exporter has to be asked, or if the device
    ///   works on a copy while others work on the buffer: [`Context::when_mapped`] and
    ///   [`Context::when_idle`] call again then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{DeviceMap, Memory}, prelude::*};
    /// use kernel::dma::DataDirection;
    ///
    /// /// Maps the input of a job, and counts the descriptors that it needs.
    /// fn map_input<T: AccelDriver>(
    ///     ctx: &Context<'_, T>,
    ///     memory: &Memory<T>,
    /// ) -> Result<(DeviceMap, usize)> {
    ///     let map = memory.map_for_device(ctx, 0..memory.size(), DataDirection::ToDevice)?;
    ///     let descriptors = map.pieces(ctx, 0)?.count();
    ///     Ok((map, descriptors))
    /// }
    /// ```
    pub fn map_for_device<R>(
        &self,
        ctx: &Context<'_, T, R>,
        range: Range<usize>,
        direction: DataDirection,
    ) -> Result<DeviceMap> {
        self.map_as(ctx, range, direction, Copying::Allowed)
    }

    /// As [`Self::map_for_device`], for a driver that does not want to map it anew for each piece
    /// of work: it is mapped when the first begins, and stays so between them, until the result is
    /// dropped or the exporter of an imported buffer takes the memory back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{KeptMap, Memory}, prelude::*};
    /// use kernel::dma::DataDirection;
    ///
    /// fn keep<T: AccelDriver>(memory: &Memory<T>) -> Result<KeptMap> {
    ///     memory.keep_for_device(0..memory.size(), DataDirection::ToDevice)
    /// }
    /// ```
    pub fn keep_for_device(
        &self,
        range: Range<usize>,
        direction: DataDirection,
    ) -> Result<KeptMap> {
        if direction != DataDirection::ToDevice {
            self.check_writable()?;
        }
        KeptMap::new(self.object.clone(), range, direction)
    }

    /// Returns the number of the region that it is from, 0 for the memory of the system. It is
    /// `ACCEL_REGION_FOREIGN` for what is not the device's own: for what was imported, and for
    /// memory of a process.
    pub fn region(&self) -> u32 {
        self.object.region()
    }

    /// Returns where the buffer is in the memory of the device, in bytes from the beginning of its
    /// region, and the number of the region. `None` if the memory is not the device's, or if it can
    /// be moved: see [`Self::placed`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::Memory, prelude::*};
    /// /// Returns the address that the device has for a buffer in its first region.
    /// fn address<T: AccelDriver>(memory: &Memory<T>) -> Result<u64> {
    ///     match memory.device_offset() {
    ///         Some((1, offset)) => Ok(offset),
    ///         _ => Err(EINVAL),
    ///     }
    /// }
    /// ```
    pub fn device_offset(&self) -> Option<(u32, u64)> {
        let offset = self.object.offset()?;
        Some((self.object.region(), offset))
    }

    /// Has the buffer be in the memory of the device until the result is dropped, which tells
    /// where. One that can be moved is brought there, others may make room for it; what worked on
    /// it before is waited for.
    ///
    /// Not to be called with the reservation of a buffer locked, as by [`with_reserved`]. Returns
    /// `EOPNOTSUPP` if it neither is nor can be there, `ENOSPC` if there is no room, `EBUSY` if
    /// somebody who works on it wants it to stay elsewhere, `EAGAIN` if the device is asleep or
    /// about to be reset (in a condition of [`Context::wait`], try again when it is checked next),
    /// `EINTR` if a signal arrives before, `ENOMEM`, and the errors of
    /// [`MemoryOps::copy_buffer`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{Memory, Placed}, prelude::*};
    /// /// Has the weights be in the memory of the device, as long as the result is kept.
    /// fn bring<T: AccelDriver>(
    ///     ctx: &Context<'_, T>,
    ///     weights: &Memory<T>,
    /// ) -> Result<(Placed, u64)> {
    ///     let placed = weights.placed(ctx)?;
    ///     let address = placed.offset();
    ///     Ok((placed, address))
    /// }
    /// ```
    pub fn placed<R>(&self, ctx: &Context<'_, T, R>) -> Result<Placed> {
        if !self.object.is_of(ctx.pool()) {
            return Err(EOPNOTSUPP);
        }
        Placed::new(ctx.call(), &self.object)
    }

    /// Makes the whole buffer accessible to the kernel, now.
    ///
    /// Returns `EAGAIN` if it was imported, and somebody works on it, or its exporter has to be
    /// asked: see [`Context::when_idle`], and [`Context::end_access`] for the end of the access.
    /// Returns `EOPNOTSUPP` if the exporter does not let the kernel access it, and `ENOMEM`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::Memory, prelude::*};
    /// fn header<T: AccelDriver>(ctx: &Context<'_, T>, memory: &Memory<T>) -> Result<[u8; 16]> {
    ///     let mut header = [0; 16];
    ///     memory.vmap(ctx)?.read(0, &mut header)?;
    ///     Ok(header)
    /// }
    /// ```
    pub fn vmap<R>(&self, ctx: &Context<'_, T, R>) -> Result<VMap> {
        let accessor = match self.is_writable {
            true => Accessor::Writer,
            false => Accessor::Reader,
        };
        self.vmap_as(ctx, accessor)
    }

    /// As [`Self::vmap`], for a piece of work that itself comes in the order of fences, as by
    /// [`with_reserved`]: it may be mapped while others work on it, and must not be accessed before
    /// they have finished.
    ///
    /// The exporter of an import is not told of each access, since it would wait for the fence of
    /// the work that this is. So that is for what sees memory as devices with coherent DMA do.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{Memory, VMap}, prelude::*};
    /// /// Maps the input of a job that the processor does when the fences of others are signalled.
    /// fn map_input<T: AccelDriver>(ctx: &Context<'_, T>, input: &Memory<T>) -> Result<VMap> {
    ///     input.vmap_for_work(ctx)
    /// }
    /// ```
    pub fn vmap_for_work<R>(&self, ctx: &Context<'_, T, R>) -> Result<VMap> {
        self.vmap_as(ctx, Accessor::Work)
    }

    fn vmap_as<R>(&self, ctx: &Context<'_, T, R>, accessor: Accessor) -> Result<VMap> {
        let map = VMap::new(&self.object, accessor, &|| ctx.call().may_wait())?;
        Ok(match self.is_writable {
            true => map,
            false => map.for_reading(),
        })
    }
}

impl<T: AccelDriver> Context<'_, T, User> {
    /// Returns the buffer that the calling file knows as `handle`, or `ENOENT` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// fn size_of<T: AccelDriver>(ctx: &Context<'_, T>, handle: u32) -> Result<usize> {
    ///     Ok(ctx.buffer(handle)?.size())
    /// }
    /// ```
    pub fn buffer(&self, handle: u32) -> Result<Buffer<T>> {
        let buffers = self.open_file().and_then(|file| file.buffers.as_deref());
        let buffers = buffers.ok_or(EOPNOTSUPP)?;
        let fns = const { T::FEATURES.fns.buffer_or_none() };
        buffers.with(handle, |view, data| Buffer {
            memory: Memory::new(view.object.clone(), view.is_writable()),
            // SAFETY: The file is one of a device of `T`, and the handle has a reference.
            data: unsafe { Data::from_raw(fns.drop, (fns.share)(data)) },
        })
    }
}
