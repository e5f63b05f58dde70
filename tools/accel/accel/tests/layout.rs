// SPDX-License-Identifier: GPL-2.0

//! Compares the mirror of the interface with the C headers.
//!
//! A C program, made from the Rust side and compiled against the headers,
//! prints the layout of each structure and the value of each constant. The
//! headers are also searched for what the Rust side does not have.

#[path = "layout/facts.rs"]
mod facts;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use accel::uapi::{
    self, ClientRole, DeviceError, EngineClass, MemoryKind, OpenPolicy, Quantity, State, Topic,
};
use facts::{fact, facts, Fact};

/// The headers, relative to `include/uapi`.
const HEADERS: [&str; 4] = [
    "accel/accel.h",
    "accel/edu.h",
    "accel/minimal.h",
    "accel/sim.h",
];

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
