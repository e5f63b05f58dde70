// SPDX-License-Identifier: GPL-2.0

//! The jobs that are on their way: in order in each open file, and the files in turn.

use accel::{
    buffer::with_reserved,
    engine::FileEngine,
    fence::{
        DriverFence,
        Fence,
        FenceCallback,
        Timeline, //
    },
    prelude::*,
    Pollers, //
};
use kernel::{
    new_mutex,
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
        Mutex, //
    },
};

use crate::{
    compute::Computation,
    sim_uapi::ACCEL_SIM_MAX_JOBS,
    Sim,
    PROCESSOR, //
};

/// Has the device told when a fence is signalled.
pub(crate) type Input = Pin<KBox<FenceCallback>>;

/// What a job waits for.
struct Inputs {
    /// What its submitter has asked for. If that fails, the job does.
    asked: Option<Input>,
    /// What others do with its buffers.
    implicit: KVec<Input>,
}

struct Job {
    /// `None` once the job is done.
    done: Option<DriverFence>,
    // To give its memory up may lock a reservation, under which others may wait for fences.
    computation: Computation,
    inputs: Inputs,
    engine: FileEngine,
    /// Where it is kept when it is done.
    finished: Option<RBTreeNodeReservation<Id, Job>>,
    /// Who polls the file that has submitted it.
    pollers: Pollers,
}

impl Job {
    /// Returns how what the job waits for has ended, once all of it has.
    fn input_status(&self) -> Option<Result> {
        let mut implicit = self.inputs.implicit.iter();
        if implicit.any(|input| input.fence().status().is_none()) {
            return None;
        }
        let asked = self.inputs.asked.as_ref();
        asked.map_or(Some(Ok(())), |input| input.fence().status())
    }

    /// Returns whether it must not begin any more.
    fn is_lost(&self) -> bool {
        self.done.as_ref().is_none_or(DriverFence::is_lost)
    }

    /// Does what is to be done, unless what it waited for has failed. If the device is stopped
    /// meanwhile, the job is left as it is.
    fn run(&mut self, device: &Device<Sim>) {
        // Counted as work of the file that has submitted it.
        let work = self.engine.clone().begin_work();
        let goes_on = || device.is_running();
        let result = match self.input_status().unwrap_or(Ok(())) {
            Ok(()) => self.computation.run(goes_on),
            error => Some(error),
        };
        // Whoever sees it done also sees it counted.
        drop(work);
        if let Some(result) = result {
            self.finish(result);
        }
    }

    /// Says how it has ended, if that was not said before.
    fn finish(&mut self, result: Result) {
        if let Some(done) = self.done.take() {
            done.signal(result);
            self.pollers.wake();
        }
    }
}

/// Which job: of which file, and its number there.
type Id = (u64, u64);

type JobTree = RBTree<Id, Job>;

struct Waiting {
    jobs: JobTree,
    /// Those that are done, and still have their memory.
    finished: JobTree,
    /// The file that had its turn.
    turn: u64,
}

impl Waiting {
    /// Finds the first job of a file, from `file` on, that can begin.
    fn ready(&self, mut file: u64) -> Option<Id> {
        loop {
            let cursor = self.jobs.cursor_lower_bound(&(file, 0))?;
            let (&id, job) = cursor.current();
            if job.input_status().is_some() {
                return Some(id);
            }
            file = id.0 + 1;
        }
    }

    /// Takes out the job that is to be done next.
    fn take_next(&mut self) -> Option<(Id, Job)> {
        let id = self.ready(self.turn + 1).or_else(|| self.ready(0))?;
        self.turn = id.0;
        Some((id, self.jobs.remove(&id)?))
    }

    /// Takes out the last job of a file.
    fn take_last_of(&mut self, file: u64) -> Option<Job> {
        let mut cursor = self.jobs.cursor_lower_bound_mut(&(file, 0))?;
        let mut last = None;
        loop {
            let (&id, _) = cursor.current();
            if id.0 != file {
                break;
            }
            last = Some(id);
            match cursor.move_next() {
                Some(next) => cursor = next,
                None => break,
            }
        }
        self.jobs.remove(&last?)
    }
}

/// The jobs of a device.
//
// No memory is allocated or given back while a mutex is held: jobs are done under them, and others
// wait for those.
#[pin_data]
pub(crate) struct Queue {
    #[pin]
    waiting: Mutex<Waiting>,
    /// Held while a job is done.
    #[pin]
    processor: Mutex<()>,
    last_file: Atomic<u64>,
}

impl Queue {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            waiting <- new_mutex!(Waiting {
                jobs: RBTree::new(),
                finished: RBTree::new(),
                turn: 0,
            }),
            processor <- new_mutex!(()),
            last_file: Atomic::new(0),
        })
    }

    /// Does the next job, if there is one that can begin. Returns whether there was.
    pub(crate) fn run_next(&self, device: &Device<Sim>) -> bool {
        let _processor = self.processor.lock();
        // After `stop()`, no job begins.
        if !device.is_running() {
            return false;
        }
        let Some((id, mut job)) = self.waiting.lock().take_next() else {
            return false;
        };
        if !job.is_lost() {
            job.run(device);
        }
        if let Some(finished) = job.finished.take() {
            let node = finished.into_node(id, job);
            self.waiting.lock().finished.insert(node);
        }
        true
    }

    /// Waits until no job is done: the device is not running, so the one that is gives up.
    pub(crate) fn stop(&self) {
        drop(self.processor.lock());
    }

    /// Gives back the memory of jobs that are done.
    pub(crate) fn clean_up(&self) {
        let mut waiting = self.waiting.lock();
        let finished = core::mem::replace(&mut waiting.finished, RBTree::new());
        drop(waiting);
        drop(finished);
    }
}

/// The latest jobs of a file, by number; those that are not done are among them.
struct Recent {
    jobs: KVec<(u64, ARef<Fence>)>,
    /// The last that was waited for.
    seen: u64,
}

/// An open file as the queue knows it. Takes its jobs with it.
struct Submitter {
    queue: Arc<Queue>,
    file: u64,
}

impl Submitter {
    fn new(queue: Arc<Queue>) -> Self {
        let file = queue.last_file.fetch_add(1, Relaxed) + 1;
        Self { queue, file }
    }

    fn take_last(&self) -> Option<Job> {
        self.queue.waiting.lock().take_last_of(self.file)
    }
}

impl Drop for Submitter {
    fn drop(&mut self) {
        // From the last to the first, so that none is done because that before it is not.
        while let Some(job) = self.take_last() {
            drop(job);
        }
    }
}

/// The jobs of an open file.
#[pin_data]
pub(crate) struct Jobs {
    submitter: Submitter,
    timeline: Timeline,
    #[pin]
    recent: Mutex<Recent>,
}

/// A job that was submitted, and what goes with it.
pub(crate) struct Submitted<X> {
    pub(crate) job: u64,
    pub(crate) extra: X,
}

impl Jobs {
    pub(crate) fn new(device: &Device<Sim>, queue: Arc<Queue>) -> impl PinInit<Self, Error> {
        let timeline = Timeline::new(device);
        pin_init::pin_init_scope(move || {
            let jobs = KVec::with_capacity(ACCEL_SIM_MAX_JOBS, GFP_KERNEL_ACCOUNT)?;
            Ok(try_pin_init!(Self {
                submitter: Submitter::new(queue),
                timeline,
                recent <- new_mutex!(Recent { jobs, seen: 0 }),
            }))
        })
    }

    /// Queues a job, which waits for `asked`, unless `extra` fails, which is given its fence.
    /// Returns `EAGAIN` if there are too many.
    pub(crate) fn submit<X>(
        &self,
        ctx: &Context<'_, Sim>,
        computation: Computation,
        asked: Option<Input>,
        extra: impl FnOnce(&Fence) -> Result<X>,
    ) -> Result<Submitted<X>> {
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let finished = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        let mut recent = self.recent.lock();
        if recent.jobs.len() == ACCEL_SIM_MAX_JOBS && recent.jobs[0].1.status().is_none() {
            return Err(EAGAIN);
        }
        let done = self.timeline.fence()?;
        let job = done.number();
        let extra = extra(done.fence())?;
        let implicit = with_reserved(ctx, &computation.buffers(), |reserved| {
            let mut implicit = KVec::new();
            for fence in reserved.pending()? {
                let input =
                    KBox::pin_init(FenceCallback::new(ctx.device(), fence), GFP_KERNEL_ACCOUNT)?;
                implicit.push(input, GFP_KERNEL_ACCOUNT)?;
            }
            reserved.add(&done);
            Ok(implicit)
        })?;

        if recent.jobs.len() == ACCEL_SIM_MAX_JOBS {
            let _ = recent.jobs.remove(0);
        }
        // There is room.
        let _ = recent
            .jobs
            .push_within_capacity((job, done.fence().clone()));
        let Submitter { queue, file } = &self.submitter;
        let id = (*file, job);
        let queued = Job {
            computation,
            inputs: Inputs { asked, implicit },
            engine: ctx.engine(PROCESSOR),
            pollers: ctx.pollers(),
            finished: Some(finished),
            done: Some(done),
        };
        let node = node.into_node(id, queued);
        queue.waiting.lock().jobs.insert(node);
        Ok(Submitted { job, extra })
    }

    /// Returns the fence of a job, or `ENOENT`.
    pub(crate) fn find(&self, job: u64) -> Result<ARef<Fence>> {
        let recent = self.recent.lock();
        let (_, fence) = recent
            .jobs
            .iter()
            .find(|(number, _)| *number == job)
            .ok_or(ENOENT)?;
        Ok(fence.clone())
    }

    /// Takes note that a job was waited for.
    pub(crate) fn seen(&self, job: u64) {
        let mut recent = self.recent.lock();
        recent.seen = recent.seen.max(job);
    }

    /// Returns whether a job is done that was not waited for.
    pub(crate) fn has_unseen(&self) -> bool {
        let recent = self.recent.lock();
        let mut jobs = recent.jobs.iter();
        let next = jobs.find(|(number, _)| *number > recent.seen);
        next.is_some_and(|(_, fence)| fence.status().is_some())
    }
}
