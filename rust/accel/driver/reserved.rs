// SPDX-License-Identifier: GPL-2.0

//! The fences of those who work on buffers.
//!
//! A piece of work has to wait for what others do with its buffers, and to let others wait for
//! itself. Both are done with the reservations of all its buffers locked: of two pieces of work on
//! the same buffers, one comes before the other, and neither waits for the other in turn. And
//! nothing that can fail is left to be done when the first of them shows the fence.

use core::borrow::Borrow;
use kernel::{
    prelude::*,
    sync::aref::ARef, //
};

use super::{
    buffer::Buffer,
    context::Context,
    AccelDriver, //
};
use crate::{
    base::fence::{
        dma_resv::{
            LockedReservations,
            Reservations, //
        },
        DriverFence,
        Fence, //
    },
    buffers::{
        Access,
        Caller, //
    }, //
};

/// The buffers of a piece of work, with nobody else about to work on them.
///
/// # Examples
///
/// ```
/// use accel::{buffer::Reserved, fence::DriverFence, prelude::*};
///
/// /// Begins a job whose buffers nobody else works on.
/// fn begin(reserved: Reserved<'_>, done: &DriverFence) -> Result {
///     if !reserved.pending()?.is_empty() {
///         return Err(EBUSY);
///     }
///     reserved.add(done);
///     Ok(())
/// }
/// ```
pub struct Reserved<'a> {
    reservations: &'a LockedReservations<'a>,
}

impl Reserved<'_> {
    /// Returns fences that are signalled when all is done that the work has to wait for: who reads
    /// a buffer waits for those who write to it, and who writes, for everybody. Returns `ENOMEM`.
    pub fn pending(&self) -> Result<KVec<ARef<Fence>>> {
        self.reservations.pending()
    }

    /// Lets everybody who is about to use the buffers find `fence`, which is that of the work:
    /// other devices that have them as dma-bufs, and processes that poll those.
    ///
    /// From here on the work must be done or fail, and nothing on the way there may allocate
    /// memory.
    pub fn add(self, fence: &DriverFence) {
        // It is consumed, so this happens once.
        self.reservations.add(fence.fence());
    }
}

/// Calls `f` with the reservations of `buffers` locked, and room for a fence in each. A buffer may
/// be there more than once.
///
/// Tries again while others have some of them locked, unless the device is to go or to be reset:
/// others may keep them locked while they wait for a fence. `f` may allocate memory, but must
/// neither wait for fences, nor access the memory of the process, nor reserve, map or place
/// buffers.
///
/// Returns `EACCES` if one of them is to be written to and is not
/// [writable](super::buffer::Memory::is_writable); if that happens before all are locked, `EINTR`
/// if a signal arrives, `ENODEV` if the device is to go, and `EAGAIN` if it is to be reset;
/// `ENODEV` if one of the buffers was imported and that has ended; `ENOMEM`, and what `f` does.
///
/// # Examples
///
/// ```
/// use accel::{
///     buffer::{with_reserved, Access, Buffer},
///     fence::{DriverFence, Fence},
///     prelude::*,
/// };
/// use kernel::sync::aref::ARef;
///
/// /// Returns what a job has to wait for, and lets others wait for the job.
/// fn queue<T: AccelDriver>(
///     ctx: &Context<'_, T>,
///     input: &Buffer<T>,
///     output: &Buffer<T>,
///     done: &DriverFence,
/// ) -> Result<KVec<ARef<Fence>>> {
///     with_reserved(ctx, &[(input, Access::Read), (output, Access::Write)], |reserved| {
///         let pending = reserved.pending()?;
///         reserved.add(done);
///         Ok(pending)
///     })
/// }
/// ```
pub fn with_reserved<T: AccelDriver, Q, R>(
    ctx: &Context<'_, T, Q>,
    buffers: &[(impl Borrow<Buffer<T>>, Access)],
    f: impl FnOnce(Reserved<'_>) -> Result<R>,
) -> Result<R> {
    // For these it is that of their dma-buf.
    let mut dmabufs = KVec::new();
    for (buffer, access) in buffers {
        let buffer = buffer.borrow();
        if *access == Access::Write {
            buffer.check_writable()?;
        }
        if let Some(dmabuf) = buffer.object.imported()? {
            dmabufs.push(dmabuf, GFP_KERNEL_ACCOUNT)?;
        }
    }
    let mut imported = dmabufs.iter();
    let mut reservations = Reservations::with_room(buffers.len())?;
    for (buffer, access) in buffers {
        let object = &buffer.borrow().object;
        let reservation = match object.is_imported() {
            true => imported.next().ok_or(ENODEV)?.reservation(),
            false => object.reservation(),
        };
        reservations.add(reservation, *access == Access::Write)?;
    }
    let locked = reservations.lock_while(|| ctx.call().may_wait())?;
    f(Reserved {
        reservations: &locked,
    })
}
