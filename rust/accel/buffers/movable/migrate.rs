// SPDX-License-Identifier: GPL-2.0

//! How a buffer is moved, and moved out of the way of others.

use kernel::{
    dma::DataDirection,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::Arc, //
};

use super::Movable;
use crate::{
    base::fence::dma_resv::{
        self,
        DmaResv, //
    },
    buffers::{
        device_map::DeviceMap,
        object::{
            Backing,
            Object, //
        },
        pool::Caller,
        vmap::{
            Accessor,
            VMap, //
        }, //
    },
    memory::{
        kernel_map::KernelMap,
        placement::Placement, //
    },
    sys::uapi::flags::BoFlags, //
};

/// A buffer that is being moved between the memory of a device and that of the system. See
/// [`MemoryOps::copy_buffer`](crate::buffer::MemoryOps::copy_buffer).
///
/// # Examples
///
/// ```
/// use accel::{buffer::CopyRequest, prelude::*};
/// use kernel::dma::DataDirection;
///
/// /// Leaves what is small to the processor, and what is brought to the device.
/// fn is_worth_it(request: &CopyRequest<'_>) -> bool {
///     request.bytes() >= 1 << 20 && request.direction() == DataDirection::FromDevice
/// }
/// ```
pub struct CopyRequest<'a> {
    device: &'a Arc<Object>,
    system: &'a Arc<Object>,
    direction: DataDirection,
}

impl CopyRequest<'_> {
    /// Returns [`DataDirection::ToDevice`] if it is moved into the memory of the device, and
    /// [`DataDirection::FromDevice`] if out of it.
    pub fn direction(&self) -> DataDirection {
        self.direction
    }

    /// Returns how many bytes are to be copied: all of the buffer.
    pub fn bytes(&self) -> usize {
        self.device.size()
    }

    /// Returns the number of the region of the device.
    pub fn region(&self) -> u32 {
        self.device.region()
    }

    /// Returns where it is in that region, or is to be, in bytes from the beginning of the region.
    pub fn offset(&self) -> u64 {
        self.device.offset().unwrap_or(0)
    }

    /// Maps the memory of the system for the device of `caller`.
    pub(crate) fn map_system_for(&self, caller: &dyn Caller) -> Result<DeviceMap> {
        DeviceMap::of_move(caller, self.system.clone(), self.direction)
    }
}

/// On behalf of whom a buffer is moved.
pub(in crate::buffers) enum MoveContext<'a> {
    /// A call of the device that it is from.
    Call(&'a dyn Caller),
    /// Another device that is about to work on it, outside of the gate. The memory that it is in
    /// may be taken back meanwhile.
    Importer(&'a Object),
}

impl MoveContext<'_> {
    /// Returns `ENODEV` if the device is to go, and `EAGAIN` if it is to be reset: a call holds
    /// that up, and with it what may be waited for; and so does who has the reservation locked.
    pub(in crate::buffers) fn check(&self) -> Result {
        match self {
            Self::Call(call) => call.may_wait(),
            Self::Importer(home) => home.while_granted(|| ()),
        }
    }

    /// Waits until all who work on the memory of a reservation have finished. Returns `EINTR` if a
    /// signal arrives before, and what [`Self::check`] does.
    pub(in crate::buffers) fn wait_for_work(&self, reservation: &DmaResv) -> Result {
        while !reservation.wait_timeout()? {
            self.check()?;
        }
        Ok(())
    }

    /// Copies what is in `source` to `target`: by the driver, if it can, or by the processor.
    pub(in crate::buffers) fn copy(&self, source: &Arc<Object>, target: &Arc<Object>) -> Result {
        if let Self::Call(call) = self {
            let into_device = target.is_revocable();
            let request = CopyRequest {
                device: if into_device { target } else { source },
                system: if into_device { source } else { target },
                direction: match into_device {
                    true => DataDirection::ToDevice,
                    false => DataDirection::FromDevice,
                },
            };
            match call.copy_buffer(&request) {
                Err(e) if e == EOPNOTSUPP => (),
                result => return result,
            }
        }
        let map = |object| VMap::new(object, Accessor::Work, &|| self.check());
        map(target)?.copy_from(&map(source)?, || self.check())
    }
}

/// A movable buffer whose reservation is locked, until this is dropped: it is not being moved.
///
/// # Invariants
///
/// The reservation of `movable` is locked.
pub(in crate::buffers) struct Locked<'a> {
    movable: &'a Movable,
    _guard: Option<dma_resv::Guard<'a>>,
}

impl<'a> Locked<'a> {
    /// Locks the reservation, and asks `check` while somebody else has it locked; see
    /// [`DmaResv::lock_while`].
    pub(super) fn lock(movable: &'a Movable, check: impl Fn() -> Result) -> Result<Self> {
        let guard = movable.reservation().lock_while(check)?;
        // INVARIANT: It was just locked.
        Ok(Self {
            movable,
            _guard: Some(guard),
        })
    }

    /// Locks the reservation, unless somebody else has.
    pub(super) fn try_lock(movable: &'a Movable) -> Option<Self> {
        let guard = movable.reservation().try_lock()?;
        // INVARIANT: It was just locked.
        Some(Self {
            movable,
            _guard: Some(guard),
        })
    }

    /// Takes a buffer whose reservation the caller has locked, and is going to unlock.
    ///
    /// # Safety
    ///
    /// It must be locked until the result is dropped.
    pub(in crate::buffers) unsafe fn by_caller(movable: &'a Movable) -> Self {
        // INVARIANT: Same as the safety requirements.
        Self {
            movable,
            _guard: None,
        }
    }

    pub(super) fn home(&self) -> Arc<Object> {
        self.movable.home()
    }

    /// Moves it into the memory of the system, and returns where it was.
    pub(super) fn move_to_system(&self, context: &MoveContext<'_>) -> Result<Arc<Object>> {
        let movable = self.movable;
        let pages = self.home().size() >> PAGE_SHIFT;
        // Whoever needs the room, it is the owner whose memory this becomes.
        let allocate = || Object::system(movable.pool.clone(), pages, || context.check());
        let target = movable.owner.charge(allocate)?;
        self.relocate(target, context)
    }

    /// Moves it to `target`, and returns where it was. If that fails, it stays where it is.
    ///
    /// Returns `EBUSY` if it is pinned, and `EAGAIN` if the device is reset meanwhile. For the
    /// other errors, see [`Movable::place`].
    pub(super) fn relocate(
        &self,
        target: Arc<Object>,
        context: &MoveContext<'_>,
    ) -> Result<Arc<Object>> {
        let mut state = self.movable.state.lock();
        if state.pins > 0 {
            return Err(EBUSY);
        }
        state.moving = true;
        let source = state.home.clone();
        drop(state);

        let moved = self
            .invalidate_and_wait(context)
            .and_then(|()| copy(context, &source, &target));
        let mut state = self.movable.state.lock();
        let borrowers = &self.movable.borrowers;
        if moved.is_ok() {
            borrowers.set_revocable(target.is_revocable());
            state.home = target;
        }
        state.moving = false;
        drop(state);
        borrowers.grant.wake();
        moved.map(|()| source)
    }

    /// Invalidates the mappings of those who have the home, other than by pinning it, and waits.
    fn invalidate_and_wait(&self, context: &MoveContext<'_>) -> Result {
        let movable = self.movable;
        // SAFETY: The reservation is locked by the type invariants.
        unsafe { movable.borrowers.invalidate() };
        context.wait_for_work(movable.reservation())?;
        // What others have written, the processor is to see.
        self.home().foreign_maps().sync_for_cpu();
        Ok(())
    }

    /// Moves it where other devices and the kernel can have it for as long as they please: out of
    /// memory that is not the system's. Returns the home.
    fn move_for_sharing(&self) -> Result<Arc<Object>> {
        let home = self.home();
        if home.is_on_bus() {
            drop(self.move_to_system(&MoveContext::Importer(&home))?);
        }
        self.movable.touch();
        Ok(self.home())
    }

    /// Pins it where others can share it, and returns the home. To be undone by
    /// [`Movable::unpin`].
    pub(in crate::buffers) fn pin_for_sharing(&self) -> Result<Arc<Object>> {
        let home = self.move_for_sharing()?;
        self.movable.state.lock().pins += 1;
        Ok(home)
    }

    /// Maps it for the kernel, and pins it until [`Movable::unpin`].
    pub(in crate::buffers) fn vmap(&self) -> Result<Arc<KernelMap>> {
        let home = self.pin_for_sharing()?;
        // SAFETY: It is pinned, so the home is kept; and it is memory of the system.
        unsafe { home.vmap_unchecked() }.inspect_err(|_| self.movable.unpin())
    }

    /// Calls `f` with the home where other devices can have it, as long as it is not moved.
    pub(in crate::buffers) fn with_shared_home<V>(
        &self,
        f: impl FnOnce(Arc<Object>) -> Result<V>,
    ) -> Result<V> {
        let home = self.move_for_sharing()?;
        home.while_granted(|| f(home.clone()))?
    }
}

/// Copies what is in `source` to `target`, one of which is memory of the device. Returns `EAGAIN`
/// if that was reset meanwhile: what was copied before and after may not belong together.
fn copy(context: &MoveContext<'_>, source: &Arc<Object>, target: &Arc<Object>) -> Result {
    let revocable = if source.is_revocable() {
        source
    } else {
        target
    };
    let grant = &revocable.borrowers().grant;
    let before = grant.suspensions();
    context.copy(source, target)?;
    context.check()?;
    if grant.suspensions() != before {
        return Err(EAGAIN);
    }
    Ok(())
}

/// Allocates `pages` pages in region number `region`, where `placement` says. If there is no room,
/// movable buffers are evicted, those first that were not used for longest.
///
/// The call must be inside the gate, with the device awake. For the errors, see [`Object::new`],
/// [`Object::clear`] and [`MoveContext::check`].
pub(crate) fn allocate(
    call: &dyn Caller,
    region: u32,
    pages: usize,
    placement: &Placement,
    flags: BoFlags,
) -> Result<Arc<Object>> {
    let pool = call.pool();
    let new = || {
        // SAFETY: The caller is inside the gate.
        let object = unsafe { Object::new(pool.clone(), region, pages, placement, flags) }?;
        // The device may have more than is cleared in no time, and who waits for the call.
        //
        // SAFETY: As above.
        unsafe { object.clear(|| MoveContext::Call(call).check()) }?;
        Ok(object)
    };
    match new() {
        Err(e) if e == ENOSPC => (),
        result => return result,
    }
    let total = pool.region(region).ok_or(EINVAL)?.info().total;
    if (pages * PAGE_SIZE) as u64 > placement.room(total) {
        return Err(ENOSPC);
    }
    // One after the other, so that nobody takes the room that another makes.
    let _evicting = pool.evicting.lock();
    let mut before = 0;
    let until = pool.tick();
    loop {
        match new() {
            Err(e) if e == ENOSPC => (),
            result => return result,
        }
        before = evict_one(call, region, placement, before, until)?;
    }
}

/// Evicts the first buffer that was used last after `before` and not after `until`, where it may
/// be of use. Returns when that was used last, or `ENOSPC` if there is none.
fn evict_one(
    call: &dyn Caller,
    region: u32,
    placement: &Placement,
    mut before: u64,
    until: u64,
) -> Result<u64> {
    loop {
        let next = call.pool().movables.first_by_key(|movable| {
            let used = movable.idle_since(|home| {
                let offset = home.offset().filter(|_| home.region() == region);
                offset.is_some_and(|offset| placement.may_use(offset, home.size() as u64))
            });
            used.filter(|used| *used > before && *used <= until)
        });
        let (used, movable) = next.ok_or(ENOSPC)?;
        before = used;
        match movable.evict(call) {
            Ok(()) => return Ok(before),
            Err(e) if e == EINTR || e == ENODEV || e == EAGAIN => return Err(e),
            // The next one may do.
            Err(_) => (),
        }
    }
}

impl Object {
    /// Returns where it is in the memory of its device, in bytes from the beginning of its region.
    pub(crate) fn offset(&self) -> Option<u64> {
        match self.backing() {
            Backing::Device(memory) => Some(memory.offset()),
            _ => None,
        }
    }

    /// Returns whether it is memory that is not the system's.
    pub(in crate::buffers) fn is_on_bus(&self) -> bool {
        match self.backing() {
            Backing::Device(memory) => memory.io().is_some(),
            _ => false,
        }
    }

    /// Returns whether it is in pages that were allocated as such, whoever has them.
    pub(in crate::buffers) fn is_of_system(&self) -> bool {
        match self.backing() {
            Backing::System(_) => true,
            Backing::Device(memory) => memory.io().is_none(),
            _ => false,
        }
    }
}
