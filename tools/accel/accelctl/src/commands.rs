// SPDX-License-Identifier: GPL-2.0

//! The commands.

use std::path::{Path, PathBuf};

use accel::uapi::{
    InfoClient, InfoClock, InfoDevice, InfoDriver, InfoEngine, InfoFirmware, InfoIoctl, InfoMemory,
    InfoSensor, InfoStatus, InfoTopic, InfoUsage, Topic,
};
use accel::{edu, minimal, sim, Device, Entry, Namespace, Record};
use rustix::time::{clock_gettime, ClockId};

use crate::arguments::DeviceArgument;
use crate::clients::{Client, Clients, DeviceClients};
use crate::info::{DeviceInfo, Info};
use crate::list::List;
use crate::output::Outcome;
use crate::problem::{without_node, Problem, IS_IT_LOADED};
use crate::results::{Add, AddVectors, Factorial, Liveness, Matmul};
use crate::select;
use crate::users::Users;
use crate::workload;

/// `accelctl list`
pub fn list(namespace: &Namespace) -> Outcome<List> {
    info(namespace, None).map(|info| List {
        devices: info.devices.into_iter().map(Into::into).collect(),
    })
}

/// `accelctl info`
pub fn info(namespace: &Namespace, device: Option<&DeviceArgument>) -> Outcome<Info> {
    let users = Users::of_this_system();
    let asked = each(namespace, device, |node| {
        let mut info = DeviceInfo::new(node);
        let result = fill(&mut info, node, &users);
        (info, result.err())
    });
    asked.map(|devices| Info { devices })
}

/// `accelctl clients`
pub fn clients(namespace: &Namespace, device: Option<&DeviceArgument>) -> Outcome<Clients> {
    let users = Users::of_this_system();
    let asked = each(namespace, device, |node| {
        let clients = Device::open_observer(node).and_then(|device| ask_clients(&device, &users));
        let (clients, error) = match clients {
            Ok(clients) => (Some(clients), None),
            Err(error) => (None, Some(error)),
        };
        (DeviceClients::new(node, clients), error)
    });
    let now_ns = monotonic_ns();
    asked.map(|devices| Clients { devices, now_ns })
}

/// Asks the named device, or all. What is returned with an error is what was
/// learned in spite of it.
fn each<T>(
    namespace: &Namespace,
    device: Option<&DeviceArgument>,
    ask: impl Fn(&Path) -> (T, Option<accel::Error>),
) -> Outcome<Vec<T>> {
    let mut problems = Vec::new();
    let mut notice = None;
    let nodes = match device {
        Some(device) => vec![device.node(namespace)],
        None => match namespace.devices() {
            Ok(entries) => {
                notice = notice_of(&entries);
                with_nodes(entries)
            }
            Err(error) => {
                problems.push(error.into());
                Vec::new()
            }
        },
    };
    let (devices, errors): (_, Vec<_>) = nodes.iter().map(|node| ask(node)).unzip();
    problems.extend(errors.into_iter().flatten().map(Problem::from));
    Outcome {
        report: devices,
        notice,
        problems,
    }
}

/// What there is to say of the devices as a whole: that there are none, or that some cannot be
/// asked here, which is no error.
fn notice_of(entries: &[Entry]) -> Option<String> {
    if entries.is_empty() {
        return Some(format!("there is no accelerator device: {IS_IT_LOADED}"));
    }
    without_node(entries)
}

fn with_nodes(entries: Vec<Entry>) -> Vec<PathBuf> {
    let there = entries.into_iter().filter(|entry| entry.has_node);
    there.map(|entry| entry.node).collect()
}

/// Fills in what the device answers, up to the first error.
fn fill(info: &mut DeviceInfo, node: &Path, users: &Users) -> Result<(), accel::Error> {
    let device = Device::open_observer(node)?;
    let topics: Vec<InfoTopic> = device.info()?;
    info.topics = Some(topics.iter().copied().map(Into::into).collect());
    for topic in topics {
        match topic.topic {
            Topic::DEVICE => info.device = Some(device.info_one::<InfoDevice>()?.into()),
            Topic::DRIVER => info.driver = Some(device.info_one::<InfoDriver>()?.into()),
            Topic::FIRMWARE => info.firmware = Some(ask::<InfoFirmware, _>(&device)?),
            Topic::ENGINES => info.engines = Some(ask::<InfoEngine, _>(&device)?),
            Topic::MEMORY => info.memory = Some(ask::<InfoMemory, _>(&device)?),
            Topic::CLOCKS => info.clocks = Some(ask::<InfoClock, _>(&device)?),
            Topic::USAGE => info.usage = Some(device.info_one::<InfoUsage>()?.into()),
            Topic::STATUS => info.status = Some(device.info_one::<InfoStatus>()?.into()),
            Topic::SENSORS => info.sensors = Some(ask::<InfoSensor, _>(&device)?),
            Topic::CLIENTS => info.clients = Some(ask_clients(&device, users)?),
            Topic::UAPI => info.ioctls = Some(ask::<InfoIoctl, _>(&device)?),
            // That there is one shows in the list.
            _ => {}
        }
    }
    Ok(())
}

/// Asks for all records of a topic, as what is shown of them.
fn ask<R: Record, T: From<R>>(device: &Device) -> Result<Vec<T>, accel::Error> {
    Ok(device.info::<R>()?.into_iter().map(Into::into).collect())
}

fn ask_clients(device: &Device, users: &Users) -> Result<Vec<Client>, accel::Error> {
    let records = device.info::<InfoClient>()?;
    let client = |record| Client::new(record, users);
    Ok(records.iter().map(client).collect())
}

/// The time on the clock that the kernel's records refer to.
fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    // It is not negative, and takes 584 years to overflow.
    (now.tv_sec * 1_000_000_000 + now.tv_nsec) as u64
}

/// `accelctl edu factorial`
pub fn factorial(
    namespace: &Namespace,
    device: Option<&DeviceArgument>,
    n: u32,
    timeout_ms: Option<u32>,
) -> Outcome<Factorial> {
    let used = with_device(namespace, edu::DRIVER, device, |device| {
        // Zero is the driver's default.
        edu::factorial(device, n, timeout_ms.unwrap_or(0))
    });
    used.outcome(|device, factorial| Factorial {
        device,
        n,
        factorial,
    })
}

/// `accelctl edu liveness`
pub fn liveness(
    namespace: &Namespace,
    device: Option<&DeviceArgument>,
    value: u32,
) -> Outcome<Liveness> {
    let mut used = with_device(namespace, edu::DRIVER, device, |device| {
        edu::liveness(device, value)
    });
    let wrong = used.result.filter(|&reply| reply != !value);
    if let (Some(reply), Some(node)) = (wrong, &used.device) {
        used.problems.push(Problem::WrongReply {
            node: node.into(),
            value,
            reply,
        });
    }
    used.outcome(|device, reply| Liveness {
        device,
        value,
        reply,
    })
}

/// `accelctl minimal add`
pub fn add(namespace: &Namespace, device: Option<&DeviceArgument>, a: u32, b: u32) -> Outcome<Add> {
    let used = with_device(namespace, minimal::DRIVER, device, |device| {
        minimal::add(device, a, b)
    });
    used.outcome(|device, sum| Add { device, a, b, sum })
}

/// `accelctl sim add`
pub fn add_vectors(
    namespace: &Namespace,
    device: Option<&DeviceArgument>,
    n: u32,
) -> Outcome<AddVectors> {
    let mut used = with_device(namespace, sim::DRIVER, device, |device| {
        let [a, b] = workload::vectors(n);
        let sums = sim::add(device, &a, &b)?;
        Ok(workload::differences(&sums, &workload::add(&a, &b)))
    });
    used.check_results(n);
    used.outcome(|device, wrong| AddVectors { device, n, wrong })
}

/// `accelctl sim matmul`
pub fn matmul(
    namespace: &Namespace,
    device: Option<&DeviceArgument>,
    size: [u32; 3],
) -> Outcome<Matmul> {
    let [m, k, n] = size;
    let mut used = with_device(namespace, sim::DRIVER, device, |device| {
        let [a, b] = workload::matrices(size);
        let product = sim::matmul(device, size, &a, &b)?;
        let expected = workload::matmul(size, &a, &b);
        Ok(workload::differences(&product, &expected))
    });
    used.check_results(m * n);
    used.outcome(|device, wrong| Matmul {
        device,
        m,
        k,
        n,
        wrong,
    })
}

/// What came of using a device.
struct Used {
    /// Path of its node, if one was found.
    device: Option<String>,
    /// What it computed.
    result: Option<u32>,
    /// Why it did not.
    problems: Vec<Problem>,
}

impl Used {
    /// Takes note of a problem if some of so many results are wrong; the result
    /// is how many.
    fn check_results(&mut self, results: u32) {
        let wrong = self.result.filter(|&wrong| wrong > 0);
        if let (Some(wrong), Some(node)) = (wrong, &self.device) {
            self.problems.push(Problem::WrongResults {
                node: node.into(),
                results,
                wrong,
            });
        }
    }

    fn outcome<R>(self, report: impl FnOnce(Option<String>, Option<u32>) -> R) -> Outcome<R> {
        Outcome {
            report: report(self.device, self.result),
            notice: None,
            problems: self.problems,
        }
    }
}

/// Does something with a device of the driver.
fn with_device(
    namespace: &Namespace,
    driver: &'static str,
    argument: Option<&DeviceArgument>,
    compute: impl FnOnce(&Device) -> Result<u32, accel::Error>,
) -> Used {
    let device = match select::open_user(namespace, driver, argument) {
        Ok(device) => device,
        Err(problems) => {
            return Used {
                device: None,
                result: None,
                problems,
            }
        }
    };
    let (result, problems) = match compute(&device) {
        Ok(result) => (Some(result), Vec::new()),
        Err(error) => (None, vec![error.into()]),
    };
    Used {
        device: Some(device.node().display().to_string()),
        result,
        problems,
    }
}
