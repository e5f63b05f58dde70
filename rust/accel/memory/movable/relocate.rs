// SPDX-License-Identifier: GPL-2.0

//! How a buffer is moved.

use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    page::PAGE_SHIFT,
    prelude::*,
    sync::Arc, //
};

use super::{
    evict::MoveContext,
    Movable, //
};
use crate::{
    base::fence::dma_resv,
    memory::{
        dma_buf::foreign_map::ForeignMap,
        object::Object,
        vmap::kernel_map::KernelMap, //
    }, //
};

/// A movable buffer whose reservation is locked, until this is dropped: it is not being moved.
///
/// # Invariants
///
/// The reservation of `movable` is locked.
pub(in crate::memory) struct Locked<'a> {
    movable: &'a Movable,
    _guard: Option<dma_resv::Guard<'a>>,
}

impl<'a> Locked<'a> {
    /// Locks the reservation, and asks `check` while somebody else has it locked; see
    /// [`DmaResv::lock_while`].
    ///
    /// [`DmaResv::lock_while`]: dma_resv::DmaResv::lock_while
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
    pub(in crate::memory) unsafe fn by_caller(movable: &'a Movable) -> Self {
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
        if self.home().is_on_bus() {
            drop(self.move_to_system(&MoveContext::Importer)?);
        }
        self.movable.touch();
        Ok(self.home())
    }

    /// Pins it where others can share it, and returns the home. To be undone by
    /// [`Movable::unpin`].
    pub(in crate::memory) fn pin_for_sharing(&self) -> Result<Arc<Object>> {
        let home = self.move_for_sharing()?;
        self.movable.state.lock().pins += 1;
        Ok(home)
    }

    /// Maps it for the kernel, and pins it until [`Movable::unpin`].
    pub(in crate::memory) fn vmap(&self) -> Result<Arc<KernelMap>> {
        let home = self.pin_for_sharing()?;
        // SAFETY: It is pinned, so the home is kept; and it is memory of the system.
        unsafe { home.vmap_unchecked(|| Ok(())) }.inspect_err(|_| self.movable.unpin())
    }

    /// Maps it for another device, as long as it is not moved. To be taken back by
    /// [`ForeignMap::end`].
    ///
    /// # Safety
    ///
    /// The device must stay bound until then.
    pub(in crate::memory) unsafe fn map(
        &self,
        device: &Device<Bound>,
        direction: bindings::dma_data_direction,
    ) -> Result<*mut bindings::sg_table> {
        let home = self.move_for_sharing()?;
        // SAFETY: Same requirements.
        home.while_granted(|| unsafe { ForeignMap::begin(home.clone(), device, direction) })?
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
