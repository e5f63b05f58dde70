// SPDX-License-Identifier: GPL-2.0

//! Buffers in the hands of the device.

use accel::{
    buffer::DeviceMap,
    prelude::*, //
};
use kernel::{
    dma::DataDirection,
    new_mutex,
    sync::Mutex, //
};

use crate::{
    buffers::BufferBytes,
    policies::Policy,
    Test,
    Words, //
};

/// What a device has mapped for longer.
#[pin_data]
pub(crate) struct Kept {
    #[pin]
    map: Mutex<Option<DeviceMap>>,
}

impl Kept {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            map <- new_mutex!(None),
        })
    }
}

/// Maps the buffer `a` for longer; if that is zero, none.
pub(crate) fn keep<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    if args.a == 0 {
        let before = ctx.data().kept.map.lock().take();
        drop(before);
        return Ok(());
    }
    let buffer = ctx.buffer(args.a)?;
    let deadline = Deadline::in_ms(Deadline::MAX_MS);
    let (ctx, map) = ctx.when_mapped(&[&buffer], deadline, |ctx| {
        buffer.map_for_device(ctx, 0..buffer.size(), DataDirection::Bidirectional)
    })?;
    let before = ctx.data().kept.map.lock().replace(map.ready()?);
    drop(before);
    Ok(())
}

/// Maps a part of a buffer for the device, and says how many bytes that finds.
pub(crate) fn map_for_device<T: AccelDriver>(
    ctx: Context<'_, T>,
    args: &mut BufferBytes,
) -> Result {
    let (buffer, range) = args.find(&ctx)?;
    let deadline = Deadline::in_ms(Deadline::MAX_MS);
    let (ctx, map) = ctx.when_mapped(&[&buffer], deadline, |ctx| {
        buffer.map_for_device(ctx, range.clone(), DataDirection::Bidirectional)
    })?;
    let map = map.ready()?;
    args.sum = map.pieces(&ctx, 0)?.map(|piece| piece.len as u64).sum();
    Ok(())
}
