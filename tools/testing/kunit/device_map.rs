// SPDX-License-Identifier: GPL-2.0

//! What a device is given to find a buffer.

use accel::prelude::*;
use kernel::{
    dma::{
        DataDirection,
        DmaAddress, //
    },
    scatterlist::SGTable,
    time::Msecs, //
};

use crate::TestDriver;

/// How long an exporter may take here.
const MAX_MS: Msecs = 500;

uapi_struct! {
    /// Maps the bytes from `start` to `end` of a buffer.
    pub(crate) struct Args {
        size: u32,
        handle: u32,
        start: u32,
        end: u32,
        /// How many entries of a table these are; zero if there is no table.
        entries: u32,
    }
}

/// Maps a part of a buffer. Returns `EBADMSG` if its table and its pieces are not the same.
pub(crate) fn map(ctx: Context<'_, TestDriver>, args: &mut Args) -> Result {
    let range = args.start as usize..args.end as usize;
    let buffer = ctx.buffer(args.handle)?;
    let (ctx, map) = ctx.when_mapped(&[&buffer], Deadline::in_ms(MAX_MS), |ctx| {
        buffer.map_for_device(ctx, range.clone(), DataDirection::Bidirectional)
    })?;
    let map = map.ready()?;
    let Some((table, mapped)) = map.table(&ctx)? else {
        let pieces = map.pieces(&ctx, 0)?.map(|piece| piece.len);
        args.entries = 0;
        return if pieces.eq([range.len()]) {
            Ok(())
        } else {
            Err(EBADMSG)
        };
    };
    let mut end = 0;
    for piece in map.pieces(&ctx, 0)? {
        end += piece.len;
        let address = address_of(table, mapped.start + end - piece.len, piece.len);
        if address != Some(piece.address) {
            return Err(EBADMSG);
        }
        args.entries += 1;
    }
    if mapped.len() != range.len() || end != range.len() {
        return Err(EBADMSG);
    }
    Ok(())
}

uapi_struct! {
    /// Maps the beginning of a buffer for a device that only reads, and writes to it meanwhile.
    pub(crate) struct ReadArgs {
        size: u32,
        handle: u32,
        /// Whether the device works on a copy.
        copy: u32,
    }
}

/// Returns `EBADMSG` if what was written meanwhile is lost.
pub(crate) fn read(ctx: Context<'_, TestDriver>, args: &mut ReadArgs) -> Result {
    let buffer = ctx.buffer(args.handle)?;
    let memory = buffer.vmap(&ctx)?;
    memory.write(0, b"this")?;
    let map = buffer.map_for_device(&ctx, 0..4, DataDirection::ToDevice)?;
    args.copy = map.table(&ctx)?.is_none().into();
    match (
        buffer.map_in_place(&ctx, 0..4, DataDirection::ToDevice),
        args.copy,
    ) {
        (Ok(_), 0) => (),
        (Err(e), 1) if e == EOPNOTSUPP => (),
        _ => return Err(EBADE),
    }
    memory.write(0, b"next")?;
    drop(map);
    let mut seen = [0; 4];
    memory.read(0, &mut seen)?;
    if seen != *b"next" {
        return Err(EBADMSG);
    }
    Ok(())
}

/// Returns `EBADMSG` if a copy is not renewed, or not written back.
pub(crate) fn sync(ctx: Context<'_, TestDriver>, args: &mut ReadArgs) -> Result {
    let buffer = ctx.buffer(args.handle)?;
    let memory = buffer.vmap(&ctx)?;
    let sees = |expected: &[u8; 4]| {
        let mut seen = [0; 4];
        memory.read(0, &mut seen)?;
        match seen == *expected {
            true => Ok(()),
            false => Err(EBADMSG),
        }
    };
    memory.write(0, b"this")?;
    let map = buffer.map_for_device(&ctx, 0..4, DataDirection::Bidirectional)?;
    args.copy = map.table(&ctx)?.is_none().into();
    // The device has written nothing, so a copy has what there was before.
    memory.write(0, b"next")?;
    map.sync_for_cpu()?;
    sees(if args.copy == 1 { b"this" } else { b"next" })?;
    memory.write(0, b"last")?;
    map.sync_for_device()?;
    memory.write(0, b"lost")?;
    map.sync_for_cpu()?;
    sees(if args.copy == 1 { b"last" } else { b"lost" })
}

/// Returns where the device finds `len` bytes from `offset` on, if one entry of `table` has them.
fn address_of(table: &SGTable, offset: usize, len: usize) -> Option<DmaAddress> {
    let mut before = 0;
    for entry in table.iter() {
        let size = usize::try_from(entry.dma_len()).ok()?;
        if offset < before + size {
            let skipped = offset - before;
            return (skipped + len <= size).then(|| entry.dma_address() + skipped as DmaAddress);
        }
        before += size;
    }
    None
}

#[kunit_tests(accel_device_map)]
mod tests {
    use super::*;
    use crate::{
        bus::{
            PlatformDevice,
            DRIVER_NAME, //
        },
        node::Node, //
    };
    use kernel::page::PAGE_SIZE;

    const BO_CREATE: u32 = kernel::ioctl::_IO(0x9b, 0x01);
    const MAP: u32 = kernel::ioctl::_IO(0x9b, 0x42);
    const READ: u32 = kernel::ioctl::_IO(0x9b, 0x45);
    const SYNC: u32 = kernel::ioctl::_IO(0x9b, 0x48);

    /// Creates a buffer of so many pages in a region, and returns its handle.
    fn create(user: &Node, region: u32, pages: usize) -> Result<u32> {
        let bytes = (pages * PAGE_SIZE) as u32;
        let [_, _, _, _, _, handle] = user.ioctl(BO_CREATE, [24, region, bytes, 0, 0, 0])?;
        Ok(handle)
    }

    /// Maps a part of a buffer, and returns how many entries of a table that has.
    fn map(user: &Node, handle: u32, start: usize, end: usize) -> Result<u32> {
        let args = [20, handle, start as u32, end as u32, 0];
        let [_, _, _, _, entries] = user.ioctl(MAP, args)?;
        Ok(entries)
    }

    #[test]
    fn table_and_pieces_are_the_same() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        for pages in [1, 3, 600] {
            let handle = create(&user, 0, pages)?;
            let size = pages * PAGE_SIZE;
            assert!(map(&user, handle, 0, size)? >= 1);
            // Parts that begin and end within a page, or are one byte.
            assert!(map(&user, handle, 100, size - 100)? >= 1);
            assert_eq!(map(&user, handle, size - 1, size)?, 1);
            assert_eq!(map(&user, handle, 7, 7), Err(EINVAL));
            assert_eq!(map(&user, handle, 0, size + 1), Err(EINVAL));
        }
        Ok(())
    }

    #[test]
    fn coherent_memory_needs_no_table() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let handle = create(&user, 1, 3)?;
        assert_eq!(map(&user, handle, 0, 3 * PAGE_SIZE)?, 0);
        assert_eq!(map(&user, handle, 100, PAGE_SIZE + 1)?, 0);
        Ok(())
    }

    #[test]
    fn who_only_reads_changes_nothing() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let handle = create(&user, 0, 1)?;
        assert_eq!(user.ioctl(READ, [12, handle, 0])?, [12, handle, 0]);
        platform.limit_dma();
        assert_eq!(user.ioctl(READ, [12, handle, 0])?, [12, handle, 1]);
        Ok(())
    }

    #[test]
    fn what_lasts_is_seen_by_both() -> Result {
        let platform = PlatformDevice::new(DRIVER_NAME)?;
        let user = Node::open_user(platform.device().minor()?)?;
        let handle = create(&user, 0, 1)?;
        assert_eq!(user.ioctl(SYNC, [12, handle, 0])?, [12, handle, 0]);
        platform.limit_dma();
        assert_eq!(user.ioctl(SYNC, [12, handle, 0])?, [12, handle, 1]);
        Ok(())
    }
}
