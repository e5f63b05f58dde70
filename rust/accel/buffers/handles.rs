// SPDX-License-Identifier: GPL-2.0

//! The buffers of an open file, by their handles.
//!
//! ```text
//!   handle ─► data of the driver ◄─ Buffer: of a call, of a job
//!      └────► Object             ◄─ mapping, dma-buf
//! ```
//!
//! Only two refer to what the driver keeps for a buffer: the handle, and the driver itself, by a
//! [`Buffer`]. The object does not know of it.
//!
//! [`Buffer`]: crate::driver::buffer::Buffer

use kernel::{
    new_mutex,
    page::PAGE_SHIFT,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        Mutex,
        SetOnce, //
    },
    xarray::{
        AllocKind,
        XArray, //
    },
};

use super::{
    Limits,
    Object, //
};
use crate::{
    base::{
        data::{
            Data,
            DropFn,
            RawData, //
        },
        numbers::Numbers, //
    },
    memory::dma_buf::DmaBuf, //
};

/// The most handles that a file can have at a time, whatever the limits.
const MAX_HANDLES: usize = 1 << 24;

/// A buffer as an open file has it.
pub(crate) struct View {
    pub(crate) object: Arc<Object>,
    /// The dma-buf as which it was exported, if it was: the next export finds it ready.
    pub(super) exported: SetOnce<DmaBuf>,
    /// Whether the file may write to it. If not, it may become so.
    is_writable: AtomicFlag,
}

impl View {
    fn new(object: Arc<Object>, is_writable: bool) -> Self {
        Self {
            object,
            exported: SetOnce::new(),
            is_writable: AtomicFlag::new(is_writable),
        }
    }

    /// Returns whether the file may write to it.
    pub(crate) fn is_writable(&self) -> bool {
        self.is_writable.load(Relaxed)
    }

    /// Returns the number of the page after its last one, if processes map it.
    fn end(&self) -> Option<usize> {
        let range = self.object.borrowers().range_if_mapped()?;
        Some(range.first() + (self.object.size() >> PAGE_SHIFT))
    }
}

/// What a handle stands for.
///
/// # Invariants
///
/// `data` is a reference to a `T::Buffer`, `T` being the driver of the device. It belongs to this,
/// and is taken out before that driver may be gone.
pub(crate) struct Entry {
    pub(crate) view: Arc<View>,
    pub(crate) data: Option<RawData>,
}

/// The buffers of an open file.
///
/// Handles are numbers from 1 on, the lowest that is free first. A buffer has a range of pages by
/// which it is mapped. The file only knows those of its own buffers, and only when it has asked for
/// them.
#[pin_data]
pub(crate) struct Handles {
    #[pin]
    by_number: XArray<KBox<Entry>>,
    #[pin]
    state: Mutex<State>,
}

struct State {
    ids: Numbers,
    /// The handles of those that other descriptors than the file's lead to, by their identity: what
    /// comes back finds its handle.
    by_identity: RBTree<usize, u32>,
    /// All, by their handles.
    views: RBTree<u32, Arc<View>>,
    /// Those that can be mapped, by the page after the last one of each.
    by_end: RBTree<usize, Arc<View>>,
    buffers: u32,
    bytes: u64,
}

impl State {
    /// Charges a buffer of `size` bytes to the file, unless the file has as much as it may.
    fn charge(&mut self, size: usize, limits: Limits) -> Result {
        let buffers = self.buffers.checked_add(1).ok_or(ENOMEM)?;
        let bytes = self.bytes.checked_add(size as u64).ok_or(ENOMEM)?;
        if buffers > limits.buffers || bytes > limits.bytes {
            return Err(ENOMEM);
        }
        (self.buffers, self.bytes) = (buffers, bytes);
        Ok(())
    }

    /// See [`Handles::find`].
    fn find(&self, identity: usize, may_write: bool) -> Option<u32> {
        let handle = *self.by_identity.get(&identity)?;
        if may_write {
            self.views.get(&handle)?.is_writable.store(true, Relaxed);
        }
        Some(handle)
    }

    /// Undoes [`Self::charge`].
    fn uncharge(&mut self, size: usize) {
        self.buffers -= 1;
        self.bytes -= size as u64;
    }
}

impl Handles {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            by_number <- XArray::new(AllocKind::Alloc1),
            state <- new_mutex!(State {
                ids: Numbers::below(MAX_HANDLES),
                by_identity: RBTree::new(),
                views: RBTree::new(),
                by_end: RBTree::new(),
                buffers: 0,
                bytes: 0,
            }),
        })
    }

    /// Sets room for a buffer of `size` bytes aside. Returns `ENOMEM` if the file has as much as it
    /// may.
    pub(crate) fn reserve(&self, size: usize, limits: Limits) -> Result<Reservation<'_>> {
        self.state.lock().charge(size, limits)?;
        // INVARIANT: It was just counted.
        Ok(Reservation {
            handles: self,
            size,
        })
    }

    /// Returns how many bytes of memory of region number `region` the buffers have together.
    pub(crate) fn bytes_in(&self, region: u32) -> u64 {
        let state = self.state.lock();
        let objects = state.views.values().map(|view| &view.object);
        objects
            .filter(|object| object.region() == region)
            .map(|object| object.size() as u64)
            .sum()
    }

    /// Returns what `handle` stands for, or `ENOENT`.
    pub(crate) fn get(&self, handle: u32) -> Result<Arc<View>> {
        let by_number = self.by_number.lock();
        let entry = by_number.get(handle as usize).ok_or(ENOENT)?;
        Ok(entry.view.clone())
    }

    /// Calls `f` with what `handle` stands for, and with what the driver keeps for it, which stays
    /// meanwhile. Returns `ENOENT`.
    pub(crate) fn with<R>(&self, handle: u32, f: impl FnOnce(&View, RawData) -> R) -> Result<R> {
        let by_number = self.by_number.lock();
        let entry = by_number.get(handle as usize).ok_or(ENOENT)?;
        Ok(f(&entry.view, entry.data.ok_or(ENOENT)?))
    }

    /// Returns the handle of what [`Self::remember`] or [`Reservation::fill`] have been told of.
    /// The file may write to it from now on, if it `may_write` to what it has found it by.
    pub(crate) fn find(&self, identity: usize, may_write: bool) -> Option<u32> {
        self.state.lock().find(identity, may_write)
    }

    /// Returns what `handle` stands for, or `ENOENT`; and lets [`Self::find`] find it from now on.
    pub(crate) fn remember(&self, handle: u32) -> Result<Arc<View>> {
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let mut state = self.state.lock();
        let view = self.get(handle)?;
        let identity = view.object.identity();
        state.by_identity.insert(node.into_node(identity, handle));
        Ok(view)
    }

    /// Gives up `handle` and returns what it stood for, or `ENOENT`.
    pub(crate) fn remove(&self, handle: u32) -> Result<KBox<Entry>> {
        let mut state = self.state.lock();
        let id = handle as usize;
        let removed = self.by_number.lock().remove(id).ok_or(ENOENT)?;
        let object = &removed.view.object;
        state.views.remove(&handle);
        if let Some(end) = removed.view.end() {
            state.by_end.remove(&end);
        }
        state.by_identity.remove(&object.identity());
        state.ids.release(id - 1);
        state.uncharge(object.size());
        Ok(removed)
    }

    /// Returns the first page of `handle`, or `ENOENT`; and lets [`Self::at`] find it from now on.
    pub(crate) fn first_page(&self, handle: u32) -> Result<usize> {
        let view = self.get(handle)?;
        let first = view.object.range()?.first();
        let end = view.end().ok_or(ENOMEM)?;
        if self.state.lock().by_end.get(&end).is_some() {
            return Ok(first);
        }
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let mut state = self.state.lock();
        // Another thread may have closed it.
        if !Arc::ptr_eq(&view, &self.get(handle)?) {
            return Err(ENOENT);
        }
        state.by_end.insert(node.into_node(end, view));
        Ok(first)
    }

    /// Returns the buffer that pages `page` up to `page + pages` of the file belong to, and which
    /// of its own the first of these is. Returns `EINVAL` if there is none.
    pub(super) fn at(&self, page: usize, pages: usize) -> Result<(Arc<View>, usize)> {
        let state = self.state.lock();
        let end = page.checked_add(pages).ok_or(EINVAL)?;
        let cursor = state.by_end.cursor_lower_bound(&end).ok_or(EINVAL)?;
        let (_, view) = cursor.current();
        let range = view.object.range()?;
        let first = page.checked_sub(range.first()).ok_or(EINVAL)?;
        Ok((view.clone(), first))
    }

    /// Drops what the driver keeps for the handles, which remain.
    ///
    /// # Safety
    ///
    /// Nobody may use them, now or later, and `drop_fn` must be that of the device's driver.
    pub(crate) unsafe fn drop_data(&self, drop_fn: DropFn) {
        let mut next = 0;
        while let Some(handle) = self.first_from(next) {
            // INVARIANT: Whoever takes it out has the reference.
            let mut by_number = self.by_number.lock();
            let entry = by_number.get_mut(handle as usize);
            let data = entry.and_then(|entry| entry.data.take());
            drop(by_number);
            // SAFETY: It was that of a handle, whose device is one of this driver.
            drop(data.map(|data| unsafe { Data::from_raw(drop_fn, data) }));
            next = handle + 1;
        }
    }

    /// Returns the first handle that there is, from `handle` on.
    fn first_from(&self, handle: u32) -> Option<u32> {
        let state = self.state.lock();
        let cursor = state.views.cursor_lower_bound(&handle)?;
        let (handle, _) = cursor.current();
        Some(*handle)
    }
}

/// Room for a buffer in an open file.
///
/// # Invariants
///
/// A buffer of `size` bytes is counted that is not there.
pub(crate) struct Reservation<'a> {
    handles: &'a Handles,
    size: usize,
}

impl Reservation<'_> {
    /// Gives `object`, which has the size that was reserved, a handle, and with that `data`. The
    /// file may only read it unless it `may_write`.
    pub(crate) fn fill(self, object: Arc<Object>, data: Data<'_>, may_write: bool) -> Result<u32> {
        self.fill_with(object, data, may_write, None)
    }

    /// As [`Self::fill`], for what was imported by a descriptor that the file `may_write` to.
    /// [`Handles::find`] finds it from now on; and if it is found already, it has that handle.
    pub(crate) fn fill_imported(
        self,
        object: Arc<Object>,
        data: Data<'_>,
        may_write: bool,
    ) -> Result<u32> {
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        self.fill_with(object, data, may_write, Some(node))
    }

    fn fill_with(
        self,
        object: Arc<Object>,
        data: Data<'_>,
        may_write: bool,
        by_identity: Option<RBTreeNodeReservation<usize, u32>>,
    ) -> Result<u32> {
        let handles = self.handles;
        let identity = object.identity();
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let view = Arc::new(View::new(object, may_write), GFP_KERNEL_ACCOUNT)?;
        let entry = KBox::new_uninit(GFP_KERNEL_ACCOUNT)?;

        let mut state = handles.state.lock();
        if by_identity.is_some() {
            // Another thread may have been faster.
            if let Some(handle) = state.find(identity, may_write) {
                return Ok(handle);
            }
        }

        // Zero is not a handle.
        let id = state.ids.take().map_err(|_| ENOMEM)? + 1;
        let mut by_number = handles.by_number.lock();
        // INVARIANT: If it is stored, the reference belongs to it, and `data` is forgotten.
        let entry = KBox::write(
            entry,
            Entry {
                view: view.clone(),
                data: Some(data.raw()),
            },
        );
        let stored = by_number.store(id, entry, GFP_KERNEL_ACCOUNT);
        drop(by_number);
        if let Err(e) = stored {
            state.ids.release(id - 1);
            return Err(e.error);
        }
        // CAST: At most `MAX_HANDLES`.
        let handle = id as u32;
        state.views.insert(node.into_node(handle, view));
        if let Some(node) = by_identity {
            state.by_identity.insert(node.into_node(identity, handle));
        }
        // The buffer is there now, and stays counted.
        core::mem::forget((self, data));
        Ok(handle)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.handles.state.lock().uncharge(self.size);
    }
}
