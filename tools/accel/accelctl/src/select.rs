// SPDX-License-Identifier: GPL-2.0

//! Which device a driver's command uses.

use std::path::{Path, PathBuf};

use accel::uapi::InfoDriver;
use accel::{Device, Errno, Namespace};

use crate::arguments::DeviceArgument;
use crate::holders;
use crate::problem::{without_node, Problem};

/// Opens the named device, or the only one of the driver, in the user role.
pub fn open_user(
    namespace: &Namespace,
    driver: &'static str,
    argument: Option<&DeviceArgument>,
) -> Result<Device, Vec<Problem>> {
    let node = match argument {
        Some(argument) => named(argument.node(namespace), driver)?,
        None => only(find(namespace, driver)?, driver)?,
    };
    let device = Device::open_user(&node).map_err(|error| vec![refused(error, &node)])?;
    // The numbers of commands mean something else to another driver, and the
    // node may have become another device's in the meantime.
    check(&device, driver).map_err(|problem| vec![problem])?;
    Ok(device)
}

/// Adds who is in the way, if somebody is, and has not left meanwhile.
fn refused(error: accel::Error, node: &Path) -> Problem {
    let busy = error.errno() == Some(Errno::BUSY);
    match busy.then(|| holders::ask(node)) {
        Some(Ok(Some(holders))) => Problem::Busy {
            refused: error,
            holders,
        },
        _ => error.into(),
    }
}

/// Looks at the driver before write permission is asked for, so that the
/// message about a wrong device comes first.
fn named(node: PathBuf, driver: &'static str) -> Result<PathBuf, Vec<Problem>> {
    let device = Device::open_observer(&node).map_err(Problem::from);
    device
        .and_then(|device| check(&device, driver))
        .map_err(|problem| vec![problem])?;
    Ok(node)
}

fn check(device: &Device, wanted: &'static str) -> Result<(), Problem> {
    let name = device.info_one::<InfoDriver>()?.name;
    if name == *wanted {
        return Ok(());
    }
    Err(Problem::WrongDriver {
        node: device.node().to_owned(),
        found: name.to_string(),
        wanted,
    })
}

/// The devices that were looked at.
struct Found {
    /// Those of the driver.
    nodes: Vec<PathBuf>,
    /// Why some could not be looked at.
    problems: Vec<Problem>,
    /// Which have no node.
    without_node: Option<String>,
}

fn find(namespace: &Namespace, driver: &str) -> Result<Found, Vec<Problem>> {
    let entries = namespace.devices().map_err(|error| vec![error.into()])?;
    let mut found = Found {
        nodes: Vec::new(),
        problems: Vec::new(),
        without_node: without_node(&entries),
    };
    for entry in entries.into_iter().filter(|entry| entry.has_node) {
        match is_driven_by(&entry.node, driver) {
            Ok(true) => found.nodes.push(entry.node),
            Ok(false) => {}
            Err(error) => found.problems.push(error.into()),
        }
    }
    Ok(found)
}

fn is_driven_by(node: &Path, driver: &str) -> Result<bool, accel::Error> {
    let record = Device::open_observer(node)?.info_one::<InfoDriver>()?;
    Ok(record.name == *driver)
}

/// Takes the only device. What could not be looked at matters only if there is
/// none.
fn only(found: Found, driver: &'static str) -> Result<PathBuf, Vec<Problem>> {
    let Found {
        mut nodes,
        mut problems,
        without_node,
    } = found;
    match (nodes.pop(), nodes.is_empty()) {
        (Some(node), true) => Ok(node),
        (Some(node), false) => {
            nodes.push(node);
            Err(vec![Problem::SeveralDevices { driver, nodes }])
        }
        (None, _) => {
            problems.push(match without_node {
                None => Problem::NoDevice(driver),
                Some(without_node) => Problem::NoNode {
                    driver,
                    without_node,
                },
            });
            Err(problems)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(nodes: &[&str], problems: Vec<Problem>) -> Result<PathBuf, Vec<String>> {
        let nodes = nodes.iter().map(PathBuf::from).collect();
        let texts = |problems: Vec<Problem>| problems.iter().map(Problem::to_string).collect();
        let found = Found {
            nodes,
            problems,
            without_node: None,
        };
        only(found, "accel_edu").map_err(texts)
    }

    #[test]
    fn the_only_device_is_taken() {
        assert_eq!(select(&["a"], vec![]), Ok("a".into()));
        let problem = Problem::NoDevice("another");
        assert_eq!(select(&["a"], vec![problem]), Ok("a".into()));
    }

    #[test]
    fn several_devices_are_named() {
        let problems = select(&["a", "b"], vec![]).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].ends_with("--device: a, b"), "{problems:?}");
    }

    #[test]
    fn what_cannot_be_asked_may_be_the_device() {
        let found = Found {
            nodes: vec![],
            problems: vec![],
            without_node: Some("accel3 is elsewhere".to_owned()),
        };
        let problems = only(found, "accel_edu").unwrap_err();
        let text = problems[0].to_string();
        assert!(text.ends_with("accel3 is elsewhere"), "{text}");
        assert!(!text.contains("loaded"), "{text}");
    }

    #[test]
    fn if_there_is_none_all_problems_are_told() {
        let problems = select(&[], vec![Problem::NoDevice("another")]).unwrap_err();
        assert!(problems[0].contains("another"), "{problems:?}");
        assert!(problems[1].contains("accel_edu"), "{problems:?}");
    }
}
