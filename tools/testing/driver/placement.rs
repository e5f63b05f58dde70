// SPDX-License-Identifier: GPL-2.0

//! Where the buffers of an open file of accel_test_pci are to be: as that wishes.

use accel::{
    buffer::{
        PlaceRequest,
        Placed,
        Placement, //
    },
    prelude::*,
    FileOps,
    IoWindow, //
};
use kernel::{
    new_mutex,
    ptr::Alignment,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use crate::TestPci;

uapi_struct! {
    /// `struct accel_test_pci_placement`
    #[derive(Clone, Copy)]
    pub(crate) struct Args {
        size: u32,
        alignment: u32,
        start: u64,
        end: u64,
    }
}

/// What is kept of an open file.
#[pin_data]
pub(crate) struct Wishes {
    #[pin]
    last: Mutex<Option<Args>>,
    /// What is to stay in the memory of the device.
    #[pin]
    pub(crate) held: Mutex<Option<Placed>>,
    #[pin]
    pub(crate) window: Mutex<Option<Arc<IoWindow>>>,
}

impl FileOps for TestPci {
    type File = Wishes;

    fn open(_ctx: &Context<'_, Self, Observer>) -> impl PinInit<Wishes, Error> {
        try_pin_init!(Wishes {
            last <- new_mutex!(None),
            held <- new_mutex!(None),
            window <- new_mutex!(None),
        })
    }
}

pub(crate) fn wish(ctx: Context<'_, TestPci>, args: &mut Args) -> Result {
    *ctx.file().last.lock() = Some(*args);
    Ok(())
}

pub(crate) fn place(ctx: &Context<'_, TestPci>, request: &PlaceRequest) -> Result<Placement> {
    let Some(wish) = *ctx.file().last.lock() else {
        return Ok(Placement::ANYWHERE);
    };
    // More than there is in it is not what was wished for.
    if request.region != 1 || wish.end != 0 && request.bytes > wish.end.wrapping_sub(wish.start) {
        return Err(EDOM);
    }
    let alignment = Alignment::new_checked(wish.alignment as usize).ok_or(EDOM)?;
    let placement = Placement::ANYWHERE.aligned(alignment);
    Ok(match wish.end {
        0 => placement,
        end => placement.within(wish.start..end),
    })
}
