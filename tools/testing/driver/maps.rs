// SPDX-License-Identifier: GPL-2.0

//! Buffers in the hands of the device.

use accel::prelude::*;
use kernel::dma::DataDirection;

use crate::buffers::BufferBytes;

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
