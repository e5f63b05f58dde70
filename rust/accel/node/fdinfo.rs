// SPDX-License-Identifier: GPL-2.0

//! What `/proc/<pid>/fdinfo/<fd>` says of an open file.
//!
//! The keys are those of DRM's usage statistics, with another prefix; see
//! `Documentation/accel/observability.rst`. All of it is what the core knows; the driver is only
//! asked how many engines there are. A key that the core could not answer truthfully for this file
//! is not there. So when the device is gone, there are neither its driver, nor its address, nor its
//! engines.

use kernel::{
    bindings,
    seq_file::SeqFile,
    seq_print,
    str::BStr,
    sync::Arc,
    types::ForeignOwnable, //
};

use crate::{
    buffers::Handles,
    device::{
        call::Call,
        engine,
        file::OpenFile,
        Core, //
    },
    sys::{
        ffi,
        uapi, //
    }, //
};

/// Shows a file.
///
/// # Safety
///
/// To be called by procfs, for a file that the core has opened and not released.
pub(crate) unsafe extern "C" fn show(seq: *mut bindings::seq_file, file: *mut bindings::file) {
    // SAFETY: procfs passes a valid `seq_file` for this call alone.
    let seq = unsafe { SeqFile::from_raw(seq) };
    // SAFETY: Opening the file has stored it, and it has not been released.
    let file = unsafe { Arc::<OpenFile>::borrow((*file).private_data) };
    show_file(seq, &file);
}

fn show_file(seq: &SeqFile, file: &OpenFile) {
    seq_print!(seq, "accel-device:\taccel{}\n", file.core.minor.number());
    seq_print!(seq, "accel-client-id:\t{}\n", file.id);
    seq_print!(seq, "accel-role:\t{}\n", file.role.name());
    if let Some(buffers) = &file.buffers {
        show_memory(seq, &file.core, buffers);
    }
    if let Some(timelines) = file.timelines() {
        seq_print!(seq, "accel-timelines:\t{}\n", timelines.count());
    }
    if let Some(call) = file.call() {
        show_device(seq, &call);
        show_engines(seq, file, &call);
    }
}

/// Shows what the buffers of a file take of each region.
fn show_memory(seq: &SeqFile, core: &Core, buffers: &Handles) {
    for (number, region) in Iterator::zip(0.., core.pool.regions()) {
        let info = region.info();
        let mut name = info.name;
        let len = name
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(name.len());
        // What ends a key is not part of one.
        for byte in &mut name[..len] {
            if byte.is_ascii_whitespace() || *byte == b':' {
                *byte = b'_';
            }
        }
        let name = match info.kind {
            // What DRM calls it.
            uapi::ACCEL_MEMORY_SYSTEM => BStr::from_bytes(b"memory"),
            _ => BStr::from_bytes(&name[..len]),
        };
        seq_print!(seq, "accel-total-{name}:\t{}\n", buffers.bytes_in(number));
    }
}

/// Shows what is only known of a device that is there.
fn show_device(seq: &SeqFile, call: &Call<'_>) {
    let ops = call.ops();
    seq_print!(seq, "accel-driver:\t{}\n", ops.info.name);

    let parent = call.parent();
    if ffi::bus_name(parent) == c"pci" {
        seq_print!(seq, "accel-pdev:\t{}\n", parent.name());
    }
}

/// Shows how long engines have worked for a file.
fn show_engines(seq: &SeqFile, file: &OpenFile, call: &Call<'_>) {
    for (number, engine, count) in engine::of_device(call) {
        let Some(busy_ns) = file.account.busy_ns(number) else {
            continue;
        };
        let name = engine.name;
        seq_print!(seq, "accel-engine-{name}:\t{busy_ns} ns\n");
        if count > 1 {
            seq_print!(seq, "accel-engine-capacity-{name}:\t{count}\n");
        }
    }
}
