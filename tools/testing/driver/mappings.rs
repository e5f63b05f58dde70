// SPDX-License-Identifier: GPL-2.0

//! What processes map of the device of accel_test_pci.

use accel::{
    prelude::*,
    IoRange,
    IoWindow,
    MapRequest,
    Mapping,
    MmapOps, //
};
use kernel::sync::Arc;

use crate::TestPci;

const REGISTERS: u64 = 1 << 32;
const TOO_MUCH: u64 = 2 << 32;
const WINDOW: u64 = 3 << 32;
const WINDOW_READ_ONLY: u64 = 4 << 32;
const READ_ONLY: u64 = 5 << 32;
const COMBINING: u64 = 6 << 32;
const END: u64 = 7 << 32;

uapi_struct! {
    /// `struct accel_test_pci_window`
    pub(crate) struct WindowArgs {
        size: u32,
        reserved: u32,
        offset: u64,
        bytes: u64,
    }

    /// `struct accel_test_pci_unmapped`
    pub(crate) struct UnmappedArgs {
        size: u32,
        timeout_ms: u32,
    }
}

/// Returns the part of the memory whose mappings combine writes.
pub(crate) fn combining(memory: IoRange<'_>) -> Result<IoRange<'_>> {
    Ok(memory.part(1 << 20, 1 << 20)?.write_combining())
}

impl MmapOps for TestPci {
    fn mmap<'a>(ctx: &'a Context<'_, Self>, request: &MapRequest) -> Result<Mapping<'a>> {
        let (data, len) = (ctx.data(), request.len);
        let memory = |from| {
            data.memory
                .part(request.offset - from, len)
                .map(Mapping::from)
        };
        match request.offset {
            ..REGISTERS => memory(0),
            REGISTERS..TOO_MUCH => {
                let registers = data.registers.part(request.offset - REGISTERS, len)?;
                Ok(registers.into())
            }
            TOO_MUCH..WINDOW => Ok(data.memory.into()),
            WINDOW..WINDOW_READ_ONLY => part_of_window(ctx, request.offset - WINDOW, len),
            WINDOW_READ_ONLY..READ_ONLY => {
                let part = part_of_window(ctx, request.offset - WINDOW_READ_ONLY, len)?;
                Ok(part.read_only())
            }
            READ_ONLY..COMBINING => Ok(memory(READ_ONLY)?.read_only()),
            COMBINING..END => {
                let combining = data.combining.part(request.offset - COMBINING, len)?;
                Ok(combining.into())
            }
            END.. => Err(EINVAL),
        }
    }
}

fn part_of_window(ctx: &Context<'_, TestPci>, offset: u64, len: u64) -> Result<Mapping<'static>> {
    let window = ctx.file().window.lock();
    window.as_ref().ok_or(ENXIO)?.part(offset, len)
}

pub(crate) fn window(ctx: Context<'_, TestPci>, args: &mut WindowArgs) -> Result {
    if args.reserved != 0 {
        return Err(EINVAL);
    }
    let mut window = ctx.file().window.lock();
    // Somebody may wait until it is not mapped.
    if let Some(window) = window.take() {
        window.revoke();
    }
    if args.bytes != 0 {
        let range = ctx.data().memory.part(args.offset, args.bytes)?;
        *window = Some(Arc::new(IoWindow::new(&ctx, range)?, GFP_KERNEL)?);
    }
    Ok(())
}

pub(crate) fn unmapped(ctx: Context<'_, TestPci>, args: &mut UnmappedArgs) -> Result {
    let window = ctx.file().window.lock().clone().ok_or(ENXIO)?;
    let deadline = Deadline::in_ms(args.timeout_ms);
    let (_ctx, wake) = ctx.wait_in(window.unmapped(), deadline, |_| {
        (!window.is_mapped()).then_some(())
    })?;
    wake.ready()
}
