// SPDX-License-Identifier: GPL-2.0

//! Compares the mirror of the interface with the C headers.
//!
//! A C program, made from the Rust side and compiled against the headers,
//! prints the layout of each structure and the value of each constant. The
//! headers are also searched for what the Rust side does not have.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use accel::uapi::{
    self, ClientRole, DeviceError, EngineClass, MemoryKind, OpenPolicy, Quantity, State, Topic,
};
use accel::{buffer, edu, events, minimal, sim, Ioctl};

/// The headers, relative to `include/uapi`.
const HEADERS: [&str; 4] = [
    "accel/accel.h",
    "accel/edu.h",
    "accel/minimal.h",
    "accel/sim.h",
];

/// What is compared: an expression in C, and its value in Rust.
struct Fact {
    c: String,
    rust: u64,
}

fn fact(c: impl Into<String>, rust: impl TryInto<u64>) -> Fact {
    let rust = rust.try_into().ok().expect("the value is not negative");
    Fact { c: c.into(), rust }
}

/// Size and alignment of a structure, offset and size of its members.
macro_rules! structure {
    ($facts:ident, $c:literal, $rust:ty { $($member:ident),* $(,)? }) => {
        $facts.push(fact(concat!("sizeof(struct ", $c, ")"), size_of::<$rust>()));
        $facts.push(fact(concat!("_Alignof(struct ", $c, ")"), align_of::<$rust>()));
        $(
            let member = stringify!($member);
            let offset = std::mem::offset_of!($rust, $member);
            $facts.push(fact(format!("offsetof(struct {}, {member})", $c), offset));
            let value = <$rust>::default().$member;
            let size = format!("sizeof(((struct {} *)0)->{member})", $c);
            $facts.push(fact(size, size_of_val(&value)));
        )*
    };
}

fn facts() -> Vec<Fact> {
    let mut facts = constants();
    structure!(
        facts,
        "accel_info",
        uapi::Info {
            size,
            topic,
            index,
            flags,
            data_ptr,
            data_len,
            record_size,
            count,
        }
    );
    structure!(
        facts,
        "accel_info_topic",
        uapi::InfoTopic {
            topic,
            record_size,
            count,
            reserved,
        }
    );
    structure!(
        facts,
        "accel_info_device",
        uapi::InfoDevice {
            minor,
            vendor,
            device,
            subsystem_vendor,
            subsystem_device,
            revision,
            numa_node,
            reserved,
            bus,
            address,
        }
    );
    structure!(
        facts,
        "accel_info_driver",
        uapi::InfoDriver {
            name,
            version,
            user_space_url,
            user_space_license,
            documentation_url,
            open_policy,
            open_limit,
        }
    );
    structure!(
        facts,
        "accel_info_firmware",
        uapi::InfoFirmware { name, version }
    );
    structure!(
        facts,
        "accel_info_engine",
        uapi::InfoEngine {
            name,
            engine_class,
            count,
        }
    );
    structure!(
        facts,
        "accel_info_memory",
        uapi::InfoMemory {
            name,
            kind,
            reserved,
            total,
            in_use,
        }
    );
    structure!(
        facts,
        "accel_info_clock",
        uapi::InfoClock {
            name,
            current_hz,
            max_hz,
        }
    );
    structure!(
        facts,
        "accel_info_usage",
        uapi::InfoUsage {
            busy_ns,
            submitted,
            completed,
        }
    );
    structure!(
        facts,
        "accel_info_sensor",
        uapi::InfoSensor {
            name,
            quantity,
            reserved,
            value,
        }
    );
    structure!(
        facts,
        "accel_info_status",
        uapi::InfoStatus {
            state,
            users,
            observers,
            last_error,
            registered_ns,
            state_ns,
            resets,
            errors,
            last_error_ns,
            last_error_code,
        }
    );
    structure!(
        facts,
        "accel_events",
        events::Subscribe {
            size,
            classes,
            eventfd,
            flags,
        }
    );
    structure!(
        facts,
        "accel_event",
        events::Event {
            size,
            kind,
            sequence,
            time_ns,
            data,
        }
    );
    structure!(
        facts,
        "accel_info_client",
        uapi::InfoClient {
            id,
            since_ns,
            role,
            uid,
            pid,
            reserved,
            command,
        }
    );
    structure!(
        facts,
        "accel_info_ioctl",
        uapi::InfoIoctl {
            command,
            size,
            min_size,
            flags,
            capability,
            reserved,
            name,
            description,
        }
    );
    structure!(
        facts,
        "accel_bo_create",
        buffer::Create {
            size,
            region,
            bytes,
            flags,
            handle,
        }
    );
    structure!(
        facts,
        "accel_bo_info",
        buffer::Info {
            size,
            handle,
            bytes,
            region,
            flags,
        }
    );
    structure!(facts, "accel_bo_close", buffer::Close { size, handle });
    structure!(
        facts,
        "accel_bo_mmap_offset",
        buffer::MmapOffset {
            size,
            handle,
            offset,
        }
    );
    structure!(
        facts,
        "accel_bo_export",
        buffer::Export {
            size,
            handle,
            flags,
            fd,
        }
    );
    structure!(
        facts,
        "accel_bo_userptr",
        buffer::UserPtr {
            size,
            flags,
            address,
            bytes,
            handle,
            reserved,
        }
    );
    structure!(
        facts,
        "accel_bo_import",
        buffer::Import {
            size,
            fd,
            bytes,
            flags,
            handle,
        }
    );
    structure!(
        facts,
        "accel_edu_copy",
        edu::BufferCopy {
            size,
            len,
            source,
            target,
            source_offset,
            target_offset,
            timeout_ms,
            reserved,
            deadline_ns,
        }
    );
    structure!(
        facts,
        "accel_edu_factorial",
        edu::Factorial {
            size,
            n,
            timeout_ms,
            result,
            deadline_ns,
        }
    );
    structure!(
        facts,
        "accel_edu_liveness",
        edu::Liveness {
            size,
            value,
            reply,
            reserved
        }
    );
    structure!(facts, "accel_minimal_add", minimal::Add { size, a, b, sum });
    structure!(
        facts,
        "accel_sim_operand",
        sim::Operand {
            offset,
            handle,
            reserved,
        }
    );
    structure!(
        facts,
        "accel_sim_submit",
        sim::Submit {
            size,
            op,
            flags,
            in_fence,
            a,
            b,
            result,
            m,
            n,
            k,
            out_fence,
            job,
        }
    );
    structure!(
        facts,
        "accel_sim_wait",
        sim::Wait {
            size,
            timeout_ms,
            job,
            error,
            reserved,
            deadline_ns,
        }
    );
    facts
}

fn constants() -> Vec<Fact> {
    vec![
        fact("ACCEL_IOC_TYPE", uapi::IOC_TYPE),
        fact("ACCEL_IOC_DRIVER_BASE", uapi::IOC_DRIVER_BASE),
        fact("ACCEL_IOC_DRIVER_END", uapi::IOC_DRIVER_END),
        fact("ACCEL_INFO_LIST", Topic::LIST.0),
        fact("ACCEL_INFO_DEVICE", Topic::DEVICE.0),
        fact("ACCEL_INFO_DRIVER", Topic::DRIVER.0),
        fact("ACCEL_INFO_FIRMWARE", Topic::FIRMWARE.0),
        fact("ACCEL_INFO_ENGINES", Topic::ENGINES.0),
        fact("ACCEL_INFO_MEMORY", Topic::MEMORY.0),
        fact("ACCEL_INFO_CLOCKS", Topic::CLOCKS.0),
        fact("ACCEL_INFO_USAGE", Topic::USAGE.0),
        fact("ACCEL_INFO_STATUS", Topic::STATUS.0),
        fact("ACCEL_INFO_SENSORS", Topic::SENSORS.0),
        fact("ACCEL_INFO_CLIENTS", Topic::CLIENTS.0),
        fact("ACCEL_INFO_UAPI", Topic::UAPI.0),
        fact("ACCEL_INFO_DRIVER_BASE", Topic::DRIVER_BASE.0),
        fact("ACCEL_ENGINE_OTHER", EngineClass::OTHER.0),
        fact("ACCEL_ENGINE_COMPUTE", EngineClass::COMPUTE.0),
        fact("ACCEL_ENGINE_COPY", EngineClass::COPY.0),
        fact("ACCEL_MEMORY_SYSTEM", MemoryKind::SYSTEM.0),
        fact("ACCEL_MEMORY_DEVICE", MemoryKind::DEVICE.0),
        fact("ACCEL_MEMORY_COHERENT", MemoryKind::COHERENT.0),
        fact("ACCEL_REGION_FOREIGN", buffer::REGION_FOREIGN),
        fact("ACCEL_BO_POPULATE", buffer::POPULATE),
        fact("ACCEL_BO_MOVABLE", buffer::MOVABLE),
        fact("ACCEL_QUANTITY_POWER", Quantity::POWER.0),
        fact("ACCEL_QUANTITY_TEMPERATURE", Quantity::TEMPERATURE.0),
        fact("ACCEL_OPEN_SHARED", OpenPolicy::SHARED.0),
        fact("ACCEL_OPEN_EXCLUSIVE", OpenPolicy::EXCLUSIVE.0),
        fact("ACCEL_OPEN_LIMITED", OpenPolicy::LIMITED.0),
        fact("ACCEL_OPEN_PER_USER", OpenPolicy::PER_USER.0),
        fact("ACCEL_STATE_RUNNING", State::RUNNING.0),
        fact("ACCEL_STATE_RESETTING", State::RESETTING.0),
        fact("ACCEL_STATE_WEDGED", State::WEDGED.0),
        fact("ACCEL_STATE_GONE", State::GONE.0),
        fact("ACCEL_ERROR_NONE", DeviceError::NONE.0),
        fact("ACCEL_ERROR_HARDWARE", DeviceError::HARDWARE.0),
        fact("ACCEL_ERROR_FIRMWARE", DeviceError::FIRMWARE.0),
        fact("ACCEL_ERROR_TIMEOUT", DeviceError::TIMEOUT.0),
        fact("ACCEL_ERROR_RESET_FAILED", DeviceError::RESET_FAILED.0),
        fact("ACCEL_ERROR_RESET_STORM", DeviceError::RESET_STORM.0),
        fact("ACCEL_ERROR_POWER_FAILED", DeviceError::POWER_FAILED.0),
        fact("ACCEL_ERROR_BUS", DeviceError::BUS.0),
        fact("ACCEL_EVENT_CLASS_STATE", events::CLASS_STATE),
        fact("ACCEL_EVENT_CLASS_ERROR", events::CLASS_ERROR),
        fact("ACCEL_EVENT_CLASS_DRIVER", events::CLASS_DRIVER),
        fact("ACCEL_EVENT_LOST", events::LOST),
        fact("ACCEL_EVENT_STATE", events::STATE),
        fact("ACCEL_EVENT_ERROR", events::ERROR),
        fact("ACCEL_EVENT_DRIVER_BASE", events::DRIVER_BASE),
        fact("ACCEL_ROLE_OBSERVER", ClientRole::OBSERVER.0),
        fact("ACCEL_ROLE_USER", ClientRole::USER.0),
        fact("ACCEL_IOCTL_IN", uapi::IOCTL_IN),
        fact("ACCEL_IOCTL_OUT", uapi::IOCTL_OUT),
        fact("ACCEL_IOCTL_OBSERVER", uapi::IOCTL_OBSERVER),
        fact("ACCEL_IOCTL_CAPABILITY", uapi::IOCTL_CAPABILITY),
        fact("ACCEL_IOCTL_PASSTHROUGH", uapi::IOCTL_PASSTHROUGH),
        fact("ACCEL_IOCTL_POWERED", uapi::IOCTL_POWERED),
        fact("ACCEL_IOC_INFO", opcode(uapi::IOC_INFO)),
        fact(buffer::Create::NAME, opcode(buffer::Create::NR)),
        fact(buffer::Info::NAME, opcode(buffer::Info::NR)),
        fact(buffer::Close::NAME, opcode(buffer::Close::NR)),
        fact(buffer::MmapOffset::NAME, opcode(buffer::MmapOffset::NR)),
        fact(buffer::Export::NAME, opcode(buffer::Export::NR)),
        fact("ACCEL_IOC_BO_USERPTR", opcode(0x05)),
        fact(buffer::Import::NAME, opcode(buffer::Import::NR)),
        fact(edu::BufferCopy::NAME, opcode(edu::BufferCopy::NR)),
        fact(events::Subscribe::NAME, opcode(events::Subscribe::NR)),
        fact(edu::Factorial::NAME, opcode(edu::Factorial::NR)),
        fact(edu::Liveness::NAME, opcode(edu::Liveness::NR)),
        fact(minimal::Add::NAME, opcode(minimal::Add::NR)),
        fact(sim::Submit::NAME, opcode(sim::Submit::NR)),
        fact(sim::Wait::NAME, opcode(sim::Wait::NR)),
        fact("ACCEL_SIM_ADD", sim::ADD),
        fact("ACCEL_SIM_MULTIPLY", sim::MULTIPLY),
        fact("ACCEL_SIM_MATMUL", sim::MATMUL),
        fact("ACCEL_SIM_MAX_STEPS", sim::MAX_STEPS),
        fact("ACCEL_SIM_MAX_JOBS", sim::MAX_JOBS),
        fact("ACCEL_SIM_IN_FENCE", sim::IN_FENCE),
        fact("ACCEL_SIM_OUT_FENCE", sim::OUT_FENCE),
    ]
}

/// What the library passes to ioctl().
fn opcode(nr: u8) -> u32 {
    rustix::ioctl::opcode::none(uapi::IOC_TYPE, nr)
}

fn include_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../include/uapi")
}

/// Compiles and runs a C program that includes some headers and prints the
/// value of each expression. Its files are called `name`.
fn values_in_c(name: &str, headers: &[&str], expressions: &[Fact]) -> Vec<u64> {
    let mut source = String::from("#include <stddef.h>\n#include <stdio.h>\n");
    for header in headers {
        writeln!(source, "#include <{header}>").unwrap();
    }
    source.push_str("int main(void)\n{\n");
    for Fact { c, .. } in expressions {
        writeln!(source, "\tprintf(\"%llu\\n\", (unsigned long long)({c}));").unwrap();
    }
    source.push_str("\treturn 0;\n}\n");

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("{name}.c"));
    let program = folder.join(name);
    fs::write(&file, source).unwrap();
    // As make would take it, "ccache gcc -m32" has three words.
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut words = compiler.split_whitespace();
    let compiled = Command::new(words.next().unwrap_or("cc"))
        .args(words)
        .args(["-Wall", "-Wextra", "-Werror", "-I"])
        .arg(include_dir())
        .arg("-o")
        .args([&program, &file])
        .status()
        .unwrap_or_else(|error| panic!("cannot run the C compiler `{compiler}`: {error}"));
    assert!(
        compiled.success(),
        "the headers do not compile, or lack a name"
    );

    let output = Command::new(&program).output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| line.parse().unwrap()).collect()
}

fn assert_true_in_c(name: &str, headers: &[&str], facts: &[Fact]) {
    let values = values_in_c(name, headers, facts);
    assert_eq!(values.len(), facts.len());
    for (Fact { c, rust }, value) in facts.iter().zip(values) {
        assert_eq!(*rust, value, "{c}: {rust} in Rust, {value} in C");
    }
}

#[test]
fn mirror_has_the_layout_of_the_headers() {
    assert_true_in_c("layout", &HEADERS, &facts());
}

/// The numbers that have a name in Rust, each with the name in C that follows
/// from it.
fn named_numbers() -> Vec<Fact> {
    let mut facts = Vec::new();
    for number in 0..256 {
        let names = [
            ("INFO", Topic(number).name()),
            ("OPEN", OpenPolicy(number).name()),
            ("ENGINE", EngineClass(number).name()),
            ("MEMORY", MemoryKind(number).name()),
            ("QUANTITY", Quantity(number).name()),
            ("STATE", State(number).name()),
            ("ERROR", DeviceError(number).name()),
            ("ROLE", ClientRole(number).name()),
        ];
        let known = names.into_iter().filter_map(|(prefix, name)| {
            let name = name?.to_uppercase();
            Some(fact(format!("ACCEL_{prefix}_{name}"), number))
        });
        facts.extend(known);
    }
    facts
}

#[test]
fn numbers_have_the_names_of_the_headers() {
    let facts = named_numbers();
    assert_true_in_c("names", &HEADERS, &facts);
    let named: BTreeSet<_> = facts.into_iter().map(|fact| fact.c).collect();
    let prefixes = [
        "INFO", "OPEN", "ENGINE", "MEMORY", "QUANTITY", "STATE", "ERROR", "ROLE",
    ];
    let enumerators = names_in_headers().into_iter().filter(|name| {
        // The base is no topic.
        let of_enum = |prefix| name.starts_with(&format!("ACCEL_{prefix}_"));
        prefixes.iter().any(of_enum) && name != "ACCEL_INFO_DRIVER_BASE"
    });
    assert_eq!(named, enumerators.collect());
}

#[test]
fn capabilities_have_the_names_of_the_kernel() {
    let names = uapi::CAPABILITIES.iter().enumerate();
    let facts: Vec<_> = names.map(|(number, name)| fact(*name, number)).collect();
    assert_true_in_c("capabilities", &["linux/capability.h"], &facts);
}

/// All structures with their members, constants and enumerators of the
/// headers, in the form in which they occur in [`Fact::c`].
fn names_in_headers() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for header in HEADERS {
        let text = fs::read_to_string(include_dir().join(header)).unwrap();
        let mut structure = String::new();
        for line in text.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            if let ["struct", name, "{"] = words[..] {
                structure = name.to_owned();
            } else if words == ["};"] {
                structure.clear();
            }
            names.extend(name_in_line(&words, &structure));
        }
    }
    names
}

/// The name that a line introduces, `structure` being the one it is in, if any.
fn name_in_line(words: &[&str], structure: &str) -> Option<String> {
    match words {
        ["struct", name, "{"] => Some(format!("sizeof(struct {name})")),
        ["#define", name, _, ..] | [name, "=", ..] => Some((*name).to_owned()),
        // An attribute may follow.
        ["struct", _, member, ..] | [_, member, ..] if !structure.is_empty() => {
            let member = member.split(['[', ';']).next()?;
            Some(format!("offsetof(struct {structure}, {member})"))
        }
        _ => None,
    }
}

#[test]
fn mirror_has_all_of_the_headers() {
    let facts = facts();
    let mirrored: BTreeSet<_> = facts.iter().map(|fact| fact.c.clone()).collect();
    let names = names_in_headers();
    // Else the search is broken.
    assert!(names.contains("sizeof(struct accel_info)"), "{names:?}");
    assert!(
        names.contains("offsetof(struct accel_info_device, bus)"),
        "{names:?}"
    );
    assert!(
        names.contains("offsetof(struct accel_info_sensor, value)"),
        "{names:?}"
    );
    assert!(names.contains("ACCEL_IOCTL_OUT"), "{names:?}");
    let missing: Vec<_> = names.difference(&mirrored).collect();
    assert!(missing.is_empty(), "not in the Rust mirror: {missing:?}");
}
