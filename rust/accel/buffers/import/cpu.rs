// SPDX-License-Identifier: GPL-2.0

//! The processor's access to dma-bufs of others, on behalf of drivers.
//!
//! The exporter is told when an access begins, and when it has ended. It may take its time for
//! both: it moves the memory, or waits for fences, which may be those of the very device that is to
//! access it. So a thread of the kernel tells the exporter, and the caller waits outside of the
//! gate, if at all.
//!
//! ```text
//!              told                      kept by a VMap             last one dropped      told
//!   CpuRequest ------> CpuRequest::poll() --------------> CpuAccess ---------------> CpuEnd --->
//! ```

use kernel::{
    bindings,
    error::to_result,
    impl_has_work,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex,
        SetOnce, //
    },
    task::Task,
    workqueue::WorkItem, //
};

use super::Import;
use crate::{
    base::{
        queue,
        wait::WaitQueue, //
    },
    memory::dma_buf::DmaBuf, //
};

/// The direction in which the processor accesses a dma-buf, also to read only: udmabuf maps its
/// memory in the direction of the first access, and syncs that mapping in those of later ones.
const DIRECTION: bindings::dma_data_direction = bindings::dma_data_direction::DMA_BIDIRECTIONAL;

/// Which work of an import tells the exporter.
pub(super) const TELL: u64 = 1;

/// What the exporter of an import is to be told, and was.
#[pin_data]
pub(super) struct Accesses {
    #[pin]
    state: Mutex<State>,
    /// Those who wait until the exporter was told.
    #[pin]
    waiters: WaitQueue,
}

struct State {
    /// Of callers who wait, or are about to take what has begun.
    requests: KVec<Request>,
    /// How many accesses are over.
    ended: u64,
    /// How many of these the exporter was told of.
    ends_told: u64,
    /// Whom to tell of the others, if there are any.
    exporter: Option<DmaBuf>,
}

struct Request {
    /// The task that waits.
    task: *mut bindings::task_struct,
    access: Arc<CpuAccess>,
    /// How it has begun, once the exporter was told.
    begun: Option<Result>,
}

// SAFETY: What is not `Send` by itself is the address of a task, which is only compared.
unsafe impl Send for Request {}

impl Accesses {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_mutex!(State {
                requests: KVec::new(),
                ended: 0,
                ends_told: 0,
                exporter: None,
            }),
            waiters <- WaitQueue::new(),
        })
    }

    /// Tells the exporter of accesses that are over.
    fn tell_ends(&self) {
        let state = self.state.lock();
        let (ended, exporter) = (state.ended, state.exporter.clone());
        let count = ended - state.ends_told;
        drop(state);
        let Some(exporter) = exporter else {
            return;
        };
        for _ in 0..count {
            // There is nothing to be done about an error.
            //
            // SAFETY: The dma-buf is valid, and an access of it has begun.
            let _ = unsafe { bindings::dma_buf_end_cpu_access(exporter.as_raw(), DIRECTION) };
        }
        let mut state = self.state.lock();
        state.ends_told = ended;
        let last = match state.ended == ended {
            true => state.exporter.take(),
            false => None,
        };
        // Not to be dropped with the lock held, as it may be the last reference.
        drop(state);
        drop(last);
        self.waiters.wake_all();
    }

    /// Tells the exporter of the access that was asked for first, of those which it was not told
    /// of. Returns whether there was any.
    fn tell_begin(&self) -> bool {
        let state = self.state.lock();
        let first = state.requests.iter().find(|r| r.begun.is_none());
        let Some(access) = first.map(|r| r.access.clone()) else {
            return false;
        };
        drop(state);
        let result = access.begin();
        let mut state = self.state.lock();
        let mut requests = state.requests.iter_mut();
        if let Some(request) = requests.find(|r| Arc::ptr_eq(&r.access, &access)) {
            request.begun = Some(result);
        }
        drop(state);
        self.waiters.wake_all();
        true
    }
}

impl Import {
    /// Returns the access that the current task has asked for by a [`CpuRequest`], which is still
    /// there, if the access has begun.
    pub(in crate::buffers) fn begun_access(&self) -> Option<Arc<CpuAccess>> {
        let task = Task::current_raw();
        let state = self.accesses.state.lock();
        let mut requests = state.requests.iter();
        let request = requests.find(|r| r.task == task && r.begun == Some(Ok(())))?;
        Some(request.access.clone())
    }
}

impl_has_work! {
    impl HasWork<Self, TELL> for Import { self.tell_work }
}

impl WorkItem<TELL> for Import {
    type Pointer = Arc<Import>;

    fn run(import: Arc<Import>) {
        loop {
            import.accesses.tell_ends();
            if !import.accesses.tell_begin() {
                break;
            }
        }
    }
}

/// Has the exporter be told what it is to be told.
fn tell(import: &Arc<Import>) {
    // If it is queued already, that is as good.
    let _ = queue::exporters().enqueue::<_, TELL>(import.clone());
}

/// Access to the dma-buf of an import by the processor, until this is dropped.
pub(in crate::buffers) struct CpuAccess {
    import: Arc<Import>,
    /// The dma-buf, once its exporter was told.
    begun: SetOnce<DmaBuf>,
}

impl CpuAccess {
    /// Tells the exporter. Returns what that does, and `ENODEV` if the device that has imported the
    /// dma-buf is gone.
    ///
    /// Unlike `dma_buf_begin_cpu_access()` it waits for no fence: the caller has, and looks again.
    fn begin(&self) -> Result {
        let dmabuf = self.import.dma_buf()?;
        // SAFETY: The dma-buf is valid, and the operation is its own.
        unsafe {
            if let Some(begin) = (*(*dmabuf.as_raw()).ops).begin_cpu_access {
                to_result(begin(dmabuf.as_raw(), DIRECTION))?;
            }
        }
        self.begun.populate(dmabuf);
        Ok(())
    }
}

impl Drop for CpuAccess {
    fn drop(&mut self) {
        let Some(dmabuf) = self.begun.as_ref() else {
            return;
        };
        let mut state = self.import.accesses.state.lock();
        state.ended += 1;
        state.exporter.get_or_insert_with(|| dmabuf.clone());
        drop(state);
        tell(&self.import);
    }
}

/// A request for access, by the current task, until this is dropped. What has begun by then ends,
/// unless a [`VMap`](crate::buffers::VMap) has it.
pub(crate) struct CpuRequest(Arc<CpuAccess>);

impl CpuRequest {
    /// Makes a request. Returns `ENOMEM`.
    pub(in crate::buffers) fn new(import: &Arc<Import>) -> Result<Self> {
        let access = CpuAccess {
            import: import.clone(),
            begun: SetOnce::new(),
        };
        let access = Arc::new(access, GFP_KERNEL_ACCOUNT)?;
        let request = Request {
            task: Task::current_raw(),
            access: access.clone(),
            begun: None,
        };
        // If this fails, the request goes with it.
        let requests = &mut import.accesses.state.lock().requests;
        requests.push(request, GFP_KERNEL_ACCOUNT)?;
        tell(import);
        Ok(Self(access))
    }

    /// Returns where to wait for [`Self::poll`].
    pub(crate) fn queue(&self) -> &WaitQueue {
        &self.0.import.accesses.waiters
    }

    /// Returns whether the access has begun, or what the exporter says, once that was told.
    pub(crate) fn poll(&self) -> Option<Result> {
        let state = self.0.import.accesses.state.lock();
        let mut requests = state.requests.iter();
        requests.find(|r| Arc::ptr_eq(&r.access, &self.0))?.begun
    }
}

impl Drop for CpuRequest {
    fn drop(&mut self) {
        // The reference in the list is not the last one, as there is `self`.
        let requests = &mut self.0.import.accesses.state.lock().requests;
        requests.retain(|r| !Arc::ptr_eq(&r.access, &self.0));
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
    pub(in crate::buffers) fn of(access: Arc<CpuAccess>) -> Self {
        let import = access.import.clone();
        drop(access);
        let ended = import.accesses.state.lock().ended;
        Self { import, ended }
    }

    /// Returns where to wait for [`Self::is_told`].
    pub(crate) fn queue(&self) -> &WaitQueue {
        &self.import.accesses.waiters
    }

    /// Returns whether the exporter was told.
    pub(crate) fn is_told(&self) -> bool {
        self.import.accesses.state.lock().ends_told >= self.ended
    }
}
