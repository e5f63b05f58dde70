// SPDX-License-Identifier: GPL-2.0

//! Memory and registers of a device that processes map.

use kernel::{
    page::PAGE_SHIFT,
    prelude::*,
    sync::Arc, //
};

use super::{
    context::Context,
    features::Features,
    handler,
    AccelDriver, //
};
use crate::{
    device::{
        call::Call,
        mapping::{
            AreaPlan,
            Shown, //
        },
        ops::features::MmapFns, //
    },
    memory::{
        io_range::{
            CombinedWrites,
            IoRange,
            MapRequest, //
        },
        io_window::{
            IoWindow,
            WindowUse, //
        }, //
    }, //
};

/// Drivers of devices whose memory or registers a process can map.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Features, IoRange, MapRequest, Mapping, MmapOps};
///
/// # struct Npu;
/// struct Data<'bound> {
///     /// From `pci::bar_range()`.
///     doorbells: IoRange<'bound>,
/// }
///
/// impl MmapOps for Npu {
///     fn mmap<'a>(ctx: &'a Context<'_, Self>, request: &MapRequest) -> Result<Mapping<'a>> {
///         let doorbells = ctx.data().doorbells;
///         Ok(doorbells.part(request.offset, request.len)?.into())
///     }
/// }
///
/// impl AccelDriver for Npu {
///     type Data = CovariantForLt!(Data<'_>);
///     const FEATURES: Features<Self> = Features::none().mmap();
/// #   const INFO: DriverInfo = DriverInfo {
/// #       name: "npu",
/// #       version: "1",
/// #       user_space_url: "https://npu.example",
/// #       user_space_license: "GPL-2.0",
/// #       documentation_url: "https://npu.example/registers",
/// #   };
/// #   const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
/// #   const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
/// }
/// ```
pub trait MmapOps: AccelDriver {
    /// Says what a user gets who maps `request` of the device: memory or registers of it, of the
    /// length of the request. If the devices have buffers, offsets of 1 TiB and above belong to
    /// those.
    ///
    /// A part of an [`IoRange`] stays mapped until the process unmaps it or the device goes. What
    /// the driver may have to take back before that is a part of an [`IoWindow`]: see there for the
    /// doorbells of hardware contexts.
    ///
    /// Called with the address space of the caller locked, so the function must not touch the
    /// memory of the caller.
    fn mmap<'a>(ctx: &'a Context<'_, Self>, request: &MapRequest) -> Result<Mapping<'a>>;
}

/// What a process gets who maps a part of a device: what [`MmapOps::mmap`] returns. Made of an
/// [`IoRange`] by `into()`, or by [`IoWindow::part`].
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, IoRange, MapRequest, Mapping};
///
/// /// Where a process finds the page by which the device says how far it has come.
/// const STATUS: u64 = 1 << 32;
///
/// /// What [`MmapOps::mmap`](crate::MmapOps::mmap) does.
/// fn mmap<'a>(
///     memory: IoRange<'a>,
///     status: IoRange<'a>,
///     request: &MapRequest,
/// ) -> Result<Mapping<'a>> {
///     if request.offset == STATUS {
///         let status = status.part(0, request.len)?;
///         return Ok(Mapping::from(status).read_only());
///     }
///     Ok(memory.part(request.offset, request.len)?.into())
/// }
/// ```
pub struct Mapping<'a> {
    source: Source<'a>,
    is_read_only: bool,
}

/// What a mapping is of.
enum Source<'a> {
    Range(IoRange<'a>),
    Window {
        window: WindowUse,
        /// The number of the first page in the files.
        first: usize,
        len: u64,
    },
}

impl<'a> From<IoRange<'a>> for Mapping<'a> {
    fn from(range: IoRange<'a>) -> Self {
        Self {
            source: Source::Range(range),
            is_read_only: false,
        }
    }
}

impl Mapping<'_> {
    /// Lets the process only read. To map it for writing fails with `EACCES` then.
    pub fn read_only(self) -> Self {
        Self {
            is_read_only: true,
            ..self
        }
    }
}

impl IoWindow {
    /// Makes a window of `range`. Returns `EINVAL` if that is not memory or registers of the device
    /// itself, or not made of whole pages; `EBUSY` if another window has a part of it; and
    /// `ENOMEM`.
    pub fn new<T: AccelDriver, R>(ctx: &Context<'_, T, R>, range: IoRange<'_>) -> Result<Self> {
        new_window(ctx.call(), &range)
    }

    /// Returns a mapping of `len` bytes from `offset` on, or `EINVAL` if these are not whole pages
    /// within the window.
    pub fn part(&self, offset: u64, len: u64) -> Result<Mapping<'static>> {
        let (first, window) = self.use_part(offset, len)?;
        Ok(Mapping {
            source: Source::Window { window, first, len },
            is_read_only: false,
        })
    }
}

/// Makes a window of the device of `call`.
#[inline(never)]
fn new_window(call: &Call<'_>, range: &IoRange<'_>) -> Result<IoWindow> {
    if !range.is_of(call.parent()) {
        return Err(EINVAL);
    }
    IoWindow::in_space(&call.core.space, range)
}

/// Returns how the area of `request` is to be set up, to show `mapping`. Returns `EINVAL` if that
/// is not as long as the request, or not of the device of `call`.
#[inline(never)]
fn plan(mapping: Mapping<'_>, call: &Call<'_>, request: &MapRequest) -> Result<AreaPlan> {
    let space = &call.core.space;
    let (first, is_write_combining, shown) = match mapping.source {
        Source::Range(range) => {
            // CAST: The kernel has divided it as well.
            let first = (request.offset >> PAGE_SHIFT) as usize;
            let page = range.first_page(call.parent(), request)?;
            let combined = CombinedWrites::of(space, &range);
            let is_write_combining = combined.is_some();
            let shown = Shown::Device {
                distance: page.wrapping_sub(first),
                _combined: combined,
            };
            (first, is_write_combining, shown)
        }
        Source::Window { window, first, len } => {
            if !window.is_in(space) || len != request.len {
                return Err(EINVAL);
            }
            let is_write_combining = window.is_write_combining();
            (first, is_write_combining, Shown::Window(window))
        }
    };
    Ok(AreaPlan {
        first,
        is_write_combining,
        is_read_only: mapping.is_read_only,
        shown: Arc::new(shown, GFP_KERNEL_ACCOUNT)?,
    })
}

impl<T: MmapOps> Features<T> {
    /// Adds [`MmapOps`].
    pub const fn mmap(mut self) -> Self {
        self.fns.mmap = Some(MmapFns {
            mmap: handler::by_ref_with(|ctx: &Context<'_, T>, request: &MapRequest| {
                plan(T::mmap(ctx, request)?, ctx.call(), request)
            }),
        });
        self
    }
}
