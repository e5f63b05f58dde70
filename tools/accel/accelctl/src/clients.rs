// SPDX-License-Identifier: GPL-2.0

//! What `accelctl clients` shows.

use std::path::Path;

use accel::uapi::InfoClient;
use serde::Serialize;

use crate::output::Report;
use crate::table::{cell, table};
use crate::units::known;
use crate::users::Users;

/// Who has some devices open.
#[derive(Debug, Serialize)]
pub struct Clients {
    /// By minor number.
    pub devices: Vec<DeviceClients>,
    /// `CLOCK_MONOTONIC` time at which they were asked, in nanoseconds.
    #[serde(skip)]
    pub now_ns: u64,
}

/// Who has a device open.
#[derive(Debug, Serialize)]
pub struct DeviceClients {
    node: String,
    clients: Option<Vec<Client>>,
}

impl DeviceClients {
    /// Makes a device of its node and of what it answers, if it does.
    pub fn new(node: &Path, clients: Option<Vec<Client>>) -> Self {
        Self {
            node: node.display().to_string(),
            clients,
        }
    }
}

/// An open file. What is not shown to us is [`None`].
#[derive(Debug, Serialize)]
pub struct Client {
    id: u64,
    role: String,
    uid: Option<u32>,
    user: Option<String>,
    pid: Option<u32>,
    command: Option<String>,
    /// `CLOCK_MONOTONIC` time at which it was opened, in nanoseconds.
    pub since_ns: u64,
}

impl Client {
    /// Makes one of what the kernel says and of the names that we know.
    pub fn new(record: &InfoClient, users: &Users) -> Self {
        // The largest is no user id, but stands for one that has none for us.
        let uid = Some(record.uid).filter(|&uid| uid != u32::MAX);
        let command = record.command.to_string();
        Self {
            id: record.id,
            role: known(record.role.name(), record.role.0),
            uid,
            user: uid.and_then(|uid| users.name(uid)).map(str::to_owned),
            pid: Some(record.pid).filter(|&pid| pid != 0),
            command: Some(command).filter(|command| !command.is_empty()),
            since_ns: record.since_ns,
        }
    }

    /// All but the time, for a table; the command is last, for there may be
    /// spaces in it.
    pub fn cells(&self) -> [String; 6] {
        [
            self.id.to_string(),
            self.role.clone(),
            cell(self.uid),
            cell(self.user.as_ref()),
            cell(self.pid),
            cell(self.command.as_ref()),
        ]
    }

    /// Who it is, "train (pid 412) of alice".
    pub fn describe(&self) -> String {
        let process = match (&self.command, self.pid) {
            (Some(command), Some(pid)) => format!("{command} (pid {pid})"),
            (Some(command), None) => command.clone(),
            (None, Some(pid)) => format!("pid {pid}"),
            (None, None) => "a process".to_owned(),
        };
        match (&self.user, self.uid) {
            (Some(user), _) => format!("{process} of {user}"),
            (None, Some(uid)) => format!("{process} of uid {uid}"),
            (None, None) => format!("{process} of another user namespace"),
        }
    }
}

impl Report for Clients {
    fn text(&self) -> String {
        let headings = ["NODE", "ID", "ROLE", "UID", "USER", "PID", "AGE", "COMMAND"];
        let rows = self.devices.iter().flat_map(|device| self.rows(device));
        table("", headings, rows)
    }
}

impl Clients {
    fn rows(&self, device: &DeviceClients) -> Vec<[String; 8]> {
        let node = || device.node.clone();
        let Some(clients) = &device.clients else {
            let nothing = || cell(None::<u32>);
            return vec![std::array::from_fn(|column| match column {
                0 => node(),
                _ => nothing(),
            })];
        };
        let row = |client: &Client| {
            let [id, role, uid, user, pid, command] = client.cells();
            // In a time namespace the clock may be behind that of the kernel.
            let age = cell(self.now_ns.checked_sub(client.since_ns).map(age));
            [node(), id, role, uid, user, pid, age, command]
        };
        clients.iter().map(row).collect()
    }
}

/// A span of time in its two largest units, "3h12m".
fn age(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    let [minutes, hours, days] = [60, 3600, 86400].map(|unit| seconds / unit);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m{}s", seconds % 60),
        3600..86400 => format!("{hours}h{}m", minutes % 60),
        _ => format!("{days}d{}h", hours % 24),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::output::tests::json;
    use accel::uapi::{ClientRole, Text};
    use serde_json::json as document;

    /// A client of user 1000, who is alice.
    pub fn visible() -> InfoClient {
        InfoClient {
            id: 3,
            since_ns: 2_000_000_000,
            role: ClientRole::USER,
            uid: 1000,
            pid: 412,
            command: Text::new("train it"),
            ..InfoClient::default()
        }
    }

    /// A client of which only the user is shown, whose name is not known.
    pub fn hidden() -> InfoClient {
        InfoClient {
            id: 5,
            since_ns: 70_000_000_000,
            role: ClientRole::OBSERVER,
            uid: 1001,
            ..InfoClient::default()
        }
    }

    pub fn users() -> Users {
        Users::parse("alice:x:1000:1000::/home/alice:/bin/sh\n")
    }

    fn clients() -> Clients {
        let stranger = InfoClient {
            id: 8,
            uid: u32::MAX,
            role: ClientRole(9),
            since_ns: u64::MAX,
            ..InfoClient::default()
        };
        let records = [visible(), hidden(), stranger];
        let known = records.map(|record| Client::new(&record, &users())).into();
        Clients {
            devices: vec![
                DeviceClients::new("/dev/accelerator/accel0".as_ref(), Some(known)),
                DeviceClients::new("/dev/accelerator/accel1".as_ref(), None),
            ],
            now_ns: 75_000_000_000,
        }
    }

    #[test]
    fn text() {
        assert_eq!(
            clients().text(),
            "\
NODE                     ID  ROLE        UID   USER   PID  AGE    COMMAND
/dev/accelerator/accel0  3   user        1000  alice  412  1m13s  train it
/dev/accelerator/accel0  5   observer    1001  -      -    5s     -
/dev/accelerator/accel0  8   unknown(9)  -     -      -    -      -
/dev/accelerator/accel1  -   -           -     -      -    -      -
"
        );
    }

    #[test]
    fn json_document() {
        let expected = document!({
            "schema": 1,
            "devices": [
                {
                    "node": "/dev/accelerator/accel0",
                    "clients": [
                        {
                            "id": 3,
                            "role": "user",
                            "uid": 1000,
                            "user": "alice",
                            "pid": 412,
                            "command": "train it",
                            "since_ns": 2_000_000_000,
                        },
                        {
                            "id": 5,
                            "role": "observer",
                            "uid": 1001,
                            "user": null,
                            "pid": null,
                            "command": null,
                            "since_ns": 70_000_000_000_u64,
                        },
                        {
                            "id": 8,
                            "role": "unknown(9)",
                            "uid": null,
                            "user": null,
                            "pid": null,
                            "command": null,
                            "since_ns": u64::MAX,
                        },
                    ],
                },
                { "node": "/dev/accelerator/accel1", "clients": null },
            ],
        });
        assert_eq!(json(&clients()), expected);
    }

    #[test]
    fn a_client_is_described_as_far_as_it_is_known() {
        let describe = |record: InfoClient| Client::new(&record, &users()).describe();
        assert_eq!(describe(visible()), "train it (pid 412) of alice");
        assert_eq!(describe(hidden()), "a process of uid 1001");
        let record = InfoClient {
            pid: 0,
            ..visible()
        };
        assert_eq!(describe(record), "train it of alice");
        let record = InfoClient {
            command: Text::default(),
            uid: u32::MAX,
            ..visible()
        };
        assert_eq!(describe(record), "pid 412 of another user namespace");
    }

    #[test]
    fn an_age_has_its_two_largest_units() {
        let after = |seconds: u64| age(seconds * 1_000_000_000 + 999_999_999);
        assert_eq!(after(0), "0s");
        assert_eq!(after(59), "59s");
        assert_eq!(after(60), "1m0s");
        assert_eq!(after(3599), "59m59s");
        assert_eq!(after(3600 + 60), "1h1m");
        assert_eq!(after(86399), "23h59m");
        assert_eq!(after(86400 * 400 + 3600 * 5), "400d5h");
    }
}
