// SPDX-License-Identifier: GPL-2.0

//! Who opened a file, and who may know.

use core::ptr::NonNull;
use kernel::{
    bindings,
    task::{
        Kuid,
        Task, //
    },
};

use crate::sys::ffi;

/// Length of a task's name, with the terminating NUL.
pub(crate) const COMMAND_LEN: usize = bindings::TASK_COMM_LEN as usize;

/// A process that has opened a device.
pub(crate) struct Client {
    uid: Kuid,
    pid: PidRef,
    command: [u8; COMMAND_LEN],
    pub(crate) since_ns: u64,
}

/// What a reader is told of a [`Client`].
pub(crate) struct Shown {
    /// User id in the reader's namespace, or 0xffffffff.
    pub(crate) uid: u32,
    /// Process and its name, if the reader may know them. The process is zero if it does not exist
    /// in the reader's namespace.
    pub(crate) process: Option<(u32, [u8; COMMAND_LEN])>,
}

impl Client {
    /// Returns the current process.
    pub(crate) fn current() -> Self {
        Self {
            uid: Kuid::current_euid(),
            pid: PidRef::current_process(),
            command: ffi::current_command(),
            since_ns: ffi::monotonic_ns(),
        }
    }

    /// Returns the effective user id, as the kernel knows it.
    pub(crate) fn raw_uid(&self) -> u32 {
        self.uid.into_raw().val
    }

    /// Returns whether the effective user id is that of the current process.
    pub(crate) fn is_of_current_user(&self) -> bool {
        self.uid == Kuid::current_euid()
    }

    /// Returns what the current process may know.
    pub(crate) fn show(&self) -> Shown {
        let may_know = self.is_of_current_user() || ffi::is_capable_noaudit(ffi::CAP_SYS_PTRACE);

        Shown {
            uid: Kuid::from_raw(self.uid.into_raw()).into_uid_in_current_ns(),
            process: may_know.then(|| (self.pid.in_current_namespace(), self.command)),
        }
    }
}

/// A reference to the identity of a process, which it outlives.
///
/// # Invariants
///
/// Holds a reference to a valid `struct pid`.
struct PidRef(NonNull<bindings::pid>);

// SAFETY: `struct pid` is reference-counted and may be used from any thread.
unsafe impl Send for PidRef {}
// SAFETY: As above.
unsafe impl Sync for PidRef {}

impl PidRef {
    fn current_process() -> Self {
        // SAFETY: The current task is valid.
        let pid =
            unsafe { bindings::get_task_pid(Task::current_raw(), bindings::pid_type_PIDTYPE_TGID) };

        // INVARIANT: A reference was taken just above.
        //
        // SAFETY: A running task has a process.
        Self(unsafe { NonNull::new_unchecked(pid) })
    }

    /// Returns the number of the process in the namespace of the current one, or zero.
    fn in_current_namespace(&self) -> u32 {
        // SAFETY: The pid is valid by the type invariants.
        let nr = unsafe { bindings::pid_vnr(self.0.as_ptr()) };
        // CAST: Process numbers are not negative.
        nr as u32
    }
}

impl Drop for PidRef {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference, which is given up.
        unsafe { bindings::put_pid(self.0.as_ptr()) };
    }
}
