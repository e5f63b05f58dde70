// SPDX-License-Identifier: GPL-2.0

//! The topics, and where the content of their records comes from.

use core::ops::Range;
use kernel::prelude::*;

use super::{
    text,
    Output, //
};
use crate::{
    context::Call,
    dispatch::CORE_IOCTLS,
    driver::DriverOps,
    ffi,
    file::OpenFile,
    ioctl::Entry,
    uapi::*, //
};

/// The topics; see `enum accel_info_topic_id`.
#[derive(Clone, Copy)]
pub(super) enum Topic {
    List,
    Device,
    Driver,
    Status,
    Clients,
    Uapi,
}

impl TryFrom<u32> for Topic {
    type Error = Error;

    fn try_from(topic: u32) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|candidate| candidate.id() == topic)
            .ok_or(EINVAL)
    }
}

impl Topic {
    const ALL: [Self; 6] = [
        Self::List,
        Self::Device,
        Self::Driver,
        Self::Status,
        Self::Clients,
        Self::Uapi,
    ];

    fn id(self) -> u32 {
        match self {
            Self::List => ACCEL_INFO_LIST,
            Self::Device => ACCEL_INFO_DEVICE,
            Self::Driver => ACCEL_INFO_DRIVER,
            Self::Status => ACCEL_INFO_STATUS,
            Self::Clients => ACCEL_INFO_CLIENTS,
            Self::Uapi => ACCEL_INFO_UAPI,
        }
    }

    /// Returns the size of a record in bytes.
    pub(super) fn record_size(self) -> u32 {
        let size = match self {
            Self::List => size_of::<accel_info_topic>(),
            Self::Device => size_of::<accel_info_device>(),
            Self::Driver => size_of::<accel_info_driver>(),
            Self::Status => size_of::<accel_info_status>(),
            Self::Clients => size_of::<accel_info_client>(),
            Self::Uapi => size_of::<accel_info_ioctl>(),
        };
        // CAST: A record is far smaller than 4 GiB.
        size as u32
    }

    /// Returns how many records there are now.
    pub(super) fn count(self, call: &Call<'_>) -> u32 {
        match self {
            // CAST: Both are lengths of small tables.
            Self::List => Self::ALL.len() as u32,
            Self::Uapi => (CORE_IOCTLS.len() + ops(call).ioctls.len()) as u32,
            Self::Clients => {
                let (users, observers) = call.core.files.lock().counts();
                users + observers
            }
            Self::Device | Self::Driver | Self::Status => 1,
        }
    }

    /// Writes the records with these indices; fewer if there are fewer by now.
    pub(super) fn write(self, call: &Call<'_>, records: Range<u32>, out: &mut Output) -> Result {
        if let Self::Clients = self {
            return write_clients(call, records, out);
        }
        for index in records {
            self.write_one(call, index as usize, out)?;
        }
        Ok(())
    }

    fn write_one(self, call: &Call<'_>, index: usize, out: &mut Output) -> Result {
        match self {
            Self::List => out.push(Self::ALL[index].describe(call)),
            Self::Device => out.push(device(call)),
            Self::Driver => out.push(driver(call)),
            Self::Status => out.push(status(call)),
            Self::Clients => Ok(()),
            Self::Uapi => {
                let mut entries = Iterator::chain(CORE_IOCTLS.iter(), ops(call).ioctls);
                out.push(describe_ioctl(entries.nth(index).ok_or(EINVAL)?))
            }
        }
    }

    fn describe(self, call: &Call<'_>) -> accel_info_topic {
        accel_info_topic {
            topic: self.id(),
            record_size: self.record_size(),
            count: self.count(call),
            reserved: 0,
        }
    }
}

fn ops<'a>(call: &'a Call<'_>) -> &'a DriverOps {
    // SAFETY: The call is inside the gate, and is borrowed meanwhile.
    unsafe { call.core.ops() }
}

fn device(call: &Call<'_>) -> accel_info_device {
    let ids = &call.core.ids;
    let parent = call.core.parent();

    accel_info_device {
        minor: call.core.minor.number(),
        vendor: ids.vendor,
        device: ids.device,
        subsystem_vendor: ids.subsystem_vendor,
        subsystem_device: ids.subsystem_device,
        revision: ids.revision,
        numa_node: ffi::numa_node(parent),
        reserved: 0,
        bus: text(ffi::bus_name(parent).to_bytes()),
        address: text(parent.name().to_bytes()),
    }
}

fn driver(call: &Call<'_>) -> accel_info_driver {
    let info = &ops(call).info;
    let (open_policy, open_limit) = ops(call).open_policy.to_uapi();

    accel_info_driver {
        name: text(info.name.as_bytes()),
        version: text(info.version.as_bytes()),
        user_space_url: text(info.user_space_url.as_bytes()),
        user_space_license: text(info.user_space_license.as_bytes()),
        documentation_url: text(info.documentation_url.as_bytes()),
        open_policy,
        open_limit,
    }
}

fn status(call: &Call<'_>) -> accel_info_status {
    let (users, observers) = call.core.files.lock().counts();

    accel_info_status {
        // Whoever gets here is inside the gate, so the device is not gone.
        state: ACCEL_STATE_RUNNING,
        users,
        observers,
        reserved: 0,
        registered_ns: call.core.registered_ns,
    }
}

/// Writes clients one by one: the list must not be locked while user memory is written, because
/// that can take as long as user space pleases.
fn write_clients(call: &Call<'_>, records: Range<u32>, out: &mut Output) -> Result {
    let mut next_id = 0;
    for index in 0..records.end {
        let Some(file) = call.core.files.lock().next(next_id) else {
            break;
        };
        next_id = file.id + 1;
        if index >= records.start {
            out.push(client(&file))?;
        }
    }
    Ok(())
}

fn client(file: &OpenFile) -> accel_info_client {
    let shown = file.client.show();
    let (pid, command) = shown.process.unwrap_or_default();

    accel_info_client {
        id: file.id,
        since_ns: file.client.since_ns,
        role: file.role as u32,
        uid: shown.uid,
        pid,
        reserved: 0,
        command,
    }
}

fn describe_ioctl(entry: &Entry) -> accel_info_ioctl {
    accel_info_ioctl {
        command: entry.command,
        size: entry.size,
        min_size: entry.min_size,
        flags: entry.flags,
        capability: entry.capability.unwrap_or(0),
        reserved: 0,
        name: text(entry.name.as_bytes()),
        description: text(entry.description.as_bytes()),
    }
}
