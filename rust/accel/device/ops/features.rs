// SPDX-License-Identifier: GPL-2.0

//! What not every driver has: the functions of the optional traits, without the driver's types.

use core::{
    ffi::c_void,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    sync::Arc,
    time::Msecs, //
};

use crate::{
    base::{
        data::{
            DropFn,
            RawData, //
        },
        records::List, //
    },
    buffers::{
        CopyRequest,
        Object, //
    },
    device::{
        call::Call,
        mapping::AreaPlan,
        reset::Limit,
        Core, //
    },
    memory::{
        io_range::MapRequest,
        PlaceRequest,
        Placement, //
    }, //
};

/// The functions of a driver's optional traits, `None` for each trait that the driver lacks.
#[derive(Clone, Copy)]
pub(crate) struct FeatureFns {
    pub(crate) start: Option<StartFns>,
    pub(crate) file: Option<FileFns>,
    pub(crate) close: Option<CloseFns>,
    pub(crate) buffer: Option<BufferFns>,
    pub(crate) memory: Option<MemoryFns>,
    pub(crate) mmap: Option<MmapFns>,
    pub(crate) work: Option<WorkFns>,
    pub(crate) interrupts: Option<InterruptFns>,
    pub(crate) interrupt_thread: Option<InterruptThreadFn>,
    pub(crate) info: Option<InfoFns>,
    pub(crate) reset: Option<ResetFns>,
    pub(crate) power: Option<PowerFns>,
}

impl FeatureFns {
    pub(crate) const NONE: Self = Self {
        start: None,
        file: None,
        close: None,
        buffer: None,
        memory: None,
        mmap: None,
        work: None,
        interrupts: None,
        interrupt_thread: None,
        info: None,
        reset: None,
        power: None,
    };

    /// Returns the functions for the data of buffers, which do nothing if there is none.
    pub(crate) const fn buffer_or_none(&self) -> BufferFns {
        match self.buffer {
            Some(fns) => fns,
            None => BufferFns::NONE,
        }
    }
}

/// The function of [`StartOps`](crate::StartOps).
#[derive(Clone, Copy)]
pub(crate) struct StartFns {
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver that is not registered yet.
    pub(crate) start: unsafe fn(Call<'_>) -> Result,
}

/// The functions of [`FileOps`](crate::FileOps).
#[derive(Clone, Copy)]
pub(crate) struct FileFns {
    /// Makes a `T::File`.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) open: unsafe fn(&Call<'_>) -> Result<*mut c_void>,
    /// Drops a `T::File`.
    ///
    /// # Safety
    ///
    /// The pointer must come from `open`, and must not be used again.
    pub(crate) drop: unsafe fn(NonNull<c_void>),
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) poll: unsafe fn(&Call<'_>) -> bool,
}

/// The function of [`CloseOps`](crate::CloseOps).
#[derive(Clone, Copy)]
pub(crate) struct CloseFns {
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) close: unsafe fn(&Call<'_>),
}

/// The functions of [`BufferOps`](crate::buffer::BufferOps).
#[derive(Clone, Copy)]
pub(crate) struct BufferFns {
    /// Makes the data of a buffer for a file that may write to it, or may not. The result is a
    /// reference of the caller.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) make: unsafe fn(&Call<'_>, &Arc<Object>, bool) -> Result<RawData>,
    /// Returns a further reference.
    ///
    /// # Safety
    ///
    /// The data must come from `make`, and somebody must have a reference meanwhile.
    pub(crate) share: unsafe fn(RawData) -> RawData,
    /// Gives up a reference.
    pub(crate) drop: DropFn,
}

impl BufferFns {
    /// Those of a driver that keeps no data.
    const NONE: Self = Self {
        make: |_, _, _| Ok(RawData::NONE),
        share: |data| data,
        drop: |_| (),
    };
}

/// The functions of [`MemoryOps`](crate::buffer::MemoryOps) that are called again and again.
#[derive(Clone, Copy)]
pub(crate) struct MemoryFns {
    /// Says where a buffer is to be.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) place: unsafe fn(&Call<'_>, &PlaceRequest) -> Result<Placement>,
    /// Copies a buffer.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) copy_buffer: unsafe fn(&Call<'_>, &CopyRequest<'_>) -> Result,
}

/// The function of [`MmapOps`](crate::MmapOps).
#[derive(Clone, Copy)]
pub(crate) struct MmapFns {
    /// Says how the area of a request is to be set up.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) mmap: unsafe fn(&Call<'_>, &MapRequest) -> Result<AreaPlan>,
}

/// The functions of [`WorkOps`](crate::WorkOps).
///
/// # Safety
///
/// To call one, the call must have been admitted to a device of this driver.
#[derive(Clone, Copy)]
pub(crate) struct WorkFns {
    pub(crate) stop: unsafe fn(&Call<'_>),
    pub(crate) background: unsafe fn(&Call<'_>),
    pub(crate) clean_up: unsafe fn(&Call<'_>),
}

/// What is to be done about an interrupt that the driver was told of.
#[derive(Clone, Copy)]
pub(crate) enum IrqAction {
    /// Nothing: the device has not raised it.
    None,
    /// Nothing more.
    Handled,
    /// The thread of the vector runs.
    WakeThread,
    /// The thread of the vector runs, and until it has, the vector is masked.
    WakeThreadMasked,
}

/// What [`InterruptOps`](crate::InterruptOps) has.
#[derive(Clone, Copy)]
pub(crate) struct InterruptFns {
    pub(crate) name: &'static CStr,
    /// Handles an interrupt of a vector.
    ///
    /// # Safety
    ///
    /// The device must be one of this driver, and its binding must keep the data meanwhile.
    pub(crate) handle: unsafe fn(&Core, u32) -> IrqAction,
}

/// The function of [`InterruptThreadOps`](crate::InterruptThreadOps), which takes a vector.
///
/// # Safety
///
/// To call it, the call must have been admitted to a device of this driver.
pub(crate) type InterruptThreadFn = unsafe fn(&Call<'_>, &u32);

/// The functions of [`InfoOps`](crate::info::InfoOps).
///
/// # Safety
///
/// To call one, the call must have been admitted to a device of this driver.
#[derive(Clone, Copy)]
pub(crate) struct InfoFns {
    /// These list records of a topic.
    pub(crate) firmware: unsafe fn(&Call<'_>) -> Result<List>,
    pub(crate) clocks: unsafe fn(&Call<'_>) -> Result<List>,
    pub(crate) sensors: unsafe fn(&Call<'_>) -> Result<List>,
    /// Returns how many engines of a kind the device has.
    pub(crate) engine_count: unsafe fn(&Call<'_>, &usize) -> u32,
}

/// The function of [`ResetOps`](crate::ResetOps).
#[derive(Clone, Copy)]
pub(crate) struct ResetFns {
    /// How many resets there may be.
    pub(crate) limit: Limit,
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, while users are kept out.
    pub(crate) reset: unsafe fn(Call<'_>) -> Result,
}

/// The functions of [`PowerOps`](crate::PowerOps).
///
/// # Safety
///
/// To call one, the call must have been admitted to a device of this driver.
#[derive(Clone, Copy)]
pub(crate) struct PowerFns {
    /// After how long without use a device is put to sleep.
    pub(crate) autosuspend_ms: Msecs,
    pub(crate) suspend: unsafe fn(Call<'_>) -> Result,
    pub(crate) resume: unsafe fn(Call<'_>) -> Result,
}
