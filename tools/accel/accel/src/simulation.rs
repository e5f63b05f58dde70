// SPDX-License-Identifier: GPL-2.0

//! A kernel for tests: one topic, and one answer to any other ioctl.

use std::fs::File;
use std::sync::Mutex;

use rustix::io::Errno;

use crate::ioctl::{Command, Mapping, Port};
use crate::uapi::{Info, Topic};

/// What a simulated command does with its number and argument.
type Handler = Box<dyn Fn(u8, &mut [u8]) -> Result<(), Errno> + Send + Sync>;

/// The kernel's side of `include/uapi/accel/accel.h`, with faults to choose.
pub(crate) struct Simulation {
    topic: Topic,
    state: Mutex<State>,
    handler: Handler,
    /// The length is counted in records of the kernel's size.
    pub(crate) length_in_kernel_records: bool,
    /// Given as the length whatever there is.
    pub(crate) length: Option<u64>,
    /// Given as the count whatever was written.
    pub(crate) count: Option<u32>,
    /// What can be mapped.
    pub(crate) memory: Option<File>,
    /// So many records are left after the first question.
    pub(crate) shrink_to: Option<usize>,
}

struct State {
    records: Vec<Vec<u8>>,
    appearing: usize,
    calls: usize,
}

impl Simulation {
    /// A kernel that knows one topic with these records, all of the same size.
    pub(crate) fn new(topic: Topic, records: Vec<Vec<u8>>) -> Self {
        Self {
            topic,
            state: Mutex::new(State {
                records,
                appearing: 0,
                calls: 0,
            }),
            handler: Box::new(|_, _| Err(Errno::NOTTY)),
            length_in_kernel_records: false,
            length: None,
            count: None,
            memory: None,
            shrink_to: None,
        }
    }

    /// A kernel that knows one command.
    pub(crate) fn command(
        handler: impl Fn(u8, &mut [u8]) -> Result<(), Errno> + Send + Sync + 'static,
    ) -> Self {
        Self {
            handler: Box::new(handler),
            ..Self::new(Topic::LIST, vec![])
        }
    }

    /// Lets one record appear with each of the next `times` questions.
    pub(crate) fn grow(&self, times: usize) {
        self.state.lock().unwrap().appearing = times;
    }

    /// How often the kernel was asked.
    pub(crate) fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }
}

impl State {
    /// Changes the records after an answer.
    fn advance(&mut self, shrink_to: Option<usize>) {
        self.calls += 1;
        if self.appearing > 0 {
            self.appearing -= 1;
            let record = self.records[0].clone();
            self.records.push(record);
        }
        if let Some(count) = shrink_to {
            self.records.truncate(count);
        }
    }
}

impl Port for Simulation {
    fn info(&self, request: &mut Info, bytes: &mut [u8]) -> Result<(), Errno> {
        if request.topic != self.topic || request.flags != 0 || request.count != 0 {
            return Err(Errno::INVAL);
        }
        let mut state = self.state.lock().unwrap();
        let own = state.records.first().map_or(4, Vec::len);
        let stride = match request.record_size as usize {
            0 => own,
            size => size,
        };
        let wanted = state.records.get(request.index as usize..);
        let wanted = wanted.unwrap_or_default();
        let mut count = 0;
        for (to, from) in bytes.chunks_exact_mut(stride).zip(wanted) {
            let len = stride.min(from.len());
            to[..len].copy_from_slice(&from[..len]);
            to[len..].fill(0);
            count += 1;
        }
        let unit = match self.length_in_kernel_records {
            true => own,
            false => stride,
        };
        let length = (wanted.len() * unit) as u64;
        request.data_len = self.length.unwrap_or(length);
        request.record_size = own as u32;
        request.count = self.count.unwrap_or(count);
        state.advance(self.shrink_to);
        Ok(())
    }

    fn call(&self, command: Command<'_>) -> Result<(), Errno> {
        let (nr, argument) = command.into_parts();
        (self.handler)(nr, argument)
    }

    fn read(&self, bytes: &mut [u8]) -> Result<usize, Errno> {
        let state = self.state.lock().unwrap();
        let events = state.records.concat();
        bytes[..events.len()].copy_from_slice(&events);
        Ok(events.len())
    }

    fn map(&self, offset: u64, len: usize) -> Result<Mapping, Errno> {
        Mapping::new(self.memory.as_ref().ok_or(Errno::OPNOTSUPP)?, offset, len)
    }
}
