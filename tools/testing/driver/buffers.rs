// SPDX-License-Identifier: GPL-2.0

//! What the drivers for tests do with buffers.

use accel::{
    buffer::{
        Access,
        Buffer,
        VMap, //
    },
    prelude::*, //
};
use core::ops::Range;

uapi_struct! {
    /// `struct accel_test_buffer`
    pub(crate) struct BufferBytes {
        size: u32,
        handle: u32,
        offset: u64,
        len: u64,
        byte: u32,
        reserved: u32,
        pub(crate) sum: u64,
    }
}

impl BufferBytes {
    /// Finds the buffer, and the part of it that is meant.
    pub(crate) fn find<T: AccelDriver>(
        &self,
        ctx: &Context<'_, T>,
    ) -> Result<(Buffer<T>, Range<usize>)> {
        if self.reserved != 0 || self.sum != 0 {
            return Err(EINVAL);
        }
        let buffer = ctx.buffer(self.handle)?;
        let end = self.offset.checked_add(self.len).ok_or(EINVAL)?;
        if end > buffer.size() as u64 {
            return Err(EINVAL);
        }
        // CAST: Both are at most the size of the buffer.
        Ok((buffer, self.offset as usize..end as usize))
    }

    /// Waits for those who work on the buffer, and maps it.
    fn map<'a, T: AccelDriver>(
        &self,
        ctx: Context<'a, T>,
        access: Access,
    ) -> Result<(Context<'a, T>, VMap, Range<usize>)> {
        let (buffer, range) = self.find(&ctx)?;
        let deadline = Deadline::in_ms(Deadline::MAX_MS);
        let (ctx, map) = ctx.when_idle(&[(&buffer, access)], deadline, |ctx| buffer.vmap(ctx))?;
        Ok((ctx, map.ready()?, range))
    }
}

/// Fills a part of a buffer with a byte.
pub(crate) fn fill<T: AccelDriver>(ctx: Context<'_, T>, args: &mut BufferBytes) -> Result {
    let (ctx, map, range) = args.map(ctx, Access::Write)?;
    let bytes = [args.byte as u8; 64];
    for offset in range.clone().step_by(bytes.len()) {
        let len = bytes.len().min(range.end - offset);
        map.write(offset, &bytes[..len])?;
    }
    ctx.end_access(map)?;
    Ok(())
}

/// Sums up the bytes of a part of a buffer.
pub(crate) fn sum<T: AccelDriver>(ctx: Context<'_, T>, args: &mut BufferBytes) -> Result {
    let (ctx, map, range) = args.map(ctx, Access::Read)?;
    let mut bytes = [0; 64];
    for offset in range.clone().step_by(bytes.len()) {
        let len = bytes.len().min(range.end - offset);
        map.read(offset, &mut bytes[..len])?;
        args.sum += bytes[..len]
            .iter()
            .map(|&byte| u64::from(byte))
            .sum::<u64>();
    }
    ctx.end_access(map)?;
    Ok(())
}
