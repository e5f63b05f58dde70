// SPDX-License-Identifier: GPL-2.0

//! The processor's access to dma-bufs of others, on behalf of drivers.
//!
//! Who asks for it is inside the gate of a device. So nothing here waits for a fence, nor for
//! those who have a reservation locked while they wait for one.

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::Arc, //
};

use super::Import;
use crate::memory::dma_buf::DmaBuf;

/// The direction in which the processor accesses a dma-buf, also to read only: udmabuf maps its
/// memory in the direction of the first access, and syncs that mapping in those of later ones.
const DIRECTION: bindings::dma_data_direction = bindings::dma_data_direction::DMA_BIDIRECTIONAL;

/// Access to the dma-buf of an import by the processor, until this is dropped.
pub(in crate::memory) struct CpuAccess {
    dmabuf: DmaBuf,
    import: Arc<Import>,
}

impl CpuAccess {
    /// Begins it. Returns `EAGAIN` if somebody works on the memory whom it has to wait for, and
    /// `ENODEV` if the device that imported it is gone.
    ///
    /// Unlike `dma_buf_begin_cpu_access()` it waits for no fence, such as one that is added after
    /// it has looked.
    pub(in crate::memory) fn begin(import: Arc<Import>, writes: bool) -> Result<Self> {
        let dmabuf = import.dma_buf()?;
        if dmabuf.reservation().is_busy(writes) {
            return Err(EAGAIN);
        }
        let locked = import.cpu_access.lock();
        // SAFETY: The dma-buf is valid, and the operation is its own.
        unsafe {
            if let Some(begin) = (*(*dmabuf.as_raw()).ops).begin_cpu_access {
                to_result(begin(dmabuf.as_raw(), DIRECTION))?;
            }
        }
        drop(locked);
        Ok(Self { dmabuf, import })
    }
}

impl Drop for CpuAccess {
    fn drop(&mut self) {
        let _locked = self.import.cpu_access.lock();
        // There is nothing to be done about an error.
        //
        // SAFETY: The dma-buf is valid.
        let _ = unsafe { bindings::dma_buf_end_cpu_access(self.dmabuf.as_raw(), DIRECTION) };
    }
}
