// SPDX-License-Identifier: GPL-2.0

//! Buffers in the address space of the kernel.
//!
//! However many want to access a buffer, it is mapped once: the first one maps it, and with the
//! last one the mapping goes.

use kernel::{
    bindings,
    error::to_result,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex,
        UniqueArc, //
    },
};

use super::{
    import::{
        Import,
        Request, //
    },
    movable::Pinned,
    object::{
        Backing,
        Object, //
    }, //
};
use crate::{
    base::wait::WaitQueue,
    memory::{
        dma_buf::DmaBuf,
        kernel_map::{
            KernelMap,
            CHUNK, //
        }, //
    },
    sys::ffi, //
};

/// The kernel's mapping of some memory, which all share who access that.
#[pin_data]
pub(super) struct SharedMap {
    #[pin]
    state: Mutex<State>,
}

struct State {
    map: Option<Arc<KernelMap>>,
    users: usize,
}

impl SharedMap {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_mutex!(State {
                map: None,
                users: 0,
            }),
        })
    }

    /// Returns the mapping, which `make` makes if there is none. Each success must be taken back by
    /// [`Self::put`].
    pub(super) fn get(&self, make: impl FnOnce() -> Result<KernelMap>) -> Result<Arc<KernelMap>> {
        let mut state = self.state.lock();
        let map = match &state.map {
            Some(map) => map.clone(),
            None => Arc::new(make()?, GFP_KERNEL_ACCOUNT)?,
        };
        state.map = Some(map.clone());
        state.users += 1;
        Ok(map)
    }

    /// Returns the mapping, if there is one. Each success must be taken back by [`Self::put`].
    pub(super) fn share(&self) -> Option<Arc<KernelMap>> {
        let mut state = self.state.lock();
        let map = state.map.clone()?;
        state.users += 1;
        Some(map)
    }

    /// Sets the mapping, which must be taken back by [`Self::put`]. There must be none.
    pub(super) fn set(&self, map: Arc<KernelMap>) {
        let mut state = self.state.lock();
        state.map = Some(map);
        state.users += 1;
    }

    /// Takes back [`Self::get`], and the like. Returns whether nobody uses the mapping any more,
    /// which is there until [`Self::take_unused`].
    pub(super) fn put(&self) -> bool {
        let mut state = self.state.lock();
        state.users -= 1;
        state.users == 0
    }

    /// Returns the mapping, which ends by that, if nobody uses it any more.
    pub(super) fn take_unused(&self) -> Option<Arc<KernelMap>> {
        let mut state = self.state.lock();
        match state.users {
            0 => state.map.take(),
            _ => None,
        }
    }
}

/// Who accesses a buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accessor {
    /// The caller, who only reads, from now on.
    Reader,
    /// The caller, from now on.
    Writer,
    /// Work that is done in the order of fences.
    Work,
}

/// A buffer that the kernel can access, until this is dropped.
///
/// Processes and devices may write to the memory at any time, so it can be copied from and to, but
/// there are no references to it.
//
// The access ends before the mapping, which is given up before its use ends, and that before the
// object, whose memory it is.
pub struct VMap {
    access: Option<Arc<CpuAccess>>,
    map: Arc<KernelMap>,
    _use: MapUse,
    object: Arc<Object>,
    is_writable: bool,
    _pin: Option<Pinned>,
}

/// The direction in which the processor accesses a dma-buf, also to read only: udmabuf maps its
/// memory in the direction of the first access, and syncs that mapping in those of later ones.
pub(super) const CPU_DIRECTION: bindings::dma_data_direction =
    bindings::dma_data_direction::DMA_BIDIRECTIONAL;

/// Access to the dma-buf of an import by the processor, until this is dropped.
pub(super) struct CpuAccess {
    import: Arc<Import>,
    dmabuf: DmaBuf,
}

impl CpuAccess {
    /// Tells the exporter that the processor is going to access the memory.
    ///
    /// Unlike `dma_buf_begin_cpu_access()` it waits for no fence: the caller has, and looks again.
    pub(super) fn begin(import: &Arc<Import>) -> Result<Arc<Self>> {
        // Once the exporter was told, nothing can fail.
        let room = UniqueArc::<Self>::new_uninit(GFP_KERNEL_ACCOUNT)?;
        let dmabuf = import.dma_buf()?;
        // SAFETY: The dma-buf is valid, and the operation is its own.
        unsafe {
            if let Some(begin) = (*(*dmabuf.as_raw()).ops).begin_cpu_access {
                to_result(begin(dmabuf.as_raw(), CPU_DIRECTION))?;
            }
        }
        let access = Self {
            import: import.clone(),
            dmabuf,
        };
        Ok(room.write(access).into())
    }
}

impl Drop for CpuAccess {
    fn drop(&mut self) {
        self.import.end_access(&self.dmabuf);
    }
}

/// The end of accesses to the dma-buf of an import, of which the exporter is told.
pub(crate) struct CpuEnd {
    import: Arc<Import>,
    /// How many accesses were over.
    ended: u64,
}

impl CpuEnd {
    /// Ends `access`.
    fn of(access: Arc<CpuAccess>) -> Self {
        let import = access.import.clone();
        drop(access);
        let (ended, _) = import.accesses();
        Self { import, ended }
    }

    /// Returns where to wait for [`Self::is_told`].
    pub(crate) fn queue(&self) -> &WaitQueue {
        self.import.waiters()
    }

    /// Returns whether the exporter was told.
    pub(crate) fn is_told(&self) -> bool {
        let (_, told) = self.import.accesses();
        told >= self.ended
    }
}

/// A use of the mapping of an object, until this is dropped.
struct MapUse(Arc<Object>);

impl Drop for MapUse {
    fn drop(&mut self) {
        self.0.put_kernel_map();
    }
}

impl VMap {
    /// Maps `object` for `accessor`. While its memory is being moved, `check` is asked again and
    /// again.
    ///
    /// Returns `EAGAIN` if the caller is to access what was imported, and others work on that, or
    /// if the exporter has to be asked: see [`Object::request`].
    pub(crate) fn new(
        object: &Arc<Object>,
        accessor: Accessor,
        check: &dyn Fn() -> Result,
    ) -> Result<Self> {
        let mut access = None;
        if let (Backing::Imported(import), Accessor::Reader | Accessor::Writer) =
            (object.backing(), accessor)
        {
            let dmabuf = import.dma_buf()?;
            if dmabuf.reservation().is_busy(accessor == Accessor::Writer) {
                return Err(EAGAIN);
            }
            if dmabuf.is_told_of_access() {
                access = Some(import.access()?);
            }
        }
        let (source, pin) = object.source()?.pinned(check)?;
        // SAFETY: The object, and with it its memory, is kept until the mapping is gone.
        let map = unsafe { source.vmap() }?;
        Ok(Self {
            access,
            map,
            _use: MapUse(source.clone()),
            object: source,
            is_writable: true,
            _pin: pin,
        })
    }

    /// Ends the access now. If it is that to an import, and nobody else has it, its exporter is
    /// told soon.
    pub(crate) fn end(mut self) -> Option<CpuEnd> {
        let access = self.access.take();
        drop(self);
        access.map(CpuEnd::of)
    }

    /// Refuses to be written to from now on.
    pub(crate) fn for_reading(mut self) -> Self {
        self.is_writable = false;
        self
    }

    /// Copies all of `source`, which has the same size; one of both is memory of the system.
    /// Returns `EINTR` if the process is being killed, `EAGAIN`, `EIO` or `ENODEV` if the device is
    /// being reset, wedged or gone, and what `check` does, which is asked again and again.
    pub(super) fn copy_from(&self, source: &Self, check: impl Fn() -> Result) -> Result {
        for offset in (0..self.size()).step_by(CHUNK) {
            if ffi::is_being_killed() {
                return Err(EINTR);
            }
            check()?;
            let len = CHUNK.min(self.size() - offset);
            let copy = || self.map.copy(&source.map, offset, len);
            self.object
                .while_granted(|| source.object.while_granted(copy))???;
        }
        Ok(())
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> usize {
        self.object.size()
    }

    /// Copies the bytes from `offset` on. Returns `EINVAL` if that is not within the buffer, and
    /// `ENODEV` if it was memory of a device that is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::buffer::VMap;
    /// # use kernel::prelude::*;
    /// fn first_word(map: &VMap) -> Result<u32> {
    ///     let mut bytes = [0; 4];
    ///     map.read(0, &mut bytes)?;
    ///     Ok(u32::from_le_bytes(bytes))
    /// }
    /// ```
    pub fn read(&self, offset: usize, to: &mut [u8]) -> Result {
        self.object.while_present(|| self.map.read(offset, to))?
    }

    /// Copies bytes to `offset`. Returns `EINVAL` if that is not within the buffer, `ENODEV` if it
    /// was memory of a device that is gone, and `EACCES` if the buffer is not
    /// [writable](crate::driver::buffer::Memory::is_writable).
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::buffer::VMap;
    /// # use kernel::prelude::*;
    /// fn set_flag(map: &VMap, offset: usize) -> Result {
    ///     map.write(offset, &1_u32.to_le_bytes())
    /// }
    /// ```
    pub fn write(&self, offset: usize, from: &[u8]) -> Result {
        if !self.is_writable {
            return Err(EACCES);
        }
        self.object.while_present(|| self.map.write(offset, from))?
    }
}

impl Object {
    /// Makes a request of the current task to the exporter, if it is an import.
    pub(crate) fn request(&self) -> Result<Option<Request>> {
        match self.backing() {
            Backing::Imported(import) => Request::new(import).map(Some),
            _ => Ok(None),
        }
    }

    /// Maps the whole of it for the kernel, unless it is mapped, until [`Self::put_kernel_map`].
    /// Returns `ENODEV` if it was memory of a device that is gone, and `EAGAIN` if it was imported,
    /// and its exporter has to be asked.
    ///
    /// # Safety
    ///
    /// The object must be kept until the result is dropped, and be its own [`Self::source`].
    pub(super) unsafe fn vmap(&self) -> Result<Arc<KernelMap>> {
        // SAFETY: Same requirements.
        self.while_present(|| unsafe { self.vmap_unchecked() })?
    }

    /// As [`Self::vmap`], even if it was memory of a device that is gone.
    ///
    /// # Safety
    ///
    /// The object must be kept until the result is dropped. If it is memory on a bus, or coherent
    /// memory, the device must be there.
    pub(super) unsafe fn vmap_unchecked(&self) -> Result<Arc<KernelMap>> {
        match self.backing() {
            Backing::Imported(import) => return import.map_for_kernel(),
            #[cfg(CONFIG_MMU_NOTIFIER)]
            Backing::User(user) => user.check()?,
            _ => (),
        }
        self.kernel_map().get(|| match self.backing() {
            // SAFETY: The pages stay as long as the object does.
            Backing::System(pages) => unsafe { KernelMap::of_pages(pages.iter(), self.size()) },
            #[cfg(CONFIG_MMU_NOTIFIER)]
            // SAFETY: As above.
            Backing::User(user) => unsafe {
                KernelMap::of_pages(user.pages().iter().copied(), self.size())
            },
            // SAFETY: As above; the pool, and with it the region, stays as well.
            Backing::Device(memory) => unsafe { memory.map() },
            // SAFETY: As above; what is done with it later is done while it is there.
            Backing::Coherent(memory) => Ok(unsafe { memory.map() }),
            // Only where it is can be mapped; and what was imported, by its exporter.
            Backing::Movable(_) | Backing::Imported(_) => Err(EOPNOTSUPP),
        })
    }

    /// Gives up a use of the mapping for the kernel, which goes with the last one.
    pub(super) fn put_kernel_map(&self) {
        if let Backing::Imported(import) = self.backing() {
            return import.put_kernel_map();
        }
        if self.kernel_map().put() {
            drop(self.kernel_map().take_unused());
        }
    }
}
