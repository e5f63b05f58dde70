// SPDX-License-Identifier: GPL-2.0

//! Open files of a device.

use core::{
    ffi::c_void,
    ptr::NonNull, //
};
use kernel::{
    new_mutex,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        SetOnce, //
    },
};

use super::{
    call::Call,
    engine::Account,
    events::FileEvents,
    ops::DriverOps,
    reset::ResetWait,
    section::SectionRef, //
};
use crate::{
    base::{
        client::Client,
        open_policy::{
            CurrentUsers,
            OpenPolicy, //
        },
        state::State,
        sync_timeline::Table, //
    },
    buffers::Handles,
    device::Core,
    sys::uapi, //
};

/// What a file may do; decided by how it was opened.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Role {
    /// `O_RDONLY`
    Observer = uapi::ACCEL_ROLE_OBSERVER,
    /// `O_RDWR`
    User = uapi::ACCEL_ROLE_USER,
}

impl Role {
    /// Returns what it is called where text is shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Observer => "observer",
            Self::User => "user",
        }
    }
}

type FileTree = RBTree<u64, Arc<OpenFile>>;

/// The files of a device that are open and that the device has not yet let go of.
#[pin_data]
pub(crate) struct Files {
    #[pin]
    open: Mutex<FileTree>,
    last_id: Atomic<u64>,
    // How many of them there are in each role; only changed while `open` is locked.
    users: Atomic<u32>,
    observers: Atomic<u32>,
}

impl Files {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            open <- new_mutex!(RBTree::new()),
            last_id: Atomic::new(0),
            users: Atomic::new(0),
            observers: Atomic::new(0),
        })
    }

    /// Returns a number for a new file.
    fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Relaxed) + 1
    }

    /// Adds a file, if `policy` admits it. Returns `EBUSY` if not.
    fn insert(
        &self,
        file: Arc<OpenFile>,
        node: RBTreeNodeReservation<u64, Arc<OpenFile>>,
        policy: OpenPolicy,
    ) -> Result {
        let mut open = self.open.lock();
        if file.role == Role::User {
            policy.admit(self.current_users(&open, policy))?;
        }
        let count = self.count(file.role);
        count.store(count.load(Relaxed) + 1, Relaxed);
        open.insert(node.into_node(file.id, file));
        Ok(())
    }

    /// Counts the users that are there when the current process wants to become one.
    fn current_users(&self, open: &FileTree, policy: OpenPolicy) -> CurrentUsers {
        let of_same_uid = match policy {
            OpenPolicy::PerUser(_) => open
                .values()
                .filter(|file| file.role == Role::User && file.client.is_of_current_user())
                .count(),
            // The others do not ask.
            _ => 0,
        };
        CurrentUsers {
            all: self.users.load(Relaxed),
            // CAST: There cannot be as many open files.
            of_same_uid: of_same_uid as u32,
        }
    }

    fn remove(&self, file: &OpenFile) {
        let mut open = self.open.lock();
        if open.remove(&file.id).is_some() {
            let count = self.count(file.role);
            count.store(count.load(Relaxed) - 1, Relaxed);
        }
    }

    /// Lets go of all files, and returns them.
    pub(crate) fn take(&self) -> FileTree {
        core::mem::replace(&mut *self.open.lock(), RBTree::new())
    }

    fn count(&self, role: Role) -> &Atomic<u32> {
        match role {
            Role::Observer => &self.observers,
            Role::User => &self.users,
        }
    }

    /// Returns how many files are open in the role of a user, and of an observer.
    pub(crate) fn counts(&self) -> (u32, u32) {
        (self.users.load(Relaxed), self.observers.load(Relaxed))
    }

    /// Calls `f` for all files in the order of their numbers, until one fails.
    pub(crate) fn try_for_each<E>(
        &self,
        mut f: impl FnMut(&OpenFile) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open.lock().values().try_for_each(|file| f(file))
    }
}

/// An open file description of a device.
///
/// # Invariants
///
/// `state` is null, or what the driver's `open` returned for this file and nobody has closed yet.
/// If the driver has an `open`, it is not null from open to close if `role` is [`Role::User`], as
/// long as the gate of `core` is not drained.
pub(crate) struct OpenFile {
    pub(crate) core: ARef<Core>,
    pub(crate) role: Role,
    /// The flags of `open()`.
    pub(crate) flags: u32,
    pub(crate) client: Client,
    pub(crate) id: u64,
    /// The buffers of a user, if the device has any.
    pub(crate) buffers: Option<Pin<KBox<Handles>>>,
    /// The timelines of a user, once there was one.
    timelines: SetOnce<Pin<KBox<Table>>>,
    /// What engines have done for it; there are none for an observer.
    pub(crate) account: Arc<Account>,
    pub(crate) events: Arc<FileEvents>,
    state: Atomic<*mut c_void>,
}

impl OpenFile {
    /// Opens `core`, with the flags of `open()`. Returns `ENODEV` if it is gone, `EBUSY` if its
    /// policy does not admit another user, or what the driver says.
    pub(crate) fn new(core: &Core, role: Role, flags: u32) -> Result<Arc<Self>> {
        let call = Call {
            core,
            section: SectionRef::Owned(core.gate.enter().ok_or(ENODEV)?),
            file: None,
        };

        let ops = call.ops();
        let buffers = match ops.buffers {
            Some(_) if role == Role::User => {
                Some(KBox::pin_init(Handles::new(), GFP_KERNEL_ACCOUNT)?)
            }
            _ => None,
        };
        let engines = match role {
            Role::Observer => 0,
            Role::User => ops.engines.len(),
        };
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let file = Arc::new(
            Self {
                core: core.into(),
                role,
                flags,
                client: Client::current(),
                id: core.files.next_id(),
                buffers,
                timelines: SetOnce::new(),
                account: Account::new(core.account.usage.clone(), engines)?,
                events: Arc::pin_init(FileEvents::new(), GFP_KERNEL_ACCOUNT)?,
                state: Atomic::new(core::ptr::null_mut()),
            },
            GFP_KERNEL_ACCOUNT,
        )?;

        core.files.insert(file.clone(), node, ops.open_policy)?;
        if let (Role::User, Some(fns)) = (role, ops.features.file) {
            let call = Call {
                file: Some(&file),
                ..call
            };
            // SAFETY: The call is inside the gate of a device of this driver.
            let state = unsafe { (fns.open)(&call) };
            let state = state.inspect_err(|_| core.files.remove(&file))?;
            // INVARIANT: Nobody but this function knows the file well enough to use its state.
            file.state.store(state, Relaxed);
        }
        Ok(file)
    }

    /// Enters the gate for a call of this file, unless the device is gone.
    #[inline(always)]
    pub(crate) fn call(&self) -> Option<Call<'_>> {
        Some(Call {
            core: &self.core,
            section: SectionRef::Owned(self.core.gate.enter()?),
            file: Some(self),
        })
    }

    /// Enters the gate for a call of this file, if the device is running.
    #[inline(always)]
    pub(crate) fn call_running(&self) -> Option<Call<'_>> {
        Some(Call {
            core: &self.core,
            section: SectionRef::Owned(self.core.gate.enter_running()?),
            file: Some(self),
        })
    }

    /// Enters the gate for a call of this file when the device is running. For the errors, see
    /// [`Core::enter_running`] and [`ResetWait`].
    pub(crate) fn call_when_running(&self, wait: ResetWait) -> Result<Call<'_>> {
        Ok(Call {
            core: &self.core,
            section: SectionRef::Owned(self.core.enter_running(wait)?),
            file: Some(self),
        })
    }

    /// Returns `EIO` if the device is wedged, and `ENODEV` if it is gone, so that
    /// [`Self::call_when_running`] will fail.
    pub(crate) fn check_usable(&self) -> Result {
        match self.core.gate.state() {
            State::Running | State::Resetting => Ok(()),
            State::Wedged => Err(EIO),
            State::Gone => Err(ENODEV),
        }
    }

    /// Returns the timelines of the file; `None` if there never was one.
    #[inline]
    pub(crate) fn timelines(&self) -> Option<&Table> {
        self.timelines.as_ref().map(|table| &**table)
    }

    /// Returns the timelines of the file. Returns `ENOMEM`.
    pub(crate) fn timelines_or_new(&self) -> Result<&Table> {
        if self.timelines().is_none() {
            let table = KBox::pin_init(Table::new(), GFP_KERNEL_ACCOUNT)?;
            // With this, whoever comes second finds what the first one has made.
            let _open = self.core.files.open.lock();
            self.timelines.populate(table);
        }
        self.timelines().ok_or(ENOMEM)
    }

    /// Returns the driver's state; null if there is none.
    #[inline]
    pub(crate) fn state(&self) -> *mut c_void {
        self.state.load(Relaxed)
    }

    /// Ends the use of the file by user space.
    pub(crate) fn release(&self) {
        self.core.events.unsubscribe(self);
        // If the device is being removed, that takes care of the state: only there is it certain
        // that the driver's module still exists.
        if let Some(call) = self.call().and_then(Call::close_hardware) {
            // SAFETY: User space has no reference to the file any more, so nobody uses the state.
            unsafe { self.close(call.ops()) };
            // Only now: who is admitted in its place must not meet its state.
            self.core.files.remove(self);
        }
    }

    /// Drops what the driver keeps: the data of the buffers, and then the state.
    ///
    /// # Safety
    ///
    /// Nobody may use either, now or later, and `ops` must be those of the device's driver.
    pub(crate) unsafe fn close(&self, ops: &DriverOps) {
        if let Some(buffers) = &self.buffers {
            // SAFETY: The file is one of this driver, and the caller guarantees the rest.
            unsafe { buffers.drop_data(ops.features.buffer_or_none().drop) };
        }
        // INVARIANT: Whoever takes the state out closes it.
        let state = self.state.xchg(core::ptr::null_mut(), Relaxed);
        if let (Some(state), Some(fns)) = (NonNull::new(state), ops.features.file) {
            // SAFETY: By the type invariants `open` returned it; the caller guarantees the rest.
            unsafe { (fns.drop)(state) };
        }
    }
}
