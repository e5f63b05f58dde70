// SPDX-License-Identifier: GPL-2.0

//! The program as a user or a script meets it, on a system without devices.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{json, Value};

/// A root folder of its own for each test, gone with the value.
struct Root(PathBuf);

impl Root {
    fn new(name: &str) -> Self {
        let name = format!("{name}-{}", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(path.join("dev/accelerator")).unwrap();
        Self(path)
    }

    /// Adds a node that is a plain file, which takes no ioctl.
    fn add_file(&self, name: &str) -> String {
        let path = self.0.join("dev/accelerator").join(name);
        File::create(&path).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Adds a device that has no node.
    fn add_to_class(&self, name: &str) {
        fs::create_dir_all(self.0.join("sys/class/accelerator").join(name)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accelctl"));
        command.arg("--sysroot").arg(&self.0).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::new(self.command(arguments).output().unwrap())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// What a run of the program left.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn new(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Standard output, which must be one JSON document.
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The commands that need a device, and what they ask for in JSON.
fn commands() -> [(&'static [&'static str], Value); 5] {
    [
        (
            &["edu", "factorial", "5"],
            json!({ "schema": 1, "device": null, "n": 5, "factorial": null }),
        ),
        (
            &["edu", "liveness", "0x10"],
            json!({ "schema": 1, "device": null, "value": 16, "reply": null }),
        ),
        (
            &["minimal", "add", "2", "3"],
            json!({ "schema": 1, "device": null, "a": 2, "b": 3, "sum": null }),
        ),
        (
            &["sim", "add", "100"],
            json!({ "schema": 1, "device": null, "n": 100, "wrong": null }),
        ),
        (
            &["sim", "matmul", "2", "3", "4"],
            json!({ "schema": 1, "device": null, "m": 2, "k": 3, "n": 4, "wrong": null }),
        ),
    ]
}

#[test]
fn list_without_devices_is_an_empty_table() {
    let run = Root::new("list-text").run(&["list"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(run.stdout.starts_with("NODE "), "{run:?}");
    assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
    assert!(
        run.stderr.starts_with("accelctl: there is no accelerator"),
        "{run:?}"
    );
}

#[test]
fn list_without_devices_is_an_empty_list() {
    for command in ["list", "info", "clients"] {
        let run = Root::new("list-json").run(&[command, "--json"]);
        assert_eq!(run.status, Some(0), "{run:?}");
        assert_eq!(run.json(), json!({ "schema": 1, "devices": [] }));
        assert!(run.stderr.contains("dmesg"), "{run:?}");
    }
}

#[test]
fn commands_without_devices_fail() {
    let root = Root::new("no-devices");
    for (command, document) in commands() {
        let run = root.run(command);
        assert_eq!(run.status, Some(1), "{run:?}");
        assert_eq!(run.stdout, "", "{run:?}");
        assert!(
            run.stderr.contains("no device is driven by accel_"),
            "{run:?}"
        );
        assert!(run.stderr.contains("lsmod"), "{run:?}");

        let run = root.run(&[command, &["--json"]].concat());
        assert_eq!(run.status, Some(1), "{run:?}");
        assert_eq!(run.json(), document);
    }
}

#[test]
fn commands_with_a_missing_node_fail() {
    let root = Root::new("no-node");
    let info: &[&str] = &["info", "accel3"];
    let clients: &[&str] = &["clients", "3"];
    let edu: &[&str] = &["edu", "factorial", "5", "--device", "3"];
    for command in [info, clients, edu] {
        let run = root.run(command);
        assert_eq!(run.status, Some(1), "{run:?}");
        let node = root.0.join("dev/accelerator/accel3");
        let start = format!("accelctl: {}: opening as observer: ", node.display());
        assert!(run.stderr.starts_with(&start), "{run:?}");
        assert!(
            run.stderr.contains("(ENOENT): is the driver loaded?"),
            "{run:?}"
        );
    }
}

#[test]
fn what_is_not_an_accelerator_is_named() {
    let root = Root::new("enotty");
    let node = root.add_file("accel0");
    let error = "no such command for this device (ENOTTY): this is not an accelerator device\n";

    let run = root.run(&["info", &node, "--json"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert_eq!(
        run.stderr,
        format!("accelctl: {node}: information topic LIST: {error}")
    );
    let device = &run.json()["devices"][0];
    assert_eq!(device["node"], node.as_str());
    assert_eq!(device["driver"], Value::Null);

    let run = root.run(&["clients", &node, "--json"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert_eq!(
        run.stderr,
        format!("accelctl: {node}: information topic CLIENTS: {error}")
    );
    let device = json!({ "node": node, "clients": null });
    assert_eq!(run.json(), json!({ "schema": 1, "devices": [device] }));

    let run = root.run(&["edu", "factorial", "5", "--device", "accel0"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert_eq!(
        run.stderr,
        format!("accelctl: {node}: information topic DRIVER: {error}")
    );
    assert_eq!(run.stdout, "", "{run:?}");
}

#[test]
fn why_no_device_is_chosen_is_told_for_each() {
    let root = Root::new("choice");
    let node = root.add_file("accel0");
    let run = root.run(&["minimal", "add", "1", "2"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    let lines: Vec<_> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{run:?}");
    assert!(
        lines[0].starts_with(&format!("accelctl: {node}: ")),
        "{run:?}"
    );
    assert!(
        lines[1].contains("no device is driven by accel_minimal"),
        "{run:?}"
    );
}

#[test]
fn a_bad_device_does_not_hide_the_others() {
    let root = Root::new("rows");
    let node = root.add_file("accel2");
    root.add_file("accel10");
    let run = root.run(&["list", "--json"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    let document = run.json();
    let devices = document["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 2, "{run:?}");
    assert_eq!(devices[0]["node"], node.as_str());
    assert_eq!(devices[1]["state"], Value::Null);
    let errors: Vec<_> = run.stderr.lines().collect();
    assert_eq!(errors.len(), 2, "{run:?}");
    assert!(errors[0].contains("accel2: "), "{run:?}");
    assert!(errors[1].contains("accel10: "), "{run:?}");
    assert!(errors.iter().all(|it| it.contains("(ENOTTY)")), "{run:?}");

    for command in ["list", "clients"] {
        let run = root.run(&[command]);
        assert_eq!(run.stdout.lines().count(), 3, "{run:?}");
    }
}

/// In a container, /sys shows all devices, and /dev those that the container was given.
#[test]
fn a_device_without_a_node_is_no_error() {
    let root = Root::new("container");
    for name in ["accel1", "accel4"] {
        root.add_to_class(name);
    }
    for command in ["list", "info", "clients"] {
        let run = root.run(&[command, "--json"]);
        assert_eq!(run.status, Some(0), "{run:?}");
        assert_eq!(run.json(), json!({ "schema": 1, "devices": [] }));
        assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
        assert!(run.stderr.contains("accel1, accel4"), "{run:?}");
        assert!(run.stderr.contains("container"), "{run:?}");
        assert!(!run.stderr.contains("loaded"), "{run:?}");
    }
    let run = root.run(&["edu", "factorial", "5"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.stderr.contains("accel1, accel4"), "{run:?}");
    assert!(!run.stderr.contains("loaded"), "{run:?}");

    // One that has a node is shown as ever.
    let node = root.add_file("accel4");
    let run = root.run(&["list", "--json"]);
    let document = run.json();
    assert_eq!(document["devices"].as_array().unwrap().len(), 1, "{run:?}");
    assert_eq!(document["devices"][0]["node"], node.as_str());
    assert!(run.stderr.contains("not shown: accel1;"), "{run:?}");
}

#[test]
fn a_wrong_command_line_is_status_2() {
    let root = Root::new("usage");
    let commands: [&[&str]; 8] = [
        &[],
        &["lst"],
        &["info", "card0"],
        &["clients", "card0"],
        &["edu", "factorial"],
        &["edu", "factorial", "-1"],
        &["edu", "factorial", "5", "--timeout", "0"],
        &["minimal", "add", "1", "0x100000000"],
    ];
    for command in commands {
        let run = root.run(command);
        assert_eq!(run.status, Some(2), "{run:?}");
        assert_eq!(run.stdout, "", "{run:?}");
        assert!(run.stderr.contains("--help"), "{run:?}");
    }
}

#[test]
fn help_names_the_commands_and_no_hidden_option() {
    let run = Root::new("help").run(&["--help"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    for command in ["list", "info", "clients", "edu", "minimal", "--json"] {
        assert!(run.stdout.contains(command), "{run:?}");
    }
    assert!(!run.stdout.contains("sysroot"), "{run:?}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let root = Root::new("pipe");
    for command in [["list"].as_slice(), &["list", "--json"]] {
        let (reader, writer) = UnixStream::pair().unwrap();
        drop(reader);
        let mut command = root.command(command);
        let output = command
            .stdout(OwnedFd::from(writer))
            .stderr(Stdio::piped())
            .output();
        let run = Run::new(output.unwrap());
        assert_eq!(run.status, Some(0), "{run:?}");
        assert!(!run.stderr.contains("panicked"), "{run:?}");
        assert!(!run.stderr.contains("pipe"), "{run:?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = Root::new("full").command(&["list"]);
    let run = Run::new(command.stdout(full).output().unwrap());
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(
        run.stderr.contains("accelctl: standard output: "),
        "{run:?}"
    );
}
