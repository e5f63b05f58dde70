// SPDX-License-Identifier: GPL-2.0

//! What exporters of dma-bufs are asked for, on behalf of drivers.
//!
//! An exporter may take its time: it moves the memory, or waits for fences, which may be those of
//! the very device that is to access it. So a thread of the kernel asks it, one thing at a time,
//! and the caller waits outside of the gate, if at all. Inside the gate, nobody calls an exporter:
//! what is there is shared, and what is missing is `EAGAIN` and wanted by the request of the task.
//!
//! ```text
//!             inside the gate         thread          inside the gate
//!   Request ------------------> wanted ----> done ------------------> shared with the request
//!               EAGAIN
//!                      last one dropped        thread
//!   mapping or access ------------------> over ------> given back
//! ```

use kernel::{
    bindings,
    impl_has_work,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    task::Task,
    workqueue::WorkItem, //
};

use super::{
    map::{
        ImportMap,
        KernelMapUse, //
    },
    Import, //
};
use crate::{
    base::{
        queue,
        wait::WaitQueue, //
    },
    buffers::vmap::{
        CpuAccess,
        CPU_DIRECTION, //
    },
    memory::{
        charge::MemoryGroup,
        dma_buf::DmaBuf, //
    },
};

/// Which work of an import asks the exporter.
pub(super) const ASK: u64 = 1;

/// What the exporter of an import is to be asked for, and was.
//
// Nothing allocates memory with `ends` locked: accesses may end where that must not be waited for.
#[pin_data]
pub(super) struct Requests {
    #[pin]
    state: Mutex<State>,
    #[pin]
    ends: Mutex<Ends>,
    /// Those who wait until the exporter was asked.
    #[pin]
    waiters: WaitQueue,
}

struct State {
    /// Of callers who wait, or are about to use what there is.
    entries: KVec<Entry>,
    /// The number of the next one.
    next: u64,
}

/// The accesses of the processor that are over.
struct Ends {
    /// How many.
    ended: u64,
    /// How many of these the exporter was told of.
    ends_told: u64,
    /// Whom to tell of the others, if there are any.
    exporter: Option<DmaBuf>,
}

/// What a caller wants of the exporter.
pub(super) struct Entry {
    number: u64,
    /// The task of the caller.
    task: *mut bindings::task_struct,
    /// Who is charged for what the exporter allocates.
    group: Arc<MemoryGroup>,
    pub(super) map: Step<ImportMap>,
    pub(super) kernel_map: Step<KernelMapUse>,
    access: Step<Arc<CpuAccess>>,
    /// Whether the exporter was asked since the caller has looked, and is not to be asked again.
    has_news: bool,
}

// SAFETY: What is not `Send` by itself is the address of a task, which is only compared.
unsafe impl Send for Entry {}

/// One of the things that an exporter can be asked for.
pub(super) enum Step<T> {
    Unasked,
    /// The exporter is to be asked.
    Wanted,
    /// The exporter was asked. What it has given stays until the request is dropped.
    Done(Result<T>),
}

impl<T> Step<T> {
    fn is_wanted(&self) -> bool {
        matches!(self, Self::Wanted)
    }
}

impl Requests {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_mutex!(State {
                entries: KVec::new(),
                next: 0,
            }),
            ends <- new_mutex!(Ends {
                ended: 0,
                ends_told: 0,
                exporter: None,
            }),
            waiters <- WaitQueue::new(),
        })
    }

    /// Tells the exporter of accesses that are over.
    fn tell_ends(&self) {
        let ends = self.ends.lock();
        let (ended, exporter) = (ends.ended, ends.exporter.clone());
        let count = ended - ends.ends_told;
        drop(ends);
        let Some(exporter) = exporter else {
            return;
        };
        for _ in 0..count {
            // There is nothing to be done about an error.
            //
            // SAFETY: The dma-buf is valid, and an access of it has begun.
            let _ = unsafe { bindings::dma_buf_end_cpu_access(exporter.as_raw(), CPU_DIRECTION) };
        }
        let mut ends = self.ends.lock();
        ends.ends_told = ended;
        let last = match ends.ended == ended {
            true => ends.exporter.take(),
            false => None,
        };
        // Not to be dropped with the lock held, as it may be the last reference.
        drop(ends);
        drop(last);
        self.waiters.wake_all();
    }

    /// Gives up mappings that are lost, also those of callers who wait for something else.
    pub(super) fn release_lost(&self) {
        loop {
            let mut state = self.state.lock();
            let mut maps = state.entries.iter_mut().map(|e| &mut e.map);
            let lost = maps.find(|map| matches!(map, Step::Done(Ok(map)) if map.is_lost()));
            let lost = lost.map(|map| core::mem::replace(map, Step::Unasked));
            // Not to be dropped with the lock held: to give it back takes others.
            drop(state);
            if lost.is_none() {
                break;
            }
        }
    }

    /// Takes note of what the exporter has said to request `number`, if that is still there.
    fn set_done<T>(
        &self,
        number: u64,
        step: impl FnOnce(&mut Entry) -> &mut Step<T>,
        result: Result<T>,
    ) {
        let is_final = !matches!(result, Err(e) if e == EAGAIN);
        let mut state = self.state.lock();
        let unwanted = match state.entries.iter_mut().find(|e| e.number == number) {
            Some(entry) => {
                entry.has_news |= is_final;
                *step(entry) = Step::Done(result);
                None
            }
            None => Some(result),
        };
        // Not to be dropped with the lock held: what is given back takes it.
        drop(state);
        drop(unwanted);
        self.waiters.wake_all();
    }
}

impl Import {
    /// Has the exporter be asked for a step of the request of the current task. Returns what it has
    /// said if that is an error for good, and else `EAGAIN`: also if there is no request.
    pub(super) fn want<T>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut Entry) -> &mut Step<T>,
    ) -> Error {
        let task = Task::current_raw();
        let mut state = self.requests.state.lock();
        let Some(entry) = state.entries.iter_mut().find(|e| e.task == task) else {
            return EAGAIN;
        };
        let step = step(entry);
        if let Step::Done(Err(e)) = step {
            if *e != EAGAIN {
                return *e;
            }
        }
        // It may be a mapping that is lost.
        let before = core::mem::replace(step, Step::Wanted);
        drop(state);
        drop(before);
        self.ask();
        EAGAIN
    }

    /// Returns the access of the processor that the current task has requested. For the errors, see
    /// [`Self::map`].
    pub(in crate::buffers) fn access(self: &Arc<Self>) -> Result<Arc<CpuAccess>> {
        let task = Task::current_raw();
        let state = self.requests.state.lock();
        let entry = state.entries.iter().find(|e| e.task == task);
        if let Some(Step::Done(Ok(access))) = entry.map(|e| &e.access) {
            return Ok(access.clone());
        }
        drop(state);
        Err(self.want(|entry| &mut entry.access))
    }

    /// Has the exporter be asked for what is wanted, and be told of accesses that are over.
    pub(super) fn ask(self: &Arc<Self>) {
        // If it is queued already, that is as good.
        let _ = queue::exporters().enqueue::<_, ASK>(self.clone());
    }

    /// Ends an access of the processor to `dmabuf`, of which the exporter is told soon.
    pub(in crate::buffers) fn end_access(self: &Arc<Self>, dmabuf: &DmaBuf) {
        let mut ends = self.requests.ends.lock();
        ends.ended += 1;
        ends.exporter.get_or_insert_with(|| dmabuf.clone());
        drop(ends);
        self.ask();
    }

    /// Returns how many accesses of the processor are over, and how many of these the exporter was
    /// told of.
    pub(in crate::buffers) fn accesses(&self) -> (u64, u64) {
        let ends = self.requests.ends.lock();
        (ends.ended, ends.ends_told)
    }

    /// Returns where to wait until the exporter was asked, or told.
    pub(in crate::buffers) fn waiters(&self) -> &WaitQueue {
        &self.requests.waiters
    }

    /// Asks for the first thing that somebody wants. Returns whether there was any.
    fn ask_for_next(self: &Arc<Self>) -> bool {
        let requests = &self.requests;
        let state = requests.state.lock();
        let wanted = state.entries.iter().find_map(|e| {
            let wanted = [
                e.map.is_wanted(),
                e.kernel_map.is_wanted(),
                e.access.is_wanted(),
            ];
            let is_wanted = wanted.contains(&true);
            is_wanted.then(|| (e.number, wanted, e.group.clone()))
        });
        drop(state);
        let Some((number, wanted, group)) = wanted else {
            return false;
        };
        match wanted {
            [true, ..] => {
                let map = group.charge(|| self.ask_for_map());
                requests.set_done(number, |e| &mut e.map, map);
                // It may be lost by now, and whoever took note of that has not found it.
                requests.release_lost();
            }
            [_, true, _] => {
                let map = group.charge(|| KernelMapUse::new(self));
                requests.set_done(number, |e| &mut e.kernel_map, map);
            }
            _ => {
                let access = group.charge(|| CpuAccess::begin(self));
                requests.set_done(number, |e| &mut e.access, access);
            }
        }
        true
    }
}

impl_has_work! {
    impl HasWork<Self, ASK> for Import { self.ask_work }
}

impl WorkItem<ASK> for Import {
    type Pointer = Arc<Import>;

    fn run(import: Arc<Import>) {
        loop {
            import.requests.tell_ends();
            if !import.ask_for_next() {
                break;
            }
        }
    }
}

/// A request of the current task to the exporter of an import, until this is dropped: what is
/// missing when the task maps the memory, or accesses it, the exporter is asked for. What it has
/// given goes with the request, unless others have it by then.
pub(crate) struct Request {
    import: Arc<Import>,
    number: u64,
}

impl Request {
    /// Makes a request, which wants nothing yet. Returns `ENOMEM`.
    pub(in crate::buffers) fn new(import: &Arc<Import>) -> Result<Self> {
        let group = Arc::new(MemoryGroup::of_current(), GFP_KERNEL_ACCOUNT)?;
        let mut state = import.requests.state.lock();
        let number = state.next;
        let entry = Entry {
            number,
            task: Task::current_raw(),
            group,
            map: Step::Unasked,
            kernel_map: Step::Unasked,
            access: Step::Unasked,
            has_news: false,
        };
        state.entries.push(entry, GFP_KERNEL_ACCOUNT)?;
        state.next += 1;
        drop(state);
        Ok(Self {
            import: import.clone(),
            number,
        })
    }

    /// Returns where to wait for [`Self::poll`].
    pub(crate) fn queue(&self) -> &WaitQueue {
        self.import.waiters()
    }

    /// Returns whether the exporter has said something new, once it was asked for all that is
    /// wanted. What is to be tried again is nothing new.
    pub(crate) fn poll(&self) -> Option<bool> {
        let mut state = self.import.requests.state.lock();
        let mut entries = state.entries.iter_mut();
        let entry = entries.find(|e| e.number == self.number)?;
        if entry.map.is_wanted() || entry.kernel_map.is_wanted() || entry.access.is_wanted() {
            return None;
        }
        Some(core::mem::take(&mut entry.has_news))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut state = self.import.requests.state.lock();
        let mut numbers = state.entries.iter().map(|e| e.number);
        let entry = numbers.position(|number| number == self.number);
        let entry = entry.and_then(|index| state.entries.remove(index).ok());
        // Not to be dropped with the lock held: what is given back takes it.
        drop(state);
        drop(entry);
    }
}
