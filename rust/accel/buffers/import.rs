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
//! given back soon, and the rest when the work is done. When all is, it is the exporter who says
//! whether there may be another mapping.

mod map;
mod requests;

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

pub(crate) use self::requests::Request;

pub(super) use self::map::ImportMap;

use self::{
    map::Mapping,
    requests::{
        Requests,
        ASK, //
    }, //
};
use super::{
    borrowers::Borrowers,
    device_map::Kept,
    export::object_behind,
    object::{
        Backing,
        Object, //
    },
    pool::Pool,
    vmap::SharedMap, //
};
use crate::{
    base::{
        fence::Fence,
        queue, //
    },
    memory::{
        dma_buf::DmaBuf,
        registry::Registry, //
    },
    sys::{
        ffi::{
            self,
            Shared, //
        },
        uapi::{
            self,
            flags::BoFlags, //
        }, //
    }, //
};

static IMPORTER_OPS: Shared<bindings::dma_buf_attach_ops> =
    Shared::new(bindings::dma_buf_attach_ops {
        allow_peer2peer: true,
        invalidate_mappings: Some(invalidate_mappings),
    });

/// A dma-buf that a device is attached to.
#[pin_data]
pub(super) struct Import {
    size: usize,
    /// Where the dma-buf is in memory.
    identity: usize,
    /// That of the device.
    pool: Arc<Pool>,
    /// How often its exporter has taken it away while it was mapped.
    invalidations: Atomic<u32>,
    /// Whether it is mapped, or just being mapped or unmapped; only changed while the reservation
    /// is locked.
    is_mapped: AtomicFlag,
    /// Whether the exporter was ever asked to map it. It may keep what it has mapped for the device
    /// until that is detached, as that of videobuf2 does.
    was_mapped: AtomicFlag,
    /// Whether nothing is to be mapped any more.
    is_closed: AtomicFlag,
    /// For the kernel.
    #[pin]
    kernel_map: SharedMap,
    /// What stays mapped between pieces of work, and is given back when the exporter wants that.
    #[pin]
    pub(super) kept: Registry<Kept>,
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
    requests: Requests,
    // One for all, so that the exporter is asked one thing at a time: udmabuf sets up at the first
    // access what all of them use, and allows for one caller.
    #[pin]
    ask_work: Work<Import, ASK>,
    // One of its own, so that nothing is kept because the exporter was asked for something else.
    #[pin]
    give_back_work: Work<Import, GIVE_BACK>,
    #[pin]
    detach_work: Work<Import, DETACH>,
}

/// Which work of an import gives back what nobody uses.
const GIVE_BACK: u64 = 3;

/// Which work of an import detaches the device.
const DETACH: u64 = 2;

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

impl Import {
    /// Makes one of `dmabuf`, which no device is attached to yet. Returns `EINVAL` if that is not
    /// made of whole pages.
    pub(super) fn new(dmabuf: &DmaBuf, pool: Arc<Pool>) -> Result<Arc<Self>> {
        let (size, identity) = (dmabuf.size(), dmabuf.identity());
        if size == 0 || size % PAGE_SIZE != 0 {
            return Err(EINVAL);
        }
        Arc::pin_init(
            pin_init!(Self {
                size,
                identity,
                pool,
                invalidations: Atomic::new(0),
                is_mapped: AtomicFlag::new(false),
                was_mapped: AtomicFlag::new(false),
                is_closed: AtomicFlag::new(false),
                kernel_map <- SharedMap::new(),
                kept <- Registry::new(),
                unmap_work <- new_work!("accel_unmap_import"),
                attached <- new_mutex!(None),
                detaching <- new_mutex!(()),
                requests <- Requests::new(),
                ask_work <- new_work!("accel_ask_exporter"),
                give_back_work <- new_work!("accel_give_import_back"),
                detach_work <- new_work!("accel_detach_import"),
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
    pub(super) unsafe fn attach(
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

    /// Gives back soon what nobody uses any more.
    fn give_back(self: &Arc<Self>) {
        // If it is queued already, that is as good.
        let _ = queue::exporters().enqueue::<_, GIVE_BACK>(self.clone());
    }

    /// Detaches the device soon, if it is attached: for who may be inside the gate, where nobody
    /// waits for an exporter.
    pub(super) fn detach_soon(self: &Arc<Self>) {
        if self.attached.lock().is_some() {
            // If it is queued already, that is as good.
            let _ = queue::exporters().enqueue::<_, DETACH>(self.clone());
        }
    }

    /// See [`Object::identity`].
    pub(super) fn identity(&self) -> usize {
        self.identity
    }

    /// Returns its size in bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Returns `ENODEV` if the device that imported it is gone, or about to go.
    fn check_open(&self) -> Result {
        match self.is_closed.load(Relaxed) {
            true => Err(ENODEV),
            false => Ok(()),
        }
    }

    /// Returns the dma-buf, or `ENODEV` if the device that imported it is gone.
    pub(super) fn dma_buf(&self) -> Result<DmaBuf> {
        self.check_open()?;
        let attached = self.attached.lock();
        Ok(attached.as_ref().ok_or(ENODEV)?.dmabuf.clone())
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
    let _ = queue::ordinary().enqueue::<_, 0>(Arc::from(import));
}

impl_has_work! {
    impl HasWork<Self> for Import { self.unmap_work }
}

impl WorkItem for Import {
    type Pointer = Arc<Import>;

    /// Gives back what no piece of work uses, and lets the rest be given back when it is done.
    fn run(import: Arc<Import>) {
        import.kept.for_each(Kept::release);
        import.requests.release_lost();
    }
}

impl_has_work! {
    impl HasWork<Self, GIVE_BACK> for Import { self.give_back_work }
}

impl WorkItem<GIVE_BACK> for Import {
    type Pointer = Arc<Import>;

    fn run(import: Arc<Import>) {
        import.unmap_unused();
        drop(import.kernel_map.take_unused());
    }
}

impl_has_work! {
    impl HasWork<Self, DETACH> for Import { self.detach_work }
}

impl WorkItem<DETACH> for Import {
    type Pointer = Arc<Import>;

    fn run(import: Arc<Import>) {
        import.detach();
    }
}

impl Object {
    /// Makes an object of a dma-buf of somebody else, for the device on the bus that has `pool`.
    /// For how long that takes, and the errors, see [`Import::attach`].
    ///
    /// It is of no use before [`Self::register`].
    pub(crate) fn import(
        pool: Arc<Pool>,
        device: ARef<Device>,
        dmabuf: DmaBuf,
        check: impl Fn() -> Result,
    ) -> Result<Arc<Self>> {
        let borrowers = Borrowers::new(pool.space.clone(), false)?;
        let import = Import::new(&dmabuf, pool.clone())?;
        let size = import.size();
        let backing = Backing::Imported(import.clone());
        let region = uapi::ACCEL_REGION_FOREIGN;
        let object = Self::with_backing(backing, borrowers, pool, region, size, BoFlags::empty())?;
        // SAFETY: The object keeps it, and has it detached when it is dropped itself: by a work
        // item that keeps it until then.
        unsafe { import.attach(device, dmabuf, check) }?;
        Ok(object)
    }

    /// Returns a fence that is signalled when all have finished whom one has to wait for who
    /// accesses the memory; who only reads, for those who write. Returns `ENODEV` if it was
    /// imported, and that has ended, and `ENOMEM`.
    #[inline(never)]
    pub(crate) fn pending(&self, writes: bool) -> Result<Option<ARef<Fence>>> {
        match self.backing() {
            Backing::Imported(import) => import.dma_buf()?.reservation().pending(writes),
            _ => self.reservation().pending(writes),
        }
    }

    /// Returns whether it is memory of a dma-buf of somebody else.
    pub(crate) fn is_imported(&self) -> bool {
        matches!(self.backing(), Backing::Imported(_))
    }

    /// Returns the dma-buf that it was imported by, if it was. Returns `ENODEV` if that has ended.
    pub(crate) fn imported(&self) -> Result<Option<DmaBuf>> {
        match self.backing() {
            Backing::Imported(import) => import.dma_buf().map(Some),
            _ => Ok(None),
        }
    }

    /// Returns the object whose memory it is: for what was imported from another device of ours,
    /// that which was exported there. Returns `ENODEV` if the import has ended.
    pub(super) fn source(self: &Arc<Self>) -> Result<Arc<Self>> {
        let Backing::Imported(import) = self.backing() else {
            return Ok(self.clone());
        };
        let dmabuf = import.dma_buf()?;
        Ok(object_behind(&dmabuf).unwrap_or_else(|| self.clone()))
    }
}
