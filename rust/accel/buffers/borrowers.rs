// SPDX-License-Identifier: GPL-2.0

//! Who has the memory of a buffer, and how it is revoked.
//!
//! Each object has one ledger of those who have its memory: dma-bufs; what other devices have
//! mapped of these; what the device itself has mapped; and the mappings of processes, be they of
//! the node or of a dma-buf, which are all in one range of the address space of the device.
//! Whoever needs the memory uses the ledger:
//!
//! - who moves it has importers told and processes' mappings emptied ([`Borrowers::invalidate`]),
//!   and waits for the fences;
//! - a reset takes away the use of memory of the device, until it is over
//!   ([`Borrowers::set_permission`], [`Borrowers::revoke`]);
//! - a removal does so for good, waits until it is given back ([`Borrowers::revoke_and_wait`]), and
//!   when the device is quiet, detaches it from the device on its bus ([`Detach::detach`]).
//!
//! What is locked, in this order: the gate of the device; `Pool::evicting`; the reservation; the
//! exports; the maps of other devices, and those of the device itself; [`Grant`], which page
//! faults lock within the locks of an address space, and copies while they run. Importers are told
//! with the exports locked, and may give back what they have mapped at once.

use core::ptr::NonNull;
use kernel::{
    bindings, new_mutex,
    prelude::*,
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        Mutex,
        SetOnce, //
    },
};

use super::{
    device_map::Mapped,
    export::access::ForeignMaps, //
};
use crate::{
    base::fence::dma_resv::DmaResv,
    memory::{
        address_space::{
            AddressSpace,
            PageRange, //
        },
        coherent::CoherentMemory,
        grant::{
            Grant,
            Permission, //
        },
        registry::{
            Detach,
            Registry, //
        }, //
    }, //
};

/// A dma-buf.
///
/// # Invariants
///
/// While it is in the list of an object, and that list is locked, it is valid.
struct Export(NonNull<bindings::dma_buf>);

// SAFETY: A dma-buf may be used from any thread.
unsafe impl Send for Export {}

/// Those who have the memory of an object.
#[pin_data(PinnedDrop)]
pub(super) struct Borrowers {
    /// The fences of those who work on it.
    #[pin]
    pub(super) reservation: DmaResv,
    #[pin]
    exports: Mutex<KVec<Export>>,
    #[pin]
    pub(super) foreign_maps: ForeignMaps,
    #[pin]
    pub(super) own_maps: Registry<Mapped>,
    /// Where processes map it. Made when the first of them wants to.
    range: SetOnce<PageRange>,
    space: Arc<AddressSpace>,
    /// Whether the memory goes with the device. For what can be moved, this only changes while the
    /// reservation is locked.
    is_revocable: AtomicFlag,
    /// The memory itself, if it was allocated for the device.
    coherent: SetOnce<Arc<CoherentMemory>>,
    #[pin]
    pub(super) grant: Grant,
}

impl Borrowers {
    /// Makes the ledger of memory that goes with the device, or does not.
    pub(super) fn new(space: Arc<AddressSpace>, is_revocable: bool) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                reservation <- DmaResv::new(),
                exports <- new_mutex!(KVec::new()),
                foreign_maps <- ForeignMaps::new(),
                own_maps <- Registry::new(),
                range: SetOnce::new(),
                space,
                is_revocable: AtomicFlag::new(is_revocable),
                coherent: SetOnce::new(),
                grant <- Grant::new(),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Sets the memory, if it was allocated for the device. To be called once at most.
    pub(super) fn set_coherent(&self, memory: Arc<CoherentMemory>) {
        self.coherent.populate(memory);
    }

    /// Sets whether the memory goes with the device from now on. The reservation must be locked.
    pub(super) fn set_revocable(&self, is_revocable: bool) {
        self.is_revocable.store(is_revocable, Relaxed);
    }

    /// Returns whether the memory goes with the device.
    pub(super) fn is_revocable(&self) -> bool {
        self.is_revocable.load(Relaxed)
    }

    /// Returns the range in which processes map it, of so many pages. Returns `ENOMEM`.
    pub(super) fn range(&self, pages: usize) -> Result<&PageRange> {
        self.space.reserve_in(&self.range, pages)
    }

    /// Returns the range in which processes map it, if they do.
    pub(super) fn range_if_mapped(&self) -> Option<&PageRange> {
        self.range.as_ref()
    }

    /// Returns the C side of the address space that processes map it in.
    pub(super) fn mapping(&self) -> *mut bindings::address_space {
        self.space.as_raw()
    }

    /// Takes note of a dma-buf.
    ///
    /// # Safety
    ///
    /// The dma-buf must be valid until [`Self::remove_export`] has returned.
    pub(super) unsafe fn add_export(&self, dmabuf: NonNull<bindings::dma_buf>) -> Result {
        // INVARIANT: To take it out takes the lock.
        let export = Export(dmabuf);
        Ok(self.exports.lock().push(export, GFP_KERNEL_ACCOUNT)?)
    }

    /// Forgets a dma-buf.
    pub(super) fn remove_export(&self, dmabuf: *mut bindings::dma_buf) {
        let mut exports = self.exports.lock();
        exports.retain(|export| export.0.as_ptr() != dmabuf);
    }

    /// Tells importers that their mappings are invalid, and have to be given back.
    ///
    /// # Safety
    ///
    /// The reservation must be locked.
    unsafe fn invalidate_importers(&self) {
        for Export(dmabuf) in self.exports.lock().iter() {
            // SAFETY: The dma-buf is valid by the type invariants; its reservation is that of the
            // object, and is locked.
            unsafe { bindings::dma_buf_invalidate_mappings(dmabuf.as_ptr()) };
        }
    }

    /// Takes all pages out of the mappings of processes. They can come back by page faults.
    fn unmap_from_processes(&self) {
        if let Some(range) = self.range_if_mapped() {
            range.unmap();
        }
    }

    /// Invalidates the mappings of importers, who are told, and of processes. Fences have to be
    /// waited for.
    ///
    /// # Safety
    ///
    /// The reservation must be locked.
    pub(super) unsafe fn invalidate(&self) {
        // SAFETY: Same requirements.
        unsafe { self.invalidate_importers() };
        self.unmap_from_processes();
    }

    /// Revokes the memory, if it is the device's, when [`Self::set_permission`] was called for
    /// all memory of the device. Importers are told, and not waited for.
    pub(super) fn revoke(&self) {
        if !self.is_revocable() {
            return;
        }
        self.unmap_from_processes();
        // Nobody else is to be locked out for nothing.
        if self.exports.lock().is_empty() {
            return;
        }
        let _locked = self.reservation.lock();
        // SAFETY: The reservation is locked.
        unsafe { self.invalidate_importers() };
    }

    /// As [`Self::revoke`], and waits until other devices have given back what is not of the
    /// system.
    ///
    /// Until then, they may access it as long as there are fences. Of memory that nobody has
    /// mapped, the fences are of no interest: user space may add some, of anybody.
    pub(super) fn revoke_and_wait(&self) {
        self.revoke();
        // Not with the reservation locked: a device that is going as well may have somebody wait
        // for that who has to leave before it signals its fences.
        self.reservation
            .wait_for_all_while(|| self.grant.has_peers());
        self.grant.wait_for_peers();
    }

    /// Changes what those who have borrowed the memory may do, if it is the device's.
    ///
    /// Who is using it just now is waited for. What processes have mapped stays so until
    /// [`Self::revoke`].
    pub(super) fn set_permission(&self, permission: Permission) {
        if self.is_revocable() {
            self.grant.set_permission(permission);
        }
    }

    /// Runs `f` if the memory is still there, and does not let it go meanwhile; else returns
    /// `ENODEV`. For the driver, and for what is done for it.
    pub(super) fn while_present<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        match self.is_revocable() {
            true => self.grant.while_present(f),
            false => Ok(f()),
        }
    }

    /// Runs `f` if others may use the memory, and does not take it from them meanwhile. For the
    /// errors, see [`Permission`].
    pub(super) fn while_granted<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        match self.is_revocable() {
            true => self.grant.while_granted(f),
            false => Ok(f()),
        }
    }
}

impl Detach for Borrowers {
    fn detach(&self) {
        // A map is detached before what it is a map of.
        self.own_maps.detach_all();
        if let Some(memory) = self.coherent.as_ref() {
            memory.detach();
        }
    }
}

#[pinned_drop]
impl PinnedDrop for Borrowers {
    fn drop(self: Pin<&mut Self>) {
        self.detach();
    }
}
