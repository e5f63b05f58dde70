// SPDX-License-Identifier: GPL-2.0

//! An open file: the context that it has, and what becomes of that when it is closed.

use accel::{
    fence::Timeline,
    prelude::*,
    CloseOps,
    FileOps,
    MapRequest,
    Mapping,
    MmapOps, //
};
use kernel::{
    new_mutex,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex, //
    },
};

use crate::{
    hwctx::{
        HwContext,
        Owner, //
    },
    registers::ContextId,
    Npu, //
};

/// The size of a doorbell, and what the parts of a ring begin at multiples of.
pub(crate) const PAGE: usize = 4096;

/// What the driver keeps for an open file.
#[pin_data]
pub(crate) struct File {
    pub(crate) owner: Owner,
    pub(crate) timeline: Timeline,
    /// The context that it has.
    #[pin]
    pub(crate) context: Mutex<Option<ContextId>>,
    /// The last job that was waited for.
    pub(crate) seen: Atomic<u64>,
}

impl FileOps for Npu {
    type File = File;

    fn open(ctx: &Context<'_, Self, Observer>) -> impl PinInit<File, Error> {
        let (owner, timeline) = (Owner::new(ctx.device()), Timeline::new(ctx.device()));
        pin_init::pin_init_scope(move || {
            let owner = owner?;
            Ok(try_pin_init!(File {
                owner,
                timeline,
                context <- new_mutex!(None),
                seen: Atomic::new(0),
            }))
        })
    }

    fn poll(ctx: &Context<'_, Self>) -> bool {
        let seen = ctx.file().seen.load(Relaxed);
        let Ok(hw) = own(ctx) else {
            return false;
        };
        match hw.is_of_user() {
            Ok(true) => hw.progress(&ctx.data().bar).is_ok_and(|progress| {
                // CAST: How many commands are done is counted by 32 bits.
                progress.halt.is_some() || progress.completed != seen as u32
            }),
            _ => hw.has_unseen(seen),
        }
    }
}

impl CloseOps for Npu {
    fn close(ctx: &Context<'_, Self>) {
        if let Ok(hw) = own(ctx) {
            hw.release(ctx.device(), &ctx.data().bar);
        }
    }
}

/// Returns the context of the calling file, or `ENODATA` if it has none.
pub(crate) fn own<'a>(ctx: &'a Context<'_, Npu>) -> Result<&'a HwContext> {
    let id = *ctx.file().context.lock();
    Ok(&ctx.data().contexts[id.ok_or(ENODATA)?.get()])
}

impl MmapOps for Npu {
    /// Gives a process the doorbell of its context, if that is for it to ring.
    fn mmap<'a>(ctx: &'a Context<'_, Self>, request: &MapRequest) -> Result<Mapping<'a>> {
        let hw = own(ctx)?;
        match request.offset == (hw.id().get() * PAGE) as u64 {
            true => hw.doorbell(request.len),
            false => Err(EINVAL),
        }
    }
}
