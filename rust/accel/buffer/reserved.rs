// SPDX-License-Identifier: GPL-2.0

//! The fences of those who work on buffers.
//!
//! A piece of work has to wait for what others do with its buffers, and to let others wait for
//! itself. Both are done with the reservations of all its buffers locked: of two pieces of work on
//! the same buffers, one comes before the other, and neither waits for the other in turn. And
//! nothing that can fail is left to be done when the first of them shows the fence.

use core::ptr::NonNull;
use kernel::{
    prelude::*,
    sync::aref::ARef, //
};

use super::{
    dma_buf::DmaBuf,
    object::Backing,
    Access,
    Buffer,
    Object, //
};
use crate::{
    driver::AccelDriver,
    fence::{
        resv,
        Fence, //
    }, //
};

/// The buffers of a piece of work, with nobody else about to work on them.
pub struct Reserved<'a> {
    locked: &'a resv::Locked,
}

impl Reserved<'_> {
    /// Returns fences that are signalled when all is done that the work has to wait for: who reads
    /// a buffer waits for those who write to it, and who writes, for everybody. Returns `ENOMEM`.
    pub fn pending(&self) -> Result<KVec<ARef<Fence>>> {
        self.locked.pending()
    }

    /// Lets everybody who is about to use the buffers find `fence`, which is that of the work:
    /// other devices that have them as dma-bufs, and processes that poll those.
    ///
    /// From here on the work must be done or fail, and nothing on the way there may allocate
    /// memory.
    pub fn add(self, fence: &Fence) {
        // It is consumed, so this happens once.
        self.locked.add(fence);
    }
}

/// The reservations of buffers. While they are collected, nothing is locked.
pub(super) struct Collected {
    objects: KVec<resv::Object>,
    // Those that are not of the buffers themselves.
    dmabufs: KVec<DmaBuf>,
}

impl Collected {
    fn new(count: usize) -> Result<Self> {
        Ok(Self {
            objects: KVec::with_capacity(count, GFP_KERNEL)?,
            dmabufs: KVec::new(),
        })
    }

    /// Adds the reservation of `object`, which must be kept as long as this. Returns `ENODEV` if it
    /// was imported, and that has ended.
    fn push(&mut self, object: &Object, access: Access) -> Result {
        let resv = match object.backing() {
            Backing::Imported(import) => {
                let dmabuf = import.dma_buf()?;
                let resv = dmabuf.reservation();
                self.dmabufs.push(dmabuf, GFP_KERNEL)?;
                resv
            }
            _ => object.reservation(),
        };
        let resv = NonNull::new(resv).ok_or(EINVAL)?;
        let object = resv::Object::new(resv, access == Access::Write);
        Ok(self.objects.push(object, GFP_KERNEL)?)
    }
}

/// Calls `f` with the reservations of `buffers` locked, and room for a fence in each. A buffer may
/// be there more than once.
///
/// Sleeps while others have some of them locked. `f` may allocate memory, but must neither wait for
/// fences, nor access the memory of the process, nor reserve other buffers.
///
/// Returns `EINTR` if a signal arrives before all are locked, `ENODEV` if one of the buffers was
/// imported and that has ended, `ENOMEM`, and what `f` does.
///
/// # Examples
///
/// ```ignore
/// buffer::with_reserved(&[(&input, Access::Read), (&output, Access::Write)], |reserved| {
///     for fence in reserved.pending()? {
///         job.wait_for(fence)?;
///     }
///     reserved.add(done.fence());
///     Ok(())
/// })?;
/// ```
pub fn with_reserved<T: AccelDriver, R>(
    buffers: &[(&Buffer<T>, Access)],
    f: impl FnOnce(Reserved<'_>) -> Result<R>,
) -> Result<R> {
    let mut collected = Collected::new(buffers.len())?;
    for (buffer, access) in buffers {
        collected.push(&buffer.object, *access)?;
    }
    // Held until all are unlocked.
    let Collected { objects, dmabufs } = collected;
    // SAFETY: The buffers and the dma-bufs keep the objects.
    let locked = unsafe { resv::Locked::new(objects) }?;
    let result = f(Reserved { locked: &locked });
    drop(locked);
    drop(dmabufs);
    result
}
