// SPDX-License-Identifier: GPL-2.0

//! Memory of a dma-buf of others, as it is mapped: for the device that is attached to it, and for
//! the kernel.
//!
//! The thread that asks the exporter maps it, and unmaps it: see `requests`.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc, //
    },
};

use super::Import;
use crate::{
    base::fence::dma_resv::{
        DmaResv,
        Guard, //
    },
    buffers::{
        export::object_behind,
        object::{
            Backing,
            Object, //
        }, //
    },
    memory::kernel_map::KernelMap,
    sys::ffi, //
};

/// Some of those who share a mapping read, others write.
const DIRECTION: bindings::dma_data_direction = bindings::dma_data_direction::DMA_BIDIRECTIONAL;

/// A mapping of all of an import, which those share who work on a part of it.
///
/// Many exporters, such as the system's dma-heap, have one table for each attachment. And if the
/// exporter copies back and forth, there is one copy: what was written to one part is not lost when
/// somebody else is done with another.
///
/// # Invariants
///
/// `table` comes from the attachment that this belongs to, and the memory is pinned by it.
pub(super) struct Mapping {
    table: NonNull<bindings::sg_table>,
    users: usize,
    /// How many invalidations there were before.
    invalidations: u32,
}

/// A use of a [`Mapping`], until this is dropped. The mapping goes with the last one, soon; and at
/// once when the device goes.
///
/// # Invariants
///
/// `table` is that of the mapping, of which this is one of the users.
pub(in crate::buffers) struct ImportMap {
    import: Arc<Import>,
    table: NonNull<bindings::sg_table>,
    invalidations: u32,
}

// SAFETY: A table may be used from any thread.
unsafe impl Send for ImportMap {}
// SAFETY: As above.
unsafe impl Sync for ImportMap {}

impl ImportMap {
    /// Takes note of one more user of `mapping`, which belongs to `import`.
    fn of(import: &Arc<Import>, mapping: &mut Mapping) -> Self {
        mapping.users += 1;
        // INVARIANT: It was just counted.
        Self {
            import: import.clone(),
            table: mapping.table,
            invalidations: mapping.invalidations,
        }
    }

    /// Returns the table.
    pub(in crate::buffers) fn table(&self) -> *mut bindings::sg_table {
        self.table.as_ptr()
    }

    /// Returns whether the exporter has taken the memory away while it was mapped so.
    pub(in crate::buffers) fn is_lost(&self) -> bool {
        self.import.is_invalidated(self.invalidations)
    }
}

impl Drop for ImportMap {
    fn drop(&mut self) {
        let mut attached = self.import.attached.lock();
        // If the device is gone, so is the mapping.
        let mapping = (*attached).as_mut().and_then(|a| a.mapping.as_mut());
        let is_last = mapping.is_some_and(|mapping| {
            mapping.users -= 1;
            mapping.users == 0
        });
        drop(attached);
        if is_last && !self.import.try_unmap_unused() {
            self.import.give_back();
        }
    }
}

/// A use of the mapping of an import for the kernel, until this is dropped. The mapping goes with
/// the last one, soon.
pub(super) struct KernelMapUse(Arc<Import>);

impl KernelMapUse {
    /// Maps the memory, unless it is mapped. For the thread that asks the exporter.
    pub(super) fn new(import: &Arc<Import>) -> Result<Self> {
        if import.kernel_map.share().is_none() {
            let map = KernelMap::of_dma_buf(import.dma_buf()?, || import.check_open())?;
            import.kernel_map.set(Arc::new(map, GFP_KERNEL_ACCOUNT)?);
        }
        Ok(Self(import.clone()))
    }
}

impl Drop for KernelMapUse {
    fn drop(&mut self) {
        self.0.put_kernel_map();
    }
}

/// What is called inside the gate.
impl Import {
    /// Returns the mapping for the device, which all share, if there is one that is not lost.
    /// Returns `EAGAIN` if the exporter has to be asked, what that has said, `EOPNOTSUPP` if the
    /// memory is at addresses that the device cannot use, and `ENODEV` if the import has ended.
    pub(in crate::buffers) fn map(self: &Arc<Self>) -> Result<ImportMap> {
        match self.share_map()? {
            Some(map) => Ok(map),
            None => Err(self.want(|entry| &mut entry.map)),
        }
    }

    /// Returns the mapping for the kernel, which is to be given up by [`Self::put_kernel_map`].
    /// Returns `EAGAIN` if the exporter has to be asked, and what that has said.
    pub(in crate::buffers) fn map_for_kernel(self: &Arc<Self>) -> Result<Arc<KernelMap>> {
        match self.kernel_map.share() {
            Some(map) => Ok(map),
            None => Err(self.want(|entry| &mut entry.kernel_map)),
        }
    }

    /// Gives up a use of the mapping for the kernel.
    pub(in crate::buffers) fn put_kernel_map(self: &Arc<Self>) {
        if self.kernel_map.put() {
            self.give_back();
        }
    }

    /// Returns the mapping for the device, if there is one that is not lost.
    fn share_map(self: &Arc<Self>) -> Result<Option<ImportMap>> {
        self.check_open()?;
        let mut attached = self.attached.lock();
        let mapping = &mut (*attached).as_mut().ok_or(ENODEV)?.mapping;
        let mapping = mapping.as_mut();
        let usable = mapping.filter(|mapping| !self.is_invalidated(mapping.invalidations));
        Ok(usable.map(|mapping| ImportMap::of(self, mapping)))
    }

    /// As [`Self::unmap_unused`], if that can be done at once: the exporter is a device of ours,
    /// for which nobody has to wait, and nobody has the reservation locked. Returns whether it was.
    fn try_unmap_unused(&self) -> bool {
        let Ok(dmabuf) = self.dma_buf() else {
            return true;
        };
        if object_behind(&dmabuf).is_none() {
            return false;
        }
        let Some(locked) = dmabuf.reservation().try_lock() else {
            return false;
        };
        self.unmap_if_unused(&locked);
        true
    }

    /// Returns whether the exporter has taken the memory away since there were so many
    /// invalidations.
    fn is_invalidated(&self, invalidations: u32) -> bool {
        self.invalidations.load(Relaxed) != invalidations
    }
}

/// What the thread does that asks the exporter.
impl Import {
    /// Pins the memory and maps all of it for the device, unless it is mapped already.
    ///
    /// Returns `EAGAIN` if it is mapped, and lost, or if it has to be moved for that, but is worked
    /// on; for other errors, see [`Self::map`].
    pub(super) fn ask_for_map(self: &Arc<Self>) -> Result<ImportMap> {
        let dmabuf = self.dma_buf()?;
        let _locked = dmabuf.reservation().lock_while(|| self.check_open())?;
        if let Some(map) = self.share_map()? {
            return Ok(map);
        }
        // To pin it, a buffer of ours may have to be moved, which waits for those who work on it.
        if let Some(Backing::Movable(movable)) =
            object_behind(&dmabuf).as_deref().map(Object::backing)
        {
            if movable.home().is_on_bus() && !dmabuf.reservation().is_idle() {
                return Err(EAGAIN);
            }
        }
        let attachment = self.begin_to_map()?;
        // SAFETY: The attachment is dynamic, and its reservation is locked: who detaches it waits
        // for that.
        let table = unsafe { pin_and_map(attachment, || self.check_open()) }
            .inspect_err(|_| self.is_mapped.store(false, Relaxed))?;
        let mut attached = self.attached.lock();
        if let Some(attached) = (*attached).as_mut() {
            // INVARIANT: It was just mapped.
            let mapping = attached.mapping.insert(Mapping {
                table,
                users: 0,
                invalidations: self.invalidations.load(Relaxed),
            });
            return Ok(ImportMap::of(self, mapping));
        }
        drop(attached);
        // SAFETY: As above; it was just mapped, and nobody has the table.
        unsafe { self.unmap_and_unpin(attachment, table) };
        Err(ENODEV)
    }

    /// Returns the attachment. From now on, the removal of the device waits until that is detached.
    /// Returns `EAGAIN` if there is a mapping.
    fn begin_to_map(&self) -> Result<NonNull<bindings::dma_buf_attachment>> {
        let attached = self.attached.lock();
        let attached = attached.as_ref().ok_or(ENODEV)?;
        self.check_open()?;
        if attached.mapping.is_some() {
            return Err(EAGAIN);
        }
        self.is_mapped.store(true, Relaxed);
        self.was_mapped.store(true, Relaxed);
        Ok(attached.attachment)
    }

    /// Unmaps the memory, if nobody uses the mapping any more.
    pub(super) fn unmap_unused(&self) {
        if !self.is_mapped.load(Relaxed) {
            return;
        }
        if let Ok(dmabuf) = self.dma_buf() {
            self.unmap_if_unused(&dmabuf.reservation().lock());
        }
    }

    /// As [`Self::unmap_unused`], with the reservation locked.
    fn unmap_if_unused(&self, _locked: &Guard<'_>) {
        let unused = || {
            let mut attached = self.attached.lock();
            let attached = (*attached).as_mut()?;
            let mapping = attached.mapping.take_if(|mapping| mapping.users == 0)?;
            Some((attached.attachment, mapping.table))
        };
        if let Some((attachment, table)) = unused() {
            // SAFETY: By the type invariants, the table is of the attachment, which is there until
            // the reservation is unlocked; nobody has the table.
            unsafe { self.unmap_and_unpin(attachment, table) };
        }
    }

    /// Takes back [`pin_and_map`].
    ///
    /// # Safety
    ///
    /// The attachment must be valid, its reservation locked, and `table` what it is mapped by. The
    /// table must not be used any more.
    unsafe fn unmap_and_unpin(
        &self,
        attachment: NonNull<bindings::dma_buf_attachment>,
        table: NonNull<bindings::sg_table>,
    ) {
        // SAFETY: Same requirements.
        unsafe {
            bindings::dma_buf_unmap_attachment(attachment.as_ptr(), table.as_ptr(), DIRECTION);
            bindings::dma_buf_unpin(attachment.as_ptr());
        }
        self.is_mapped.store(false, Relaxed);
    }
}

impl Import {
    /// Unmaps the memory and detaches the device, unless that has been done. Waits for the
    /// exporter.
    pub(in crate::buffers) fn detach(&self) {
        self.is_closed.store(true, Relaxed);
        let _detaching = self.detaching.lock();
        // Not to be dropped with the lock held.
        let Some(attached) = self.attached.lock().take() else {
            return;
        };
        let (dmabuf, attachment) = (&attached.dmabuf, attached.attachment);
        if let Some(mapping) = &attached.mapping {
            let _locked = dmabuf.reservation().lock();
            // SAFETY: By the type invariants, the attachment is valid, and the table is what it is
            // mapped by; as the device is quiet, nobody uses that any more.
            unsafe { self.unmap_and_unpin(attachment, mapping.table) };
        }
        // SAFETY: By the type invariants it is an attachment to this dma-buf. Nobody has access to
        // it any more but the thread that asks, which has the reservation locked until it is done
        // with it; and nothing is mapped.
        unsafe { bindings::dma_buf_detach(dmabuf.as_raw(), attachment.as_ptr()) };
        drop(self.kernel_map.take_unused());
        self.pool.imports.remove(self);
    }

    /// Ends what the device has of it, which is about to go. The exporter is waited for unless it
    /// has never mapped the memory for the device: then that needs not be bound to be detached.
    pub(in crate::buffers) fn revoke(self: &Arc<Self>) {
        self.is_closed.store(true, Relaxed);
        let attached = self.attached.lock();
        let was_mapped = self.was_mapped.load(Relaxed);
        drop(attached);
        match was_mapped {
            true => self.detach(),
            false => self.detach_soon(),
        }
    }
}

/// Pins the memory, and maps it for the device that is attached, where that can address it. Returns
/// `EOPNOTSUPP` if it cannot; and for the errors while it is moved, see
/// [`Import::map`].
///
/// # Safety
///
/// The attachment must be valid and dynamic, and its reservation locked.
unsafe fn pin_and_map(
    attachment: NonNull<bindings::dma_buf_attachment>,
    check: impl Fn() -> Result,
) -> Result<NonNull<bindings::sg_table>> {
    let attachment = attachment.as_ptr();
    // SAFETY: Same requirements.
    unsafe {
        to_result(bindings::dma_buf_pin(attachment))?;
        // What is still moving it has to be over.
        DmaResv::from_raw((*(*attachment).dmabuf).resv)
            .wait_for_kernel(check)
            .and_then(|()| map_attachment(attachment))
            .inspect_err(|_| bindings::dma_buf_unpin(attachment))
    }
}

/// Maps the memory for the device that is attached. See [`pin_and_map`].
///
/// # Safety
///
/// The attachment must be valid and pinned, and its reservation locked.
unsafe fn map_attachment(
    attachment: *mut bindings::dma_buf_attachment,
) -> Result<NonNull<bindings::sg_table>> {
    // SAFETY: Same requirements; the table is what was just mapped, and is given up unused.
    unsafe {
        let table = from_err_ptr(bindings::dma_buf_map_attachment(attachment, DIRECTION))?;
        if !ffi::accel_helper_dma_fits((*attachment).dev, table) {
            bindings::dma_buf_unmap_attachment(attachment, table, DIRECTION);
            return Err(EOPNOTSUPP);
        }
        NonNull::new(table).ok_or(ENOMEM)
    }
}
