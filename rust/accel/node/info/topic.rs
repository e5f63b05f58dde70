// SPDX-License-Identifier: GPL-2.0

//! The topics, and where the content of their records comes from.

use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Relaxed, //
    },
};
use zerocopy::Immutable;

use crate::{
    base::records::{
        text,
        List, //
    },
    device::{
        call::Call,
        engine,
        file::OpenFile,
        ops::ioctl::Entry, //
    },
    node::dispatch,
    sys::{
        ffi,
        uapi::*, //
    }, //
};

/// The topics that every device has, in the order of their numbers.
const CORE_TOPICS: [u32; 12] = [
    ACCEL_INFO_LIST,
    ACCEL_INFO_DEVICE,
    ACCEL_INFO_DRIVER,
    ACCEL_INFO_FIRMWARE,
    ACCEL_INFO_ENGINES,
    ACCEL_INFO_MEMORY,
    ACCEL_INFO_CLOCKS,
    ACCEL_INFO_USAGE,
    ACCEL_INFO_STATUS,
    ACCEL_INFO_SENSORS,
    ACCEL_INFO_CLIENTS,
    ACCEL_INFO_UAPI,
];

/// Asks for the records of a topic. Returns `EINVAL` if there is no such topic.
#[inline(never)]
pub(super) fn records(call: &Call<'_>, topic: u32) -> Result<List> {
    let ops = call.ops();
    let fns = ops.features.info;
    match topic {
        ACCEL_INFO_LIST => list(call),
        ACCEL_INFO_DEVICE => device(call),
        ACCEL_INFO_DRIVER => driver(call),
        ACCEL_INFO_FIRMWARE => of_feature::<accel_info_firmware>(call, fns.map(|fns| fns.firmware)),
        ACCEL_INFO_ENGINES => engines(call),
        ACCEL_INFO_MEMORY => memory(call),
        ACCEL_INFO_CLOCKS => of_feature::<accel_info_clock>(call, fns.map(|fns| fns.clocks)),
        ACCEL_INFO_USAGE => List::of_one(usage(call)),
        ACCEL_INFO_STATUS => List::of_one(status(call)?),
        ACCEL_INFO_SENSORS => of_feature::<accel_info_sensor>(call, fns.map(|fns| fns.sensors)),
        ACCEL_INFO_CLIENTS => clients(call),
        ACCEL_INFO_UAPI => uapi(call),
        _ => {
            let own = ops.topics.iter().find(|own| own.id == topic);
            of_driver(call, own.ok_or(EINVAL)?.records)
        }
    }
}

/// A function of the driver that lists records.
type ListFn = unsafe fn(&Call<'_>) -> Result<List>;

/// Asks the driver for a list, by one of its functions.
fn of_driver(call: &Call<'_>, list: ListFn) -> Result<List> {
    // SAFETY: The call is inside the gate of the device whose driver the function is of.
    unsafe { list(call) }
}

/// Asks the driver for a list of `R`, which is empty if the driver has no such function.
fn of_feature<R: IntoBytes + Immutable>(call: &Call<'_>, list: Option<ListFn>) -> Result<List> {
    list.map_or_else(
        || Ok(List::<R>::new().erase()),
        |list| of_driver(call, list),
    )
}

fn list(call: &Call<'_>) -> Result<List> {
    let own = call.ops().topics.iter().map(|own| own.id);
    let mut list = List::<accel_info_topic>::new();
    for topic in Iterator::chain(CORE_TOPICS.into_iter(), own) {
        // Its own length is not known before it is complete, but how many topics there are is.
        let (count, record_size) = if topic == ACCEL_INFO_LIST {
            let count = CORE_TOPICS.len() + call.ops().topics.len();
            (count, size_of::<accel_info_topic>())
        } else {
            let records = records(call, topic)?;
            let (bytes, record_size) = records.as_parts();
            let count = bytes.len().checked_div(record_size).unwrap_or(0);
            (count, record_size)
        };
        list.push(accel_info_topic {
            topic,
            // CAST: Records are small, and their number is limited by memory.
            record_size: record_size as u32,
            count: count as u32,
            reserved: 0,
        })?;
    }
    Ok(list.erase())
}

fn device(call: &Call<'_>) -> Result<List> {
    let ids = &call.core.ids;
    let parent = call.parent();

    List::of_one(accel_info_device {
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
    })
}

fn driver(call: &Call<'_>) -> Result<List> {
    let info = &call.ops().info;
    let (open_policy, open_limit) = call.ops().open_policy.to_uapi();

    List::of_one(accel_info_driver {
        name: text(info.name.as_bytes()),
        version: text(info.version.as_bytes()),
        user_space_url: text(info.user_space_url.as_bytes()),
        user_space_license: text(info.user_space_license.as_bytes()),
        documentation_url: text(info.documentation_url.as_bytes()),
        open_policy,
        open_limit,
    })
}

fn engines(call: &Call<'_>) -> Result<List> {
    let mut list = List::<accel_info_engine>::new();
    for (_, engine, count) in engine::of_device(call) {
        list.push(accel_info_engine {
            name: text(engine.name.as_bytes()),
            engine_class: engine.class as u32,
            count,
        })?;
    }
    Ok(list.erase())
}

fn memory(call: &Call<'_>) -> Result<List> {
    let mut list = List::<accel_info_memory>::new();
    if call.ops().buffers.is_some() {
        for region in call.core.pool.regions() {
            list.push(region.info())?;
        }
    }
    Ok(list.erase())
}

pub(super) fn usage(call: &Call<'_>) -> accel_info_usage {
    let usage = &call.core.account.usage;

    // What has completed is read first, so that it never exceeds what was submitted.
    let completed = usage.completed.load(Acquire);
    accel_info_usage {
        busy_ns: usage.busy_ns.load(Relaxed),
        submitted: usage.submitted.load(Relaxed),
        completed,
    }
}

pub(super) fn status(call: &Call<'_>) -> Result<accel_info_status> {
    let (users, observers) = call.core.files.counts();
    let record = call.core.health.record();
    let (last_error, last_error_code, last_error_ns) = match record.last {
        Some((fault, ns)) => (fault.kind as u32, fault.code, ns),
        None => (ACCEL_ERROR_NONE, 0, 0),
    };

    Ok(accel_info_status {
        state: call.state()? as u32,
        users,
        observers,
        last_error,
        registered_ns: call.core.registered_ns,
        state_ns: record.state_ns,
        resets: record.resets,
        errors: record.errors,
        last_error_ns,
        last_error_code,
    })
}

fn clients(call: &Call<'_>) -> Result<List> {
    let mut list = List::<accel_info_client>::new();
    call.core
        .files
        .try_for_each(|file| list.push(client(file)))?;
    Ok(list.erase())
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

fn uapi(call: &Call<'_>) -> Result<List> {
    let mut list = List::<accel_info_ioctl>::new();
    for entry in Iterator::chain(dispatch::core_ioctls(call), call.ops().ioctls) {
        list.push(describe(entry))?;
    }
    Ok(list.erase())
}

fn describe(entry: &Entry) -> accel_info_ioctl {
    accel_info_ioctl {
        command: entry.command,
        size: entry.shape.size,
        min_size: entry.shape.min_size,
        flags: entry.shape.flags.into(),
        capability: entry.capability.unwrap_or(0),
        reserved: 0,
        name: text(entry.name.as_bytes()),
        description: text(entry.description.as_bytes()),
    }
}
