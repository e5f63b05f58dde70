// SPDX-License-Identifier: GPL-2.0

//! Memory and registers of a device that processes map.

use kernel::prelude::*;

use super::{
    context::Context,
    features::Features,
    handler,
    AccelDriver, //
};
use crate::{
    device::ops::features::MmapFns,
    memory::io_range::{
        IoRange,
        MapRequest, //
    },
};

/// Drivers of devices whose memory or registers a process can map.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Features, IoRange, MapRequest, MmapOps};
///
/// # struct Npu;
/// struct Data<'bound> {
///     /// From `pci::bar_range()`.
///     doorbells: IoRange<'bound>,
/// }
///
/// impl MmapOps for Npu {
///     fn mmap<'a>(ctx: &'a Context<'_, Self>, request: &MapRequest) -> Result<IoRange<'a>> {
///         ctx.data().doorbells.part(request.offset, request.len)
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
    /// Called with the address space of the caller locked, so the function must not touch the
    /// memory of the caller.
    fn mmap<'a>(ctx: &'a Context<'_, Self>, request: &MapRequest) -> Result<IoRange<'a>>;
}

impl<T: MmapOps> Features<T> {
    /// Adds [`MmapOps`].
    pub const fn mmap(mut self) -> Self {
        self.fns.mmap = Some(MmapFns {
            mmap: handler::by_ref_with(|ctx: &Context<'_, T>, request: &MapRequest| {
                T::mmap(ctx, request)?.first_page(ctx.call().parent(), request)
            }),
        });
        self
    }
}
