// SPDX-License-Identifier: GPL-2.0

//! Buffers that are moved between the memory of their device and that of the system.
//!
//! ```text
//!   created               room is needed, or another device has it
//!   ──────► memory of     ──────────────► memory of
//!           the device    ◄────────────── the system
//!                             placed()
//! ```
//!
//! Such a buffer has a home: an object of its own, which is nothing but memory. To move is to copy
//! to a new home. Before that, the old one is taken from everybody: importers are told, pages are
//! taken out of the mappings of processes, and what works on the memory is waited for. Who comes
//! meanwhile waits for the new home. The old one is freed when nobody has it any more.
//!
//! Who needs the memory to stay where it is pins it, and as long as it is pinned it is not moved.
//!
//! The reservation is locked during all of a move. The state is locked before the grant of the
//! home: see `borrowers.rs`.

pub(super) mod migrate;

use kernel::{
    new_mutex,
    page::PAGE_SHIFT,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        MutexGuard, //
    }, //
};

pub(super) use self::migrate::Locked;

use self::migrate::{
    allocate,
    MoveContext, //
};
use super::{
    borrowers::Borrowers,
    object::{
        Backing,
        Object, //
    },
    pool::{
        Caller,
        Pool, //
    }, //
};
use crate::{
    base::{
        fence::dma_resv::DmaResv,
        wait::Signals, //
    },
    memory::{
        charge::MemoryGroup,
        placement::Placement, //
    },
    sys::uapi::flags::BoFlags, //
};

/// How many times 20 ms at most it takes other devices to give back what they were told to.
const EVICT_WAIT_ROUNDS: usize = 100;

/// The memory of a buffer that can be moved.
///
/// # Invariants
///
/// The home is only changed, and only is `moving`, while the reservation is locked.
#[pin_data]
pub(super) struct Movable {
    #[pin]
    state: Mutex<State>,
    /// Those of the object that this is the memory of.
    borrowers: Arc<Borrowers>,
    pool: Arc<Pool>,
    /// Who is charged for it when it is in memory of the system.
    owner: MemoryGroup,
    /// The region of the device that it is from.
    region: u32,
    pub(super) placement: Placement,
    /// When it was used last, by the clock of the pool.
    last_used: Atomic<u64>,
}

struct State {
    home: Arc<Object>,
    /// Nobody may have the home just now.
    moving: bool,
    /// How many want it to stay there.
    pins: usize,
}

impl Movable {
    /// Makes what is in `home` movable, which is memory of a device, where `placement` says.
    pub(super) fn new(
        home: Arc<Object>,
        placement: Placement,
        borrowers: Arc<Borrowers>,
    ) -> Result<Arc<Self>> {
        let pool = home.pool().clone();
        Arc::pin_init(
            pin_init!(Self {
                region: home.region(),
                last_used: Atomic::new(pool.tick()),
                pool,
                placement,
                state <- new_mutex!(State {
                    home,
                    moving: false,
                    pins: 0,
                }),
                owner: MemoryGroup::of_current(),
                borrowers,
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    fn reservation(&self) -> &DmaResv {
        &self.borrowers.reservation
    }

    /// Returns whether it may be in memory that is not the system's.
    pub(super) fn may_be_on_bus(&self) -> bool {
        let region = self.pool.region(self.region);
        region.is_some_and(|region| region.is_on_bus())
    }

    /// Returns where it is, or was until it began to move.
    pub(super) fn home(&self) -> Arc<Object> {
        self.state.lock().home.clone()
    }

    fn touch(&self) {
        self.last_used.store(self.pool.tick(), Relaxed);
    }

    /// Calls `f` with the home, which does not change meanwhile. `None` if it is being moved.
    pub(super) fn try_with<R>(&self, f: impl FnOnce(&Object) -> R) -> Option<R> {
        self.touch();
        let state = self.state.lock();
        (!state.moving).then(|| f(&state.home))
    }

    /// Locks the state, unless it is being moved.
    fn lock_settled(&self) -> Option<MutexGuard<'_, State>> {
        let state = self.state.lock();
        (!state.moving).then_some(state)
    }

    /// Waits until it is not being moved, or the process is killed.
    pub(super) fn wait_settled(&self) {
        let settled = || self.lock_settled();
        // Whoever was killed finds out.
        drop(self.borrowers.grant.wait_until(Signals::Fatal, settled));
    }

    /// Lets it stay where it is until the result is dropped. While it is being moved, as another
    /// device may have it, which waits for fences, `check` is asked again and again. Returns
    /// `EINTR` if a signal arrives meanwhile, and what `check` does.
    pub(super) fn pin(self: &Arc<Self>, check: impl Fn() -> Result) -> Result<Pinned> {
        self.touch();
        let settled = || self.lock_settled();
        let mut state = self.borrowers.grant.wait_while(check, settled)?;
        state.pins += 1;
        Ok(Pinned {
            home: state.home.clone(),
            movable: self.clone(),
        })
    }

    /// Takes one of the pins back.
    pub(super) fn unpin(&self) {
        self.touch();
        self.state.lock().pins -= 1;
    }

    /// Brings it into the memory of its device, and pins it there. Must be called inside the gate.
    ///
    /// Returns `ENOSPC` if there is no room, nor can be; `EBUSY` if it is pinned elsewhere;
    /// `EAGAIN` if the device is asleep or is reset meanwhile, `ENODEV` if it goes; `EINTR`,
    /// `ENOMEM`; and what the driver's hook does.
    pub(super) fn place(self: &Arc<Self>, call: &dyn Caller) -> Result<Pinned> {
        let check = || call.may_wait();
        let pinned = self.pin(check)?;
        if pinned.home.region() == self.region {
            return Ok(pinned);
        }
        let pages = pinned.home.size() >> PAGE_SHIFT;
        drop(pinned);

        let awake = call.hold_awake().ok_or(EAGAIN)?;
        let target = allocate(call, self.region, pages, &self.placement, BoFlags::empty())?;
        target.keep_awake(awake);
        let locked = Locked::lock(self, check)?;
        if locked.home().region() != self.region {
            drop(locked.relocate(target, &MoveContext::Call(call))?);
        }
        self.pin(check)
    }

    /// Returns when it was used last, if it could be moved, and its home is as `f` says.
    pub(super) fn idle_since(&self, f: impl FnOnce(&Object) -> bool) -> Option<u64> {
        let state = self.state.lock();
        let is_idle = !state.moving && state.pins == 0 && f(&state.home);
        is_idle.then(|| self.last_used.load(Relaxed))
    }

    /// Moves it into the memory of the system. Returns `EBUSY` if somebody uses it.
    pub(super) fn evict(&self, call: &dyn Caller) -> Result {
        let locked = Locked::try_lock(self).ok_or(EBUSY)?;
        let is_there = |home: &Object| home.region() == self.region;
        if !self.reservation().is_idle() || self.idle_since(is_there).is_none() {
            return Err(EBUSY);
        }
        let context = MoveContext::Call(call);
        let left = locked.move_to_system(&context)?.borrowers().clone();
        drop(locked);
        // Those who were told to give it back need the reservation for that.
        for _ in 0..EVICT_WAIT_ROUNDS {
            if left.grant.wait_freed()? {
                break;
            }
            context.check()?;
        }
        Ok(())
    }
}

/// A movable buffer that stays at home until this is dropped.
pub(super) struct Pinned {
    pub(super) home: Arc<Object>,
    movable: Arc<Movable>,
}

impl Drop for Pinned {
    fn drop(&mut self) {
        self.movable.unpin();
    }
}

/// A buffer that is in the memory of its device, and stays there until this is dropped.
///
/// # Examples
///
/// ```
/// use accel::{buffer::{Memory, Placed}, prelude::*};
///
/// /// What a job keeps of its weights: they stay where they are until the job is done.
/// struct Job {
///     weights: Placed,
/// }
///
/// fn begin<T: AccelDriver>(ctx: &Context<'_, T>, weights: &Memory<T>) -> Result<(Job, u64)> {
///     let weights = weights.placed(ctx)?;
///     let address = weights.offset();
///     Ok((Job { weights }, address))
/// }
/// ```
pub struct Placed {
    home: Arc<Object>,
    offset: u64,
    _pin: Option<Pinned>,
}

impl Placed {
    /// Brings `object` into the memory of the device of `call`, if it can be moved. For the errors,
    /// see [`Memory::placed`](crate::driver::buffer::Memory::placed).
    pub(crate) fn new(call: &dyn Caller, object: &Arc<Object>) -> Result<Self> {
        let (home, pin) = match object.backing() {
            Backing::Movable(movable) => {
                let pinned = movable.place(call)?;
                (pinned.home.clone(), Some(pinned))
            }
            _ => (object.clone(), None),
        };
        Ok(Self {
            offset: home.offset().ok_or(EOPNOTSUPP)?,
            home,
            _pin: pin,
        })
    }

    /// Returns the number of the region.
    pub fn region(&self) -> u32 {
        self.home.region()
    }

    /// Returns where it is, in bytes from the beginning of the region.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

impl Object {
    /// Makes an object that is in `home` now, memory of a device where `placement` says, and can be
    /// moved.
    pub(crate) fn movable(
        home: Arc<Self>,
        placement: Placement,
        flags: BoFlags,
    ) -> Result<Arc<Self>> {
        let (pool, region, size) = (home.pool().clone(), home.region(), home.size());
        let borrowers = Borrowers::new(pool.space.clone(), true)?;
        let movable = Movable::new(home, placement, borrowers.clone())?;
        let backing = Backing::Movable(movable.clone());
        let object = Self::with_backing(backing, borrowers, pool, region, size, flags)?;
        object.register()?;
        object.pool().movables.insert(&movable)?;
        Ok(object)
    }

    /// Returns the object whose memory stays what it is as long as the result is kept: itself, or
    /// if it can be moved, where it is now. While it is being moved, `check` is asked; see
    /// [`Movable::pin`].
    pub(super) fn pinned(
        self: Arc<Self>,
        check: impl Fn() -> Result,
    ) -> Result<(Arc<Self>, Option<Pinned>)> {
        let Backing::Movable(movable) = self.backing() else {
            return Ok((self, None));
        };
        let pinned = movable.pin(check)?;
        Ok((pinned.home.clone(), Some(pinned)))
    }
}
