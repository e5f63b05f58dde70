// SPDX-License-Identifier: GPL-2.0

//! The buffers of an open file, by their handles.

use kernel::{
    new_mutex,
    page::PAGE_SHIFT,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        Arc,
        Mutex,
        UniqueArc, //
    },
    xarray::{
        AllocKind,
        XArray, //
    },
};

use super::{
    data::{
        Data,
        RawData, //
    },
    map::{
        View,
        FIRST_PAGE, //
    },
    Limits,
    Object, //
};
use crate::{
    driver::DriverOps,
    numbers::Numbers, //
};

/// The most handles that a file can have at a time, whatever the limits.
const MAX_HANDLES: usize = 1 << 24;

/// What a handle stands for.
///
/// # Invariants
///
/// `data` is a reference to a `T::Buffer`, `T` being the driver of the device. It belongs to this,
/// and is taken out before that driver may be gone.
pub(super) struct Entry {
    pub(super) view: Arc<View>,
    pub(super) data: Option<RawData>,
}

/// The buffers of an open file.
///
/// Handles are numbers from 1 on, the lowest that is free first. Each buffer has a place of its own
/// in the file, by which it is mapped. Such a place is not used again: who maps a buffer that
/// somebody else has just closed gets an error, and not another buffer.
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
    /// By the page after the last one of each, with their handles.
    by_end: RBTree<usize, (u32, Arc<View>)>,
    next_page: usize,
    buffers: u32,
    bytes: u64,
}

impl State {
    /// Counts a buffer of `size` bytes, unless the file has as much as it may.
    fn admit(&mut self, size: usize, limits: Limits) -> Result {
        let buffers = self.buffers.checked_add(1).ok_or(ENOMEM)?;
        let bytes = self.bytes.checked_add(size as u64).ok_or(ENOMEM)?;
        if buffers > limits.buffers || bytes > limits.bytes {
            return Err(ENOMEM);
        }
        (self.buffers, self.bytes) = (buffers, bytes);
        Ok(())
    }

    /// Takes back [`Self::admit`].
    fn forget(&mut self, size: usize) {
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
                by_end: RBTree::new(),
                next_page: FIRST_PAGE,
                buffers: 0,
                bytes: 0,
            }),
        })
    }

    /// Sets room for a buffer of `size` bytes aside. Returns `ENOMEM` if the file has as much as it
    /// may.
    pub(super) fn reserve(&self, size: usize, limits: Limits) -> Result<Reservation<'_>> {
        self.state.lock().admit(size, limits)?;
        // INVARIANT: It was just counted.
        Ok(Reservation {
            handles: self,
            size,
        })
    }

    /// Returns how many bytes of memory of region number `region` the buffers have together.
    pub(crate) fn bytes_in(&self, region: u32) -> u64 {
        let state = self.state.lock();
        let objects = state.by_end.values().map(|(_, view)| &view.object);
        objects
            .filter(|object| object.region() == region)
            .map(|object| object.size() as u64)
            .sum()
    }

    /// Returns what `handle` stands for, or `ENOENT`.
    pub(super) fn get(&self, handle: u32) -> Result<Arc<View>> {
        let by_number = self.by_number.lock();
        let entry = by_number.get(handle as usize).ok_or(ENOENT)?;
        Ok(entry.view.clone())
    }

    /// Calls `f` with the memory that `handle` stands for, and with what the driver keeps for it,
    /// which stays meanwhile. Returns `ENOENT`.
    pub(super) fn with<R>(
        &self,
        handle: u32,
        f: impl FnOnce(&Arc<Object>, RawData) -> R,
    ) -> Result<R> {
        let by_number = self.by_number.lock();
        let entry = by_number.get(handle as usize).ok_or(ENOENT)?;
        Ok(f(&entry.view.object, entry.data.ok_or(ENOENT)?))
    }

    /// Returns the handle of what [`Self::remember`] or [`Reservation::fill`] have been told of.
    pub(super) fn find(&self, identity: usize) -> Option<u32> {
        self.state.lock().by_identity.get(&identity).copied()
    }

    /// Returns what `handle` stands for, or `ENOENT`; and lets [`Self::find`] find it from now on.
    pub(super) fn remember(&self, handle: u32) -> Result<Arc<View>> {
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let mut state = self.state.lock();
        let view = self.get(handle)?;
        let identity = view.object.identity();
        state.by_identity.insert(node.into_node(identity, handle));
        Ok(view)
    }

    /// Gives up `handle` and returns what it stood for, or `ENOENT`.
    pub(super) fn remove(&self, handle: u32) -> Result<KBox<Entry>> {
        let mut state = self.state.lock();
        let id = handle as usize;
        let removed = self.by_number.lock().remove(id).ok_or(ENOENT)?;
        let View {
            object, first_page, ..
        } = &*removed.view;
        let size = object.size();
        state.by_end.remove(&(first_page + (size >> PAGE_SHIFT)));
        state.by_identity.remove(&object.identity());
        state.ids.give_back(id - 1);
        state.forget(size);
        Ok(removed)
    }

    /// Returns the buffer whose place in the file `pages` pages from `page` on belong to, or
    /// `EINVAL`.
    pub(super) fn at(&self, page: usize, pages: usize) -> Result<Arc<View>> {
        let state = self.state.lock();
        let end = page.checked_add(pages).ok_or(EINVAL)?;
        let cursor = state.by_end.cursor_lower_bound(&end).ok_or(EINVAL)?;
        let (_, (_, view)) = cursor.current();
        if page < view.first_page {
            return Err(EINVAL);
        }
        Ok(view.clone())
    }

    /// Drops what the driver keeps for the handles, which remain.
    ///
    /// # Safety
    ///
    /// Nobody may use them, now or later, and `ops` must be those of the device's driver.
    pub(crate) unsafe fn drop_data(&self, ops: &DriverOps) {
        let mut next = 0;
        while let Some((end, handle)) = self.first_from(next) {
            // INVARIANT: Whoever takes it out has the reference.
            let mut by_number = self.by_number.lock();
            let entry = by_number.get_mut(handle as usize);
            let data = entry.and_then(|entry| entry.data.take());
            drop(by_number);
            // SAFETY: It was that of a handle, whose device is one of this driver.
            drop(data.map(|data| unsafe { Data::from_raw(ops, data) }));
            next = end + 1;
        }
    }

    /// Returns the end and the handle of the first buffer whose end is not before page `page`.
    fn first_from(&self, page: usize) -> Option<(usize, u32)> {
        let state = self.state.lock();
        let cursor = state.by_end.cursor_lower_bound(&page)?;
        let (end, (handle, _)) = cursor.current();
        Some((*end, *handle))
    }
}

/// Room for a buffer in an open file.
///
/// # Invariants
///
/// A buffer of `size` bytes is counted that is not there.
pub(super) struct Reservation<'a> {
    handles: &'a Handles,
    size: usize,
}

impl Reservation<'_> {
    /// Gives `object`, which has the size that was reserved, a handle, and with that `data`. If it
    /// is `findable`, [`Handles::find`] finds it; and if it is found already, it has that handle.
    pub(super) fn fill(self, object: Arc<Object>, data: Data<'_>, findable: bool) -> Result<u32> {
        let handles = self.handles;
        let identity = object.identity();
        let by_identity = match findable {
            true => Some(RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?),
            false => None,
        };
        let pages = self.size >> PAGE_SHIFT;
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let view = UniqueArc::new_uninit(GFP_KERNEL_ACCOUNT)?;
        let entry = KBox::new_uninit(GFP_KERNEL_ACCOUNT)?;

        let mut state = handles.state.lock();
        // Another thread may have been faster.
        let find = || state.by_identity.get(&identity).copied();
        if let Some(handle) = findable.then(find).flatten() {
            return Ok(handle);
        }
        let first_page = state.next_page;
        let end = first_page.checked_add(pages).ok_or(ENOMEM)?;
        let view: Arc<View> = view.write(View::new(object, first_page)?).into();

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
            state.ids.give_back(id - 1);
            return Err(e.error);
        }
        // CAST: At most `MAX_HANDLES`.
        let handle = id as u32;
        state.by_end.insert(node.into_node(end, (handle, view)));
        if let Some(node) = by_identity {
            state.by_identity.insert(node.into_node(identity, handle));
        }
        state.next_page = end;
        // The buffer is there now, and stays counted.
        core::mem::forget((self, data));
        Ok(handle)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.handles.state.lock().forget(self.size);
    }
}
