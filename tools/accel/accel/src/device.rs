// SPDX-License-Identifier: GPL-2.0

//! A device that is open.

use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::error::{advice_on_call, advice_on_info};
use crate::events::{self, Event, Subscribe};
use crate::info::Failure;
use crate::ioctl::{Command, Ioctl, Mapping, Port};
use crate::uapi::Topic;
use crate::{info, Error, Record};

/// What one may do with a node, "DOC: General ioctl format" in
/// `include/uapi/accel/accel.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ask for information, and nothing else.
    Observer,
    /// Do everything.
    User,
}

/// A device that is open, for ioctls from any number of threads.
///
/// It is closed when dropped.
pub struct Device {
    node: PathBuf,
    port: Box<dyn Port>,
}

impl Device {
    /// Opens a node in the role of an observer, for which read permission is
    /// enough.
    ///
    /// Whether the node is an accelerator shows only when it is used.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the error of open(2).
    pub fn open_observer(node: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open(node.into(), Role::Observer)
    }

    /// Opens a node in the role of a user, for which read and write permission
    /// are needed.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the error of open(2); `EBUSY` if the driver's
    /// policy does not admit another user. An observer can then ask for
    /// [`InfoClient`](crate::uapi::InfoClient) who is in the way.
    pub fn open_user(node: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open(node.into(), Role::User)
    }

    fn open(node: PathBuf, role: Role) -> Result<Self, Error> {
        let (access, request) = match role {
            Role::Observer => (OFlags::RDONLY, "opening as observer"),
            Role::User => (OFlags::RDWR, "opening as user"),
        };
        let flags = access | OFlags::CLOEXEC | OFlags::NOCTTY;
        match rustix::fs::open(&node, flags, Mode::empty()) {
            Ok(fd) => Ok(Self::new(node, Box::new(fd))),
            Err(errno) => Err(Error::Refused {
                node,
                request: request.to_owned(),
                errno,
                advice: advice_on_open(errno, role).map(str::to_owned),
            }),
        }
    }

    /// Gives a name to what answers ioctls.
    pub(crate) fn new(node: PathBuf, port: Box<dyn Port>) -> Self {
        Self { node, port }
    }

    /// The path that the device was opened by.
    pub fn node(&self) -> &Path {
        &self.node
    }

    /// Asks for all records of a topic, `ACCEL_IOC_INFO`.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with `EINVAL` if the device does not answer this
    /// topic, `ENODEV` if it is gone, `ENOTTY` if it is no accelerator;
    /// [`Error::Protocol`] if the answer makes no sense.
    pub fn info<R: Record>(&self) -> Result<Vec<R>, Error> {
        info::read(&*self.port).map_err(|failure| self.info_error(R::TOPIC, failure))
    }

    /// Asks for the record of a topic that has exactly one.
    ///
    /// # Errors
    ///
    /// As [`Device::info`]; [`Error::Protocol`] if there is not exactly one.
    pub fn info_one<R: Record>(&self) -> Result<R, Error> {
        match <[R; 1]>::try_from(self.info()?) {
            Ok([record]) => Ok(record),
            Err(_) => {
                let failure = Failure::Protocol("there is not exactly one record");
                Err(self.info_error(R::TOPIC, failure))
            }
        }
    }

    /// Does an ioctl other than `ACCEL_IOC_INFO`.
    ///
    /// The size in `argument` is set here. Results are in it afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with one of the errors in "DOC: General ioctl format"
    /// of `include/uapi/accel/accel.h`, or with one of the command's own.
    pub fn call<T: Ioctl>(&self, argument: &mut T) -> Result<(), Error> {
        self.port
            .call(Command::new(argument))
            .map_err(|errno| self.refused(T::NAME.to_owned(), errno, advice_on_call(errno)))
    }

    /// Maps a part of the node.
    pub(crate) fn map(&self, offset: u64, len: usize) -> Result<Mapping, Error> {
        let mapping = self.port.map(offset, len);
        mapping.map_err(|errno| self.refused("mapping".to_owned(), errno, None))
    }

    /// Subscribes to classes of events, a combination of those in
    /// [`events`](crate::events), or to none. [`Device::read_events`] returns
    /// what happens from now on.
    ///
    /// # Errors
    ///
    /// As [`Device::call`].
    pub fn subscribe(&self, classes: u32) -> Result<(), Error> {
        self.call(&mut Subscribe {
            classes,
            eventfd: -1,
            ..Subscribe::default()
        })
    }

    /// Waits for events, and returns those that there are.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with `EINVAL` without a subscription, `ENODEV` if the
    /// device is gone and all have been read, `EINTR` if a signal arrived;
    /// [`Error::Protocol`] if the answer makes no sense.
    pub fn read_events(&self) -> Result<Vec<Event>, Error> {
        let request = || "reading events".to_owned();
        let mut bytes = [0; 4096];
        let read = self.port.read(&mut bytes);
        let len = read.map_err(|errno| self.refused(request(), errno, advice_on_call(errno)))?;
        events::parse(&bytes[..len]).ok_or_else(|| Error::Protocol {
            node: self.node.clone(),
            request: request(),
            problem: "the records have no valid size".to_owned(),
        })
    }

    fn info_error(&self, topic: Topic, failure: Failure) -> Error {
        let request = match topic.name() {
            Some(name) => format!("information topic {name}"),
            None => format!("information topic {}", topic.0),
        };
        match failure {
            Failure::Errno(errno) => self.refused(request, errno, advice_on_info(errno)),
            Failure::Protocol(problem) => Error::Protocol {
                node: self.node.clone(),
                request,
                problem: problem.to_owned(),
            },
        }
    }

    /// The error for what the kernel has refused.
    pub(crate) fn refused(&self, request: String, errno: Errno, advice: Option<&str>) -> Error {
        Error::Refused {
            node: self.node.clone(),
            request,
            errno,
            advice: advice.map(str::to_owned),
        }
    }
}

/// What to do if a node cannot be opened.
fn advice_on_open(errno: Errno, role: Role) -> Option<&'static str> {
    match (errno, role) {
        (Errno::ACCESS | Errno::PERM, Role::Observer) => Some(
            "looking needs read permission on the node, which is 0664 by default; \
             check it with `ls -l`",
        ),
        (Errno::ACCESS | Errno::PERM, Role::User) => Some(
            "the user role needs write permission on the node: join its group (`ls -l` shows \
             which), or have a udev rule give it one, such as \
             SUBSYSTEM==\"accelerator\", GROUP=\"render\", MODE=\"0664\"",
        ),
        (Errno::BUSY, _) => Some("its driver admits no further user for now"),
        (Errno::NOENT, _) => Some(
            "is the driver loaded? Look at `lsmod | grep accel` and `dmesg | grep accel`; a \
             container only has the nodes that it was given",
        ),
        (Errno::NODEV | Errno::NXIO, _) => Some("the device is gone"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::Simulation;
    use crate::uapi::{ClientRole, InfoClient, InfoDriver, InfoTopic, Text};
    use zerocopy::IntoBytes;

    fn drivers(count: usize) -> Device {
        let driver = InfoDriver {
            name: Text::new("accel_test"),
            ..InfoDriver::default()
        };
        let records = vec![driver.as_bytes().to_vec(); count];
        let kernel = Simulation::new(Topic::DRIVER, records);
        Device::new("accel9".into(), Box::new(kernel))
    }

    #[test]
    fn one_record_is_exactly_one() {
        let driver = drivers(1).info_one::<InfoDriver>().unwrap();
        assert_eq!(driver.name.to_string(), "accel_test");
        for count in [0, 2] {
            assert_eq!(
                drivers(count)
                    .info_one::<InfoDriver>()
                    .unwrap_err()
                    .to_string(),
                "accel9: information topic DRIVER: unexpected answer: \
                 there is not exactly one record"
            );
        }
    }

    #[test]
    fn clients_are_as_many_as_there_are() {
        let client = |id, role| InfoClient {
            id,
            role,
            command: Text::new("train"),
            ..InfoClient::default()
        };
        let records = [client(3, ClientRole::USER), client(7, ClientRole::OBSERVER)];
        let bytes = records.map(|record| record.as_bytes().to_vec());
        let kernel = Simulation::new(Topic::CLIENTS, bytes.to_vec());
        let device = Device::new("accel9".into(), Box::new(kernel));
        let clients = device.info::<InfoClient>().unwrap();
        let shown: Vec<_> = clients.iter().map(|it| (it.id, it.role.name())).collect();
        assert_eq!(shown, [(3, Some("user")), (7, Some("observer"))]);
        assert!(clients[0].command == *"train");
    }

    #[test]
    fn events_are_as_many_as_were_read() {
        let event = |sequence| Event {
            size: size_of::<Event>() as u32,
            sequence,
            ..Event::default()
        };
        let records = [event(3), event(4)].map(|event| event.as_bytes().to_vec());
        let kernel = Simulation::new(Topic::STATUS, records.to_vec());
        let device = Device::new("accel9".into(), Box::new(kernel));
        let events = device.read_events().unwrap();
        let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, [3, 4]);
    }

    #[test]
    fn an_unanswered_topic_is_named() {
        let error = drivers(1).info::<InfoTopic>().err().unwrap();
        assert_eq!(
            error.to_string(),
            "accel9: information topic LIST: invalid argument (EINVAL): \
             the device does not answer this topic"
        );
    }

    #[test]
    fn a_missing_node_has_advice() {
        let error = Device::open_observer("/nonexistent/accel0").err().unwrap();
        assert_eq!(error.errno(), Some(Errno::NOENT));
        assert!(error.to_string().contains("dmesg"), "{error}");
    }

    #[test]
    fn another_device_is_no_accelerator() {
        let device = Device::open_observer("/dev/null").unwrap();
        let error = device.info_one::<InfoDriver>().unwrap_err();
        assert_eq!(error.errno(), Some(Errno::NOTTY));
        assert!(error.to_string().contains("not an accelerator"), "{error}");
    }

    #[test]
    fn says_how_to_get_the_user_role() {
        let advice = advice_on_open(Errno::ACCESS, Role::User).unwrap();
        assert!(advice.contains("write permission"), "{advice}");
        assert!(advice.contains("group"), "{advice}");
        assert!(advice.contains("udev"), "{advice}");
        let advice = advice_on_open(Errno::ACCESS, Role::Observer).unwrap();
        assert!(advice.contains("read permission"), "{advice}");
    }

    #[test]
    fn a_lack_of_permission_differs_from_a_lack_of_rights() {
        let opening = advice_on_open(Errno::PERM, Role::User).unwrap();
        assert!(opening.contains("write permission"), "{opening}");
        let call = advice_on_call(Errno::PERM).unwrap();
        for reason in ["capability", "locked down", "passthrough=N"] {
            assert!(call.contains(reason), "{call}");
        }
    }
}
