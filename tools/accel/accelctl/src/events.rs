// SPDX-License-Identifier: GPL-2.0

//! `accelctl events`: what happens to a device, a line for each event.

use std::path::Path;

use accel::events::{self, Event};
use accel::uapi::{DeviceError, State};
use accel::{Device, Errno};
use serde::Serialize;

use crate::units::known;

/// What there is to say of an event.
#[derive(Debug, Serialize)]
pub struct Line {
    schema: u32,
    sequence: u64,
    time_ns: u64,
    #[serde(flatten)]
    what: What,
}

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum What {
    Lost {
        count: u64,
    },
    State {
        state: String,
        before: String,
        resets: u64,
    },
    Error {
        error: String,
        code: u64,
        errors: u64,
    },
    Driver {
        kind: u32,
        data: [u64; 3],
    },
    Unknown {
        kind: u32,
        data: [u64; 3],
    },
}

impl Line {
    fn new(event: &Event, schema: u32) -> Self {
        let kind = event.kind;
        let data = event.data;
        // What does not fit has no name either.
        let state = |number: u64| {
            let state = State(u32::try_from(number).unwrap_or(u32::MAX));
            known(state.name(), state.0)
        };
        let what = match kind {
            events::LOST => What::Lost { count: data[0] },
            events::STATE => What::State {
                state: state(data[0]),
                before: state(data[1]),
                resets: data[2],
            },
            events::ERROR => {
                let error = DeviceError(u32::try_from(data[0]).unwrap_or(u32::MAX));
                What::Error {
                    error: known(error.name(), error.0),
                    code: data[1],
                    errors: data[2],
                }
            }
            events::DRIVER_BASE.. => What::Driver { kind, data },
            _ => What::Unknown { kind, data },
        };
        Self {
            schema,
            sequence: event.sequence,
            time_ns: event.time_ns,
            what,
        }
    }

    /// The line, as text or as JSON.
    fn render(&self, json: bool) -> String {
        if json {
            // There is nothing in it that could not be JSON.
            return serde_json::to_string(self).unwrap_or_default();
        }
        let what = match &self.what {
            What::Lost { count } => format!("lost {count}"),
            What::State {
                state,
                before,
                resets,
            } => format!("state {state}, before {before}, resets {resets}"),
            What::Error {
                error,
                code,
                errors,
            } => format!("error {error}, code {code:#x}, errors {errors}"),
            What::Driver { kind, data } => format!("driver {kind:#x}, data {data:?}"),
            What::Unknown { kind, data } => format!("unknown {kind:#x}, data {data:?}"),
        };
        format!("{} {} {what}", self.time_ns, self.sequence)
    }
}

/// Passes on what happens to a device, until that is gone or `print` says that
/// nobody listens any more.
pub fn follow(
    node: &Path,
    schema: u32,
    json: bool,
    mut print: impl FnMut(&str) -> bool,
) -> Result<(), accel::Error> {
    let device = Device::open_observer(node)?;
    device.subscribe(events::CLASS_STATE | events::CLASS_ERROR | events::CLASS_DRIVER)?;
    loop {
        let events = match device.read_events() {
            Err(error) if error.errno() == Some(Errno::NODEV) => return Ok(()),
            // It was stopped, as by Ctrl-Z, and goes on.
            Err(error) if error.errno() == Some(Errno::INTR) => continue,
            events => events?,
        };
        for event in events {
            if !print(&Line::new(&event, schema).render(json)) {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: u32, data: [u64; 3]) -> [String; 2] {
        let event = Event {
            kind,
            data,
            sequence: 7,
            time_ns: 99,
            ..Event::default()
        };
        let line = Line::new(&event, 1);
        [line.render(false), line.render(true)]
    }

    #[test]
    fn lines() {
        for (kind, data, text, json) in [
            (
                events::STATE,
                [2, 1, 5],
                "99 7 state wedged, before resetting, resets 5",
                r#"{"schema":1,"sequence":7,"time_ns":99,"event":"state","state":"wedged","before":"resetting","resets":5}"#,
            ),
            (
                events::ERROR,
                [3, 16, 1],
                "99 7 error timeout, code 0x10, errors 1",
                r#"{"schema":1,"sequence":7,"time_ns":99,"event":"error","error":"timeout","code":16,"errors":1}"#,
            ),
            (
                events::LOST,
                [4, 0, 0],
                "99 7 lost 4",
                r#"{"schema":1,"sequence":7,"time_ns":99,"event":"lost","count":4}"#,
            ),
            (
                0x8001,
                [1, 2, 3],
                "99 7 driver 0x8001, data [1, 2, 3]",
                r#"{"schema":1,"sequence":7,"time_ns":99,"event":"driver","kind":32769,"data":[1,2,3]}"#,
            ),
            (
                77,
                [0, 0, 0],
                "99 7 unknown 0x4d, data [0, 0, 0]",
                r#"{"schema":1,"sequence":7,"time_ns":99,"event":"unknown","kind":77,"data":[0,0,0]}"#,
            ),
        ] {
            assert_eq!(line(kind, data), [text, json]);
        }
    }

    #[test]
    fn a_number_without_a_name() {
        let [text, _] = line(events::STATE, [9, 1 << 40, 0]);
        assert_eq!(
            text,
            "99 7 state unknown(9), before unknown(4294967295), resets 0"
        );
    }
}
