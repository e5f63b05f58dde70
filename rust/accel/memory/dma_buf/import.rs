// SPDX-License-Identifier: GPL-2.0

//! dma-bufs of others, in the hands of our devices.
//!
//! ```text
//!   BO_IMPORT            map_for_device()               dropped
//!   ---------> attached -----------------> pinned, mapped -----> attached
//!                 |                               |
//!                 | handle closed, or device gone | device gone
//!                 v                               v
//!              detached <--------------------------
//! ```
//!
//! The attachment is a dynamic one: the exporter may move the memory as long as no device of ours
//! works on it. While one does, the memory is pinned. An exporter that loses it all the same, such
//! as a device that is unplugged, says so (`invalidate_mappings`): what no piece of work uses is
//! given back at once, and the rest when the work is done. When all is, it is the exporter who says
//! whether there may be another mapping.

mod cpu;
mod pin;

use core::ptr::NonNull;
use kernel::{
    bindings,
    device::Device,
    error::from_err_ptr,
    impl_has_work, new_mutex, new_work,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        ArcBorrow,
        Mutex, //
    },
    workqueue::{
        Work,
        WorkItem, //
    },
};

pub(crate) use self::cpu::{
    CpuEnd,
    CpuRequest, //
};

pub(in crate::memory) use self::cpu::CpuAccess;

use self::cpu::{
    Accesses,
    TELL, //
};

use super::{
    export,
    DmaBuf, //
};
use crate::{
    base::queue,
    memory::{
        device_map::Kept,
        object::{
            Backing,
            Object, //
        },
        pool::registry::{
            Detach,
            Registry, //
        }, //
    },
    sys::ffi::{
        self,
        Shared, //
    }, //
};

static IMPORTER_OPS: Shared<bindings::dma_buf_attach_ops> =
    Shared::new(bindings::dma_buf_attach_ops {
        allow_peer2peer: true,
        invalidate_mappings: Some(invalidate_mappings),
    });

/// Some of those who share a mapping read, others write.
const DIRECTION: bindings::dma_data_direction = bindings::dma_data_direction::DMA_BIDIRECTIONAL;

/// A dma-buf that a device is attached to.
#[pin_data]
pub(in crate::memory) struct Import {
    size: usize,
    /// Where the dma-buf is in memory.
    identity: usize,
    /// How often its exporter has taken it away while it was mapped.
    invalidations: Atomic<u32>,
    /// Whether it is mapped; only changed while the reservation is locked.
    is_mapped: AtomicFlag,
    /// What stays mapped between pieces of work, and is given back when the exporter wants that.
    #[pin]
    pub(in crate::memory) kept: Registry<Kept>,
    #[pin]
    unmap_work: Work<Import>,
    /// Locked after the reservation.
    #[pin]
    attached: Mutex<Option<Attached>>,
    // Held until the device is detached: who comes second, as the removal of that device may,
    // returns when it is. Locked before the reservation.
    #[pin]
    detaching: Mutex<()>,
    #[pin]
    accesses: Accesses,
    // One for all accesses, so that the exporter is told one thing at a time: udmabuf sets up at
    // the first access what all of them use, and allows for one caller.
    #[pin]
    tell_work: Work<Import, TELL>,
}

/// # Invariants
///
/// `attachment` is one of the device to `dmabuf`.
struct Attached {
    dmabuf: DmaBuf,
    attachment: NonNull<bindings::dma_buf_attachment>,
    /// As long as the device is only attached, it needs not be bound, but exist.
    _device: ARef<Device>,
    mapping: Option<Mapping>,
}

// SAFETY: An attachment may be used from any thread.
unsafe impl Send for Attached {}

/// A mapping of all of an import, which those share who work on a part of it.
///
/// Many exporters, such as the system's dma-heap, have one table for each attachment. And if the
/// exporter copies back and forth, there is one copy: what was written to one part is not lost when
/// somebody else is done with another.
///
/// # Invariants
///
/// `table` comes from the attachment that this belongs to, and the memory is pinned by it.
struct Mapping {
    table: NonNull<bindings::sg_table>,
    users: usize,
    /// How many invalidations there were before.
    invalidations: u32,
}

/// A use of a [`Mapping`].
///
/// # Invariants
///
/// `table` is that of the mapping, of which this is one of the users.
pub(in crate::memory) struct ImportMap {
    table: NonNull<bindings::sg_table>,
    invalidations: u32,
}

impl ImportMap {
    /// Returns the table.
    pub(in crate::memory) fn table(&self) -> *mut bindings::sg_table {
        self.table.as_ptr()
    }
}

impl Import {
    /// Makes one of `dmabuf`, which no device is attached to yet. Returns `EINVAL` if that is not
    /// made of whole pages.
    pub(in crate::memory) fn new(dmabuf: &DmaBuf) -> Result<Arc<Self>> {
        let (size, identity) = (dmabuf.size(), dmabuf.identity());
        if size == 0 || size % PAGE_SIZE != 0 {
            return Err(EINVAL);
        }
        Arc::pin_init(
            pin_init!(Self {
                size,
                identity,
                invalidations: Atomic::new(0),
                is_mapped: AtomicFlag::new(false),
                kept <- Registry::new(),
                unmap_work <- new_work!("accel_unmap_import"),
                attached <- new_mutex!(None),
                detaching <- new_mutex!(()),
                accesses <- Accesses::new(),
                tell_work <- new_work!("accel_tell_exporter"),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Attaches `device` to `dmabuf`, which this was made of. The exporter may take its time for
    /// that, so the caller is outside of the gate. While others have the reservation locked,
    /// `check` is asked again and again. Returns `EINTR` if a signal arrives, and what `check` and
    /// the exporter do.
    ///
    /// # Safety
    ///
    /// Somebody must keep a reference until [`Self::detach`] has returned.
    pub(in crate::memory) unsafe fn attach(
        self: &Arc<Self>,
        device: ARef<Device>,
        dmabuf: DmaBuf,
        check: impl Fn() -> Result,
    ) -> Result {
        // The kernel's function locks the reservation as well, and cannot be told to give up. It
        // has to wait only if somebody else is faster.
        drop(dmabuf.reservation().lock_while(check)?);
        // SAFETY: The device and the dma-buf are valid, as there are references. The import is
        // there until the attachment is gone, as the caller guarantees.
        let attachment = from_err_ptr(unsafe {
            bindings::dma_buf_dynamic_attach(
                dmabuf.as_raw(),
                ffi::device_as_raw(&device),
                IMPORTER_OPS.get(),
                Arc::as_ptr(self).cast_mut().cast(),
            )
        })?;
        // INVARIANT: It was just attached.
        *self.attached.lock() = Some(Attached {
            dmabuf,
            attachment: NonNull::new(attachment).ok_or(ENOMEM)?,
            _device: device,
            mapping: None,
        });
        Ok(())
    }

    /// See [`Object::identity`](crate::memory::Object::identity).
    pub(in crate::memory) fn identity(&self) -> usize {
        self.identity
    }

    /// Returns its size in bytes.
    pub(in crate::memory) fn size(&self) -> usize {
        self.size
    }

    /// Returns the dma-buf, or `ENODEV` if the device that imported it is gone.
    pub(in crate::memory) fn dma_buf(&self) -> Result<DmaBuf> {
        let attached = self.attached.lock();
        Ok(attached.as_ref().ok_or(ENODEV)?.dmabuf.clone())
    }

    /// Pins the memory and maps all of it for the device, unless it is mapped already.
    ///
    /// Returns `EOPNOTSUPP` if it is on the bus of the device, at addresses that this cannot use,
    /// `ENODEV` if the exporter has taken it away, `EAGAIN` if it has to be moved for that, but is
    /// worked on, `EINTR` if a signal arrives, and what `check` does, which is asked again and
    /// again while others have the reservation locked, or move the memory.
    pub(in crate::memory) fn map(&self, check: impl Fn() -> Result) -> Result<ImportMap> {
        let dmabuf = self.dma_buf()?;
        let _locked = dmabuf.reservation().lock_while(&check)?;
        let mut attached = self.attached.lock();
        let Some(attached) = &mut *attached else {
            return Err(ENODEV);
        };
        if let Some(mapping) = &mut attached.mapping {
            if self.is_invalidated(mapping.invalidations) {
                return Err(EAGAIN);
            }
            mapping.users += 1;
            // INVARIANT: There is one more user.
            return Ok(ImportMap {
                table: mapping.table,
                invalidations: mapping.invalidations,
            });
        }
        // To pin it, a buffer of ours may have to be moved, which waits for those who work on it.
        if let Some(Backing::Movable(movable)) = export::object_behind(&dmabuf)
            .as_deref()
            .map(Object::backing)
        {
            if movable.home().is_on_bus() && !dmabuf.reservation().is_idle() {
                return Err(EAGAIN);
            }
        }
        // SAFETY: The attachment is valid by the type invariants, is dynamic, and its reservation
        // is locked.
        let table = unsafe { pin::pin_and_map(attached.attachment, check) }?;
        self.is_mapped.store(true, Relaxed);
        // INVARIANT: It was just mapped.
        let invalidations = self.invalidations.load(Relaxed);
        attached.mapping = Some(Mapping {
            table,
            users: 1,
            invalidations,
        });
        // INVARIANT: As above.
        Ok(ImportMap {
            table,
            invalidations,
        })
    }

    /// Takes back [`Self::map`]. If `may_wait` is false and somebody has the reservation locked,
    /// returns false, and has not done so.
    ///
    /// # Safety
    ///
    /// `map` must come from there, must not have been taken back, and must not be used any more.
    pub(in crate::memory) unsafe fn unmap(&self, map: &ImportMap, may_wait: bool) -> bool {
        // What is mapped ends before what is attached does.
        let Ok(dmabuf) = self.dma_buf() else {
            return true;
        };
        let _locked = match may_wait {
            true => dmabuf.reservation().lock(),
            false => match dmabuf.reservation().try_lock() {
                Some(locked) => locked,
                None => return false,
            },
        };
        let mut attached = self.attached.lock();
        let Some(attached) = &mut *attached else {
            return true;
        };
        let Some(mapping) = &mut attached.mapping else {
            return true;
        };
        mapping.users -= 1;
        if mapping.users > 0 {
            return true;
        }
        attached.mapping = None;
        self.is_mapped.store(false, Relaxed);
        let attachment = attached.attachment.as_ptr();
        // SAFETY: The attachment is valid by the type invariants, and its reservation is locked;
        // this was the last user.
        unsafe {
            bindings::dma_buf_unmap_attachment(attachment, map.table(), DIRECTION);
            bindings::dma_buf_unpin(attachment);
        }
        true
    }

    /// Returns whether the exporter has taken the memory away since there were so many
    /// invalidations.
    fn is_invalidated(&self, invalidations: u32) -> bool {
        self.invalidations.load(Relaxed) != invalidations
    }

    /// Returns whether the exporter has taken the memory away while it was mapped so.
    pub(in crate::memory) fn is_lost(&self, map: &ImportMap) -> bool {
        self.is_invalidated(map.invalidations)
    }
}

impl Detach for Import {
    fn detach(&self) {
        let _detaching = self.detaching.lock();
        let attached = self.attached.lock().take();
        // The device and the dma-buf are dropped afterwards.
        if let Some(attached) = &attached {
            let attachment = attached.attachment.as_ptr();
            // SAFETY: By the type invariants it is an attachment to this dma-buf; nobody has
            // access to it any more, and nothing is mapped.
            unsafe { bindings::dma_buf_detach(attached.dmabuf.as_raw(), attachment) };
        }
    }
}

/// Takes note that the memory is moved or taken away, and has it given back.
///
/// # Safety
///
/// To be called by an exporter, for an attachment of ours.
unsafe extern "C" fn invalidate_mappings(attachment: *mut bindings::dma_buf_attachment) {
    // SAFETY: As long as there is the attachment, somebody keeps a reference to the import.
    let import = unsafe { ArcBorrow::<Import>::from_raw((*attachment).importer_priv.cast()) };
    // If nothing is mapped there is nothing to give up: the next mapping is of the new place.
    if !import.is_mapped.load(Relaxed) {
        return;
    }
    import.invalidations.fetch_add(1, Relaxed);
    // To unmap takes the reservation, which the exporter has locked. If it is queued already, that
    // is as good.
    let _ = queue::exporters().enqueue::<_, 0>(Arc::from(import));
}

impl_has_work! {
    impl HasWork<Self> for Import { self.unmap_work }
}

impl WorkItem for Import {
    type Pointer = Arc<Import>;

    /// Gives back what no piece of work uses, and lets the rest be given back when it is done.
    fn run(import: Arc<Import>) {
        import.kept.for_each(Kept::release);
    }
}
