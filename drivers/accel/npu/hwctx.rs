// SPDX-License-Identifier: GPL-2.0

//! A hardware context: who has it, what it has to do, and what becomes of that.
//!
//! ```text
//!             claim()          open()
//!   nobody's ---------> lost ---------> open ----------------.
//!      ^                 ^                |  a job fails to   |
//!      |  the file is    |  the function  |  end: reset and   |
//!      '-----------------|   is reset     |  enabled again    |
//!        closed          '----------------'<------------------'
//! ```

use accel::{
    buffer::DeviceMap,
    prelude::*,
    Fault,
    IoWindow,
    Mapping,
    Pollers,
    Waiters, //
};
use kernel::{
    device,
    dma::DmaAddress,
    io::{
        register::Array,
        Io, //
    },
    new_mutex,
    new_spinlock_irq,
    sync::{
        aref::ARef,
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        Mutex,
        SpinLockIrq, //
    }, //
};

use crate::{
    job::Job,
    registers::{
        ContextId,
        Registers,
        CTX_COALESCE,
        CTX_COMPLETED,
        CTX_CONTROL,
        CTX_HALTED,
        CTX_RUNNING,
        CTX_STATUS,
        RECORD_BASE_HI,
        RECORD_BASE_LO,
        RING_BASE_HI,
        RING_BASE_LO,
        RING_ORDER,
        TABLE_BASE_HI,
        TABLE_BASE_LO,
        TABLE_PAGES, //
    },
    ring::{
        self,
        Ring, //
    },
    space::{
        self,
        Activity,
        Space, //
    },
    uapi::*,
    Npu, //
};

/// A file that may have a context. When this is dropped, the file has been closed.
pub(crate) struct Owner {
    is_gone: Arc<AtomicFlag>,
    device: ARef<Device<Npu>>,
}

impl Owner {
    pub(crate) fn new(device: &Device<Npu>) -> Result<Self> {
        Ok(Self {
            is_gone: Arc::new(AtomicFlag::new(false), GFP_KERNEL_ACCOUNT)?,
            device: device.into(),
        })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.is_gone.store(true, Relaxed);
        self.device.queue_clean_up();
    }
}

/// Rings that a process has.
pub(crate) struct UserRing {
    /// Keeps them where the device finds them.
    pub(crate) _map: DeviceMap,
    pub(crate) commands: DmaAddress,
    pub(crate) records: DmaAddress,
    pub(crate) order: u32,
    pub(crate) coalesce: u32,
    pub(crate) pollers: Pollers,
}

/// What a context is for.
pub(crate) enum Mode {
    /// It is disabled: nobody's, or lost to its file.
    Lost,
    /// The driver has the ring.
    Driver,
    /// The process has the ring, and may map the doorbell as long as this is so.
    User(UserRing, IoWindow),
}

/// What is only touched with the lock of a context held.
pub(crate) struct State {
    /// Set when the file that has it is gone; `None` if it is nobody's.
    owner: Option<Arc<AtomicFlag>>,
    pub(crate) mode: Mode,
    pub(crate) ring: Ring,
}

/// What a context has done for a process that has the ring.
pub(crate) struct Progress {
    pub(crate) completed: u32,
    /// Why it has halted.
    pub(crate) halt: Option<u32>,
}

/// A hardware context.
#[pin_data]
pub(crate) struct HwContext {
    id: ContextId,
    /// Who waits for a context of which the process has the ring.
    pub(crate) waiters: Waiters,
    /// Locked by who hands over jobs, before reservations.
    #[pin]
    pub(crate) submitter: Mutex<()>,
    #[pin]
    pub(crate) space: Space,
    // Also keeps accesses to its registers together that belong together.
    #[pin]
    pub(crate) state: SpinLockIrq<State>,
}

impl HwContext {
    pub(crate) fn new<'a>(
        dev: &'a device::Device<device::Bound>,
        id: ContextId,
    ) -> impl PinInit<Self, Error> + 'a {
        pin_init::pin_init_scope(move || {
            let (waiters, ring) = (Waiters::new(GFP_KERNEL)?, Ring::new(dev)?);
            Ok(try_pin_init!(Self {
                id,
                waiters,
                submitter <- new_mutex!(()),
                space <- Space::new(dev),
                state <- new_spinlock_irq!(State {
                    owner: None,
                    mode: Mode::Lost,
                    ring,
                }),
            }))
        })
    }

    pub(crate) fn id(&self) -> ContextId {
        self.id
    }

    /// Takes the context for a file. Returns whether it was nobody's.
    pub(crate) fn claim(&self, owner: &Owner) -> bool {
        let mut state = self.state.lock();
        let is_free = state.owner.is_none();
        if is_free {
            state.owner = Some(owner.is_gone.clone());
        }
        is_free
    }

    /// Enables the context, with rings of the driver or of the process. It was closed.
    pub(crate) fn open(&self, dev: &Device<Npu>, bar: &Registers<'_>, mut mode: Mode) {
        let mut state = self.state.lock();
        // If it does not, the context is lost, as it will be when the function is reset.
        if dev.is_running() {
            state.ring.restart();
            state.ring.renumber();
            core::mem::swap(&mut state.mode, &mut mode);
            self.enable(bar, &state);
        }
        drop(state);
        // Not with the lock held: it may be a doorbell.
        drop(mode);
    }

    /// Returns what a process gets who maps so much of the doorbell.
    pub(crate) fn doorbell(&self, len: u64) -> Result<Mapping<'static>> {
        match &self.state.lock().mode {
            Mode::Lost => Err(ESTALE),
            Mode::Driver => Err(EINVAL),
            Mode::User(_, doorbell) => doorbell.part(0, len),
        }
    }

    pub(crate) fn enable(&self, bar: &Registers<'_>, state: &State) {
        let ((commands, records), order) = match &state.mode {
            Mode::User(user, _) => ((user.commands, user.records), user.order),
            _ => (state.ring.addresses(), ring::ORDER),
        };
        let (id, table) = (self.id.get(), self.space.table());
        // CAST: The words of addresses.
        bar.write(RING_BASE_LO::at(id), RING_BASE_LO::from(commands as u32));
        bar.write(
            RING_BASE_HI::at(id),
            RING_BASE_HI::from((commands >> 32) as u32),
        );
        bar.write(RECORD_BASE_LO::at(id), RECORD_BASE_LO::from(records as u32));
        bar.write(
            RECORD_BASE_HI::at(id),
            RECORD_BASE_HI::from((records >> 32) as u32),
        );
        bar.write(TABLE_BASE_LO::at(id), TABLE_BASE_LO::from(table as u32));
        bar.write(
            TABLE_BASE_HI::at(id),
            TABLE_BASE_HI::from((table >> 32) as u32),
        );
        bar.write(TABLE_PAGES::at(id), TABLE_PAGES::from(space::PAGES));
        bar.write(RING_ORDER::at(id), RING_ORDER::from(order));
        if let Mode::User(user, _) = &state.mode {
            bar.write(CTX_COALESCE::at(id), CTX_COALESCE::from(user.coalesce));
        }
        bar.write(CTX_CONTROL::at(id), CTX_CONTROL::zeroed().with_enable(true));
    }

    /// Ends all that the context does, and gives back its memory. Returns `ESTALE` if only a reset
    /// of the function ends it, which is requested.
    pub(crate) fn close(&self, dev: &Device<Npu>, bar: &Registers<'_>) -> Result {
        let mut state = self.state.lock();
        if !dev.is_running() {
            // As `WorkOps::stop()` does, which may not have come to that yet.
            bar.reset_function();
        } else if !bar.reset_context(self.id) {
            dev.reset(Fault::hardware(ACCEL_NPU_ERROR_RESET_HUNG));
            return Err(ESTALE);
        }
        state.ring.fail(ECANCELED);
        let mode = core::mem::replace(&mut state.mode, Mode::Lost);
        drop(state);
        drop(mode);
        while let Some(job) = self.take_job() {
            drop(job);
        }
        self.space.unmap_all();
        Ok(())
    }

    fn take_job(&self) -> Option<Job> {
        self.state.lock().ring.take()
    }

    /// Closes the context, and makes it nobody's.
    pub(crate) fn release(&self, dev: &Device<Npu>, bar: &Registers<'_>) {
        if self.close(dev, bar).is_ok() {
            self.state.lock().owner = None;
        }
    }

    /// Returns whether the file that has the context was closed, and has left it.
    pub(crate) fn is_left(&self) -> bool {
        let owner = &self.state.lock().owner;
        owner.as_ref().is_some_and(|is_gone| is_gone.load(Relaxed))
    }

    /// Takes note that the function was reset, or is about to be, and has ended everything.
    pub(crate) fn lose(&self) {
        let mut state = self.state.lock();
        state.ring.fail(ECANCELED);
        self.waiters.wake();
        if let Mode::User(user, _) = &state.mode {
            user.pollers.wake();
        }
        let mode = core::mem::replace(&mut state.mode, Mode::Lost);
        drop(state);
        drop(mode);
    }

    /// Waits for those who are about to hand something to the device: it is not running.
    pub(crate) fn stop(&self) {
        drop(self.state.lock());
    }

    /// Queues a job, and gives it to the device if it waits for nothing. Returns its number, and
    /// leaves an old job in `job`, if there is one in its place. For the errors, see
    /// `struct accel_npu_submit`.
    pub(crate) fn submit(
        &self,
        dev: &Device<Npu>,
        bar: &Registers<'_>,
        job: &mut Option<Job>,
        commands: &[Command],
    ) -> Result<u64> {
        let mut state = self.state.lock();
        state.has_ring()?;
        state.ring.check_room(commands.len())?;
        let number = state.ring.push(job, commands);
        self.give(&mut state, dev, bar);
        Ok(number)
    }

    /// Returns what `submit` will, if nothing comes in between.
    pub(crate) fn check_room(&self, commands: usize) -> Result {
        let state = self.state.lock();
        state.has_ring()?;
        state.ring.check_room(commands)
    }

    pub(crate) fn give(&self, state: &mut State, dev: &Device<Npu>, bar: &Registers<'_>) {
        if !dev.is_running() {
            return;
        }
        if let Some(tail) = state.ring.give() {
            bar.ring(self.id, tail);
        }
    }

    /// Calls `f` with a job.
    pub(crate) fn with_job<V>(&self, number: u64, f: impl FnOnce(&Job) -> V) -> Result<V> {
        self.state.lock().ring.find(number).map(f)
    }

    /// Returns whether a job after `seen` is done.
    pub(crate) fn has_unseen(&self, seen: u64) -> bool {
        self.state.lock().ring.has_unseen(seen)
    }

    /// Returns whether the process has the ring, or `ESTALE` if the context is lost.
    pub(crate) fn is_of_user(&self) -> Result<bool> {
        match self.state.lock().mode {
            Mode::Lost => Err(ESTALE),
            Mode::Driver => Ok(false),
            Mode::User(..) => Ok(true),
        }
    }

    /// Returns what the context has done, or `ESTALE` if it is lost.
    pub(crate) fn progress(&self, bar: &Registers<'_>) -> Result<Progress> {
        let state = self.state.lock();
        if matches!(state.mode, Mode::Lost) {
            return Err(ESTALE);
        }
        let status = bar.read(CTX_STATUS::at(self.id.get()));
        let completed = bar.read(CTX_COMPLETED::at(self.id.get())).into_raw();
        let is_halted = status.state().get() == CTX_HALTED;
        Ok(Progress {
            completed,
            halt: is_halted.then_some(status.error().get()),
        })
    }

    /// Returns what the context does now.
    pub(crate) fn activity(&self, bar: &Registers<'_>) -> Activity {
        let _state = self.state.lock();
        let status = bar.read(CTX_STATUS::at(self.id.get()));
        let completed = bar.read(CTX_COMPLETED::at(self.id.get()));
        Activity {
            completed: completed.into_raw(),
            is_running: status.state().get() == CTX_RUNNING,
        }
    }

    /// Unmaps memory that its exporter wants back. A command that uses it for too long costs the
    /// file its context.
    pub(crate) fn give_back(&self, dev: &Device<Npu>, bar: &Registers<'_>) {
        let waited = self.space.give_back(|| self.activity(bar));
        if waited > space::UNMAP_MS.into() {
            self.waiters.wake();
            // If it cannot be closed, it is lost soon.
            let _ = self.close(dev, bar);
        }
    }
}

impl State {
    /// Returns whether the driver has the ring, and the context.
    fn has_ring(&self) -> Result {
        match self.mode {
            Mode::Lost => Err(ESTALE),
            Mode::Driver => Ok(()),
            Mode::User(..) => Err(EINVAL),
        }
    }
}
