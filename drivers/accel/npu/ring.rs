// SPDX-License-Identifier: GPL-2.0

//! The rings of a context as the driver fills and empties them: commands on their way to the
//! device, in order, and the jobs that they belong to.

use accel::prelude::*;
use core::ops::Range;
use kernel::{
    device,
    dma::{
        Coherent,
        DmaAddress, //
    },
    io::{
        io_project,
        io_read,
        Io, //
    },
    sync::barrier::{
        dma_mb,
        Read, //
    },
};

use crate::{
    job::{
        Failure,
        Job, //
    },
    uapi::{
        Command,
        ACCEL_NPU_MAX_JOBS,
        ACCEL_NPU_NOTIFY, //
    }, //
};

/// The rings have `1 << ORDER` entries.
pub(crate) const ORDER: u32 = 8;
const ENTRIES: u32 = 1 << ORDER;

/// A command whose completion raises no interrupt.
const SILENT: u16 = 0x2;

/// What the device says that cannot be.
pub(crate) enum Oddity {
    /// A record came twice.
    Twice,
    /// A record is none of a command that the device has.
    Wrong,
}

/// The memory of the rings.
struct Rings {
    /// As the words that commands consist of.
    commands: Coherent<[[u64; 8]]>,
    /// Two words each.
    records: Coherent<[u64]>,
}

/// The rings, and what is in them.
pub(crate) struct Ring {
    rings: Rings,
    /// Job number n is in place n, modulo their number; there is room for all of them.
    jobs: KVec<Option<Job>>,
    /// The first job that is not done, the first that the device does not have, and the next.
    done: u64,
    given: u64,
    next: u64,
    /// Sequence numbers of the command whose record comes next, and of the next new one.
    expected: u32,
    sequence: u32,
    /// Where the next record will be, and its phase.
    record: u32,
    phase: bool,
}

impl Ring {
    pub(crate) fn new(dev: &device::Device<device::Bound>) -> Result<Self> {
        let entries = ENTRIES as usize;
        let mut jobs = KVec::with_capacity(ACCEL_NPU_MAX_JOBS, GFP_KERNEL)?;
        for _ in 0..ACCEL_NPU_MAX_JOBS {
            jobs.push(None, GFP_KERNEL)?;
        }
        Ok(Self {
            rings: Rings {
                commands: Coherent::zeroed_slice(dev, entries, GFP_KERNEL)?,
                records: Coherent::zeroed_slice(dev, 2 * entries, GFP_KERNEL)?,
            },
            jobs,
            done: 1,
            given: 1,
            next: 1,
            expected: 0,
            sequence: 0,
            record: 0,
            phase: true,
        })
    }

    /// Returns where the device finds commands and records.
    pub(crate) fn addresses(&self) -> (DmaAddress, DmaAddress) {
        let Rings { commands, records } = &self.rings;
        (commands.dma_address(), records.dma_address())
    }

    /// Makes the rings those of a context that was just reset. Jobs were all finished.
    pub(crate) fn restart(&mut self) {
        (self.expected, self.sequence, self.record, self.phase) = (0, 0, 0, true);
        for at in 0..2 * ENTRIES as usize {
            self.rings.put_record_word(at, 0);
        }
    }

    /// Counts jobs from 1 again. All were taken out.
    pub(crate) fn renumber(&mut self) {
        (self.done, self.given, self.next) = (1, 1, 1);
    }

    /// Takes out a job. All were finished.
    pub(crate) fn take(&mut self) -> Option<Job> {
        self.jobs.iter_mut().find_map(Option::take)
    }

    fn place(number: u64) -> usize {
        // CAST: Less than the number of places.
        (number % ACCEL_NPU_MAX_JOBS as u64) as usize
    }

    fn job(&mut self, number: u64) -> Option<&mut Job> {
        self.jobs.get_mut(Self::place(number))?.as_mut()
    }

    /// Returns a job by its number, or `ENOENT` if there is none any more.
    pub(crate) fn find(&self, number: u64) -> Result<&Job> {
        let oldest = self.next.saturating_sub(ACCEL_NPU_MAX_JOBS as u64).max(1);
        if !(oldest..self.next).contains(&number) {
            return Err(ENOENT);
        }
        self.jobs[Self::place(number)].as_ref().ok_or(ENOENT)
    }

    /// Returns whether a job after `seen` is done.
    pub(crate) fn has_unseen(&self, seen: u64) -> bool {
        self.done > seen + 1
    }

    /// Returns `EAGAIN` if there is no room for another job of so many commands.
    pub(crate) fn check_room(&self, count: usize) -> Result {
        let used = self.sequence.wrapping_sub(self.expected) as usize;
        let jobs = self.next - self.done;
        match used + count < ENTRIES as usize && jobs < ACCEL_NPU_MAX_JOBS as u64 {
            true => Ok(()),
            false => Err(EAGAIN),
        }
    }

    /// Queues a job, for which there is room. Returns its number, and leaves what was in its place.
    pub(crate) fn push(&mut self, job: &mut Option<Job>, commands: &[Command]) -> u64 {
        if let Some(job) = job {
            (job.first, job.count) = (self.sequence, commands.len() as u32);
        }
        for (left, command) in (0..commands.len()).rev().zip(commands) {
            let silent = if left == 0 { 0 } else { SILENT };
            let command = Command {
                flags: command.flags & ACCEL_NPU_NOTIFY | silent,
                sequence: self.sequence,
                ..*command
            };
            self.rings.put(&command);
            self.sequence = self.sequence.wrapping_add(1);
        }
        let number = self.next;
        self.next += 1;
        core::mem::swap(&mut self.jobs[Self::place(number)], job);
        number
    }

    /// Gives the device the jobs that wait for nothing any more. Returns the new tail of the ring,
    /// if there are any.
    pub(crate) fn give(&mut self) -> Option<u32> {
        let mut tail = None;
        while self.given < self.next {
            let is_first = self.given == self.done;
            let job = self.jobs[Self::place(self.given)].as_mut()?;
            let Some(status) = job.may_begin() else {
                break;
            };
            let (first, end) = (job.first, job.first.wrapping_add(job.count));
            if is_first {
                job.begin();
            }
            if let Err(e) = status {
                job.finish(Err(e));
                self.rings.blank(first..end);
            }
            self.given += 1;
            tail = Some(end % ENTRIES);
        }
        tail
    }

    /// Takes the next record, if the device has written one.
    pub(crate) fn collect(&mut self) -> Option<Result<(), Oddity>> {
        let (address, last) = self.rings.record(self.record, self.phase)?;
        self.record += 1;
        if self.record == ENTRIES {
            (self.record, self.phase) = (0, !self.phase);
        }
        // CAST: The sequence number is the lower half, the status what is above that.
        let (sequence, status) = (last as u32, (last >> 32) as u16);
        if sequence != self.expected || self.done == self.given {
            let is_twice = sequence == self.expected.wrapping_sub(1);
            return Some(Err(match is_twice {
                true => Oddity::Twice,
                false => Oddity::Wrong,
            }));
        }
        self.expected = self.expected.wrapping_add(1);
        self.count(sequence, status, address);
        Some(Ok(()))
    }

    /// Counts a command as done, and its job, if it was the last one.
    fn count(&mut self, sequence: u32, status: u16, address: u64) {
        let Some(job) = self.job(self.done) else {
            return;
        };
        let command = sequence.wrapping_sub(job.first);
        if status != 0 && job.failure.is_none() {
            job.failure = Some(Failure {
                status: status.into(),
                address,
                command,
            });
        }
        if command + 1 == job.count {
            job.finish(Ok(()));
            self.done += 1;
            self.begin_first();
        }
    }

    fn begin_first(&mut self) {
        if self.done < self.given {
            if let Some(job) = self.job(self.done) {
                job.begin();
            }
        }
    }

    /// Returns how many milliseconds the first job has left, if the device has one.
    pub(crate) fn left_ms(&mut self) -> Option<u32> {
        if self.done == self.given {
            return None;
        }
        self.job(self.done)?.left_ms()
    }

    /// Finishes all jobs: the first with an error of its own, if it was begun.
    pub(crate) fn fail(&mut self, first: Error) {
        let mut error = match self.done < self.given {
            true => first,
            false => ECANCELED,
        };
        while self.done < self.next {
            if let Some(job) = self.job(self.done) {
                job.finish(Err(error));
            }
            error = ECANCELED;
            self.done += 1;
        }
        self.given = self.next;
    }
}

impl Rings {
    fn put(&self, command: &Command) {
        let words: [u64; 8] = zerocopy::transmute!(*command);
        let at = (command.sequence % ENTRIES) as usize;
        io_project!(&self.commands, [panic: at]).copy_write(words);
    }

    /// Has commands do nothing.
    fn blank(&self, sequences: Range<u32>) {
        let nothing: Command = zerocopy::transmute!([0u64; 8]);
        let mut sequence = sequences.start;
        while sequence != sequences.end {
            self.put(&Command {
                sequence,
                ..nothing
            });
            sequence = sequence.wrapping_add(1);
        }
    }

    fn put_record_word(&self, at: usize, word: u64) {
        io_project!(&self.records, [panic: at]).write_val(word);
    }

    /// Returns the two words of the record in an entry, if it has that phase.
    fn record(&self, entry: u32, phase: bool) -> Option<(u64, u64)> {
        let at = 2 * entry as usize;
        let last: u64 = io_read!(&self.records, [panic: at + 1]);
        if (last >> 48 & 1 != 0) != phase {
            return None;
        }
        // It was written last.
        dma_mb(Read);
        Some((io_read!(&self.records, [panic: at]), last))
    }
}
