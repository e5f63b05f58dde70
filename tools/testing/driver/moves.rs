// SPDX-License-Identifier: GPL-2.0

//! How accel_test_pci moves buffers: as a test wants.

use accel::{
    buffer::CopyRequest,
    prelude::*, //
};
use kernel::{
    dma::DataDirection,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

use crate::TestPci;

const NOT: u32 = 0;
const FAILS: u32 = 1;
const LIES: u32 = 2;

uapi_struct! {
    /// `struct accel_test_pci_copies`
    pub(crate) struct CopiesArgs {
        size: u32,
        mode: u32,
        count: u32,
        reserved: u32,
    }

    /// `struct accel_test_pci_hold`
    pub(crate) struct HoldArgs {
        size: u32,
        handle: u32,
    }
}

/// How the device copies, and how often it was asked to.
pub(crate) struct Copies {
    mode: Atomic<u32>,
    count: Atomic<u32>,
}

impl Copies {
    pub(crate) fn new() -> Self {
        Self {
            mode: Atomic::new(NOT),
            count: Atomic::new(0),
        }
    }
}

pub(crate) fn copies(ctx: Context<'_, TestPci>, args: &mut CopiesArgs) -> Result {
    if args.mode > LIES || args.count != 0 || args.reserved != 0 {
        return Err(EINVAL);
    }
    let copies = &ctx.data().copies;
    copies.mode.store(args.mode, Relaxed);
    args.count = copies.count.load(Relaxed);
    Ok(())
}

pub(crate) fn hold(ctx: Context<'_, TestPci>, args: &mut HoldArgs) -> Result {
    let placed = match args.handle {
        0 => None,
        handle => Some(ctx.buffer(handle)?.placed(&ctx)?),
    };
    let before = core::mem::replace(&mut *ctx.file().held.lock(), placed);
    drop(before);
    Ok(())
}

pub(crate) fn copy_buffer(
    ctx: &Context<'_, TestPci, Observer>,
    request: &CopyRequest<'_>,
) -> Result {
    let copies = &ctx.data().copies;
    copies.count.fetch_add(1, Relaxed);
    match copies.mode.load(Relaxed) {
        FAILS => Err(EIO),
        LIES => check(ctx, request),
        _ => Err(EOPNOTSUPP),
    }
}

/// Checks that the device could do it: returns `EBADMSG` if not.
fn check(ctx: &Context<'_, TestPci, Observer>, request: &CopyRequest<'_>) -> Result {
    let map = request.map_system(ctx)?;
    let system: usize = map.pieces(ctx, 0)?.map(|piece| piece.len).sum();
    let room = ctx.data().memory.len() - crate::FOR_BUFFERS;
    let device = request.offset() + request.bytes() as u64;
    let is_known = matches!(
        request.direction(),
        DataDirection::ToDevice | DataDirection::FromDevice
    );
    if system != request.bytes() || device > room || request.region() != 1 || !is_known {
        return Err(EBADMSG);
    }
    Ok(())
}
