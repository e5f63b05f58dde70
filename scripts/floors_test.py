#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Shows that scripts/floors.py finds what it is there to find: floors_test.py

Each case makes a small tree that is in order, breaks one thing, and says what the
check has to print.
"""

import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import floors  # noqa: E402

CHECK = pathlib.Path(__file__).resolve().parent / "floors.py"


def write(tree, name, text):
    file = tree / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def make(tree):
    """A tree with nothing wrong in it."""
    page = "".join(f"//! {section}\n" for section in floors.PAGE_SECTIONS)
    for floor in floors.FLOORS:
        write(tree, f"rust/accel/{floor}/mod.rs", f"{page}\nmod own;\n")
        write(tree, f"rust/accel/{floor}/own.rs", f"pub(crate) struct Of_{floor};\n")
    lines = "".join(f"//! {floor}  something\n" for floor in floors.FLOORS)
    write(tree, "rust/accel/accel.rs", f"//! ```text\n{lines}//! ```\n\npub use self::bus::own::Of_bus;\n")
    write(tree, floors.DRAWING_SOURCE, "".join(f"{floor} something\n" for floor in floors.FLOORS))
    rows = [(floor, "something") for floor in floors.FLOORS]
    write(tree, floors.DRAWING, floors.draw(rows))


def of(floor, text):
    return {f"rust/accel/{floor}/other.rs": text}


BASE = "rust/accel/base/other.rs"


def driver(**modules):
    """A driver whose files are these, beside its root."""
    declared = "".join(f"mod {name};\n" for name in modules)
    files = {f"drivers/accel/{name}.rs": text for name, text in modules.items()}
    return {"drivers/accel/driver.rs": f"{declared}\nstruct Driver;\n", **files}


FIRST, SECOND = "drivers/accel/first.rs", "drivers/accel/second.rs"

# What is written over the tree, and what is printed about it; nothing, if that is in order.
CASES = {
    "in order": ({}, []),
    "down": (of("bus", "use crate::base::own::Of_base;\n"), []),
    "up": (
        of("base", "use crate::device::own::Of_device;\n"),
        [f"{BASE}:1: use crate::device::own::Of_device;", "base must not use device"],
    ),
    "up, in a list": (
        of("base", "use crate::{\n    base::own::Of_base,\n    node::{\n        own::Of_node, //\n    },\n};\n"),
        [f"{BASE}:4: own::Of_node, //", "base must not use node"],
    ),
    "up, by super": (
        of("sys", "use super::super::memory::own;\n"),
        ["rust/accel/sys/other.rs:1:", "sys must not use memory"],
    ),
    "up, by the name of a floor's module": (
        of("base", "use crate::device::own as other;\n\nfn f() {\n    other::g()\n}\n"),
        [f"{BASE}:1:", f"{BASE}:4: other::g()"],
    ),
    "up, without an import": (
        of("memory", "fn f() {\n    crate::driver::own::g();\n}\n"),
        ["rust/accel/memory/other.rs:2:", "memory must not use driver"],
    ),
    "up, in a macro": (
        of("device", "macro_rules! m {\n    () => { $crate::node::own::f() };\n}\n"),
        ["rust/accel/device/other.rs:2:", "device must not use node"],
    ),
    "up, by a re-export of the root": (
        of("driver", "use crate::Of_bus;\n"),
        ["rust/accel/driver/other.rs:1: use crate::Of_bus;", "driver must not use bus"],
    ),
    "up, by a method": (
        {
            **of("base", "fn f(x: &Of_base) {\n    x.method_of_device()\n}\n"),
            "rust/accel/device/adds.rs": "use crate::base::own::Of_base;\n\n"
            "impl Of_base {\n    pub(crate) fn method_of_device(&self) {}\n}\n",
        },
        [f"{BASE}:2: x.method_of_device()", "base must not use device"],
    ),
    "up, in comments and texts": (
        of("base", '/// See crate::device::own.\n/* crate::node */\nconst A: &str = "crate::bus::own";\n'),
        [],
    ),
    "up, in a test": (
        of("base", "#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]\n#[kunit_tests(a)]\nmod tests {\n"
           "    use crate::bus::own;\n}\n"),
        [],
    ),
    "up, behind a test": (
        of("base", "#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]\nmod tests {}\n\nuse crate::bus::own;\n"),
        [f"{BASE}:4: use crate::bus::own;"],
    ),
    "no circle": (
        driver(first="use crate::second::Second;\n", second="struct Second;\n"),
        [],
    ),
    "a circle": (
        driver(first="use crate::second;\n", second="\nfn f() {\n    crate::first::g();\n}\n"),
        [f"{FIRST}:1: use crate::second;\n    in a circle with second.rs",
         f"{SECOND}:3: crate::first::g();\n    in a circle with first.rs"],
    ),
    "a circle, by a re-export": (
        {
            **driver(first="mod part;\n\npub(crate) use self::part::Part;\n",
                     second="use crate::first::Part;\n"),
            "drivers/accel/first/part.rs": "use crate::second::Second;\n",
        },
        ["drivers/accel/first/part.rs:1: use crate::second::Second;", f"{SECOND}:1: use crate::first::Part;"],
    ),
    "a circle, in a test": (
        driver(first="mod tests {\n    use super::super::second;\n}\n", second="use crate::first;\n"),
        [f"{FIRST}:2: use super::super::second;", f"{SECOND}:1: use crate::first;"],
    ),
    "no circle, by way of the root": (
        driver(first="use crate::Driver;\n", second="use crate::{first, Driver};\n"),
        [],
    ),
    "no circle, in one file": (
        driver(first="mod tests {\n    use super::*;\n    use super::second;\n}\n", second="use super::first;\n"),
        [],
    ),
    "a circle, of a file elsewhere": (
        {
            "samples/root.rs": '#[path = "below/first.rs"]\nmod first;\nmod second;\n',
            "samples/below/first.rs": "use crate::second;\n",
            "samples/second.rs": "use crate::first;\n",
        },
        ["samples/below/first.rs:1:", "samples/second.rs:1:"],
    ),
    "a module beside the floors": (
        {"rust/accel/stray.rs": "\n"},
        ["rust/accel/stray.rs: each module is on a floor"],
    ),
    "a folder beside the floors": (
        {"rust/accel/stray/own.rs": "\n"},
        ["rust/accel/stray: a folder of the crate is a floor"],
    ),
    "too many entries": (
        {f"rust/accel/{name}.mk": "\n" for name in "abc"},
        ["rust/accel: 12 entries"],
    ),
    "too many files on a floor": (
        {f"rust/accel/buffers/below/{name}.rs": "\n" for name in "abcdefghijklmno"},
        ["rust/accel/buffers: 17 files, of at most 16"],
    ),
    "a floor without its page": (
        {"rust/accel/sys/mod.rs": "//! # What is here\n"},
        ["rust/accel/sys/mod.rs: its page has no section '# What it must not know'"],
    ),
    "a long file": (
        {"drivers/accel/long.rs": "\n" * (floors.LINES + 1)},
        [f"drivers/accel/long.rs: {floors.LINES + 1} lines, of at most {floors.LINES}"],
    ),
    "another picture": (
        {"rust/accel/accel.rs": "//! ```text\n//! bus  something\n//! ```\n"},
        ["rust/accel/accel.rs: the picture shows ['bus']"],
    ),
    "another drawing": (
        {floors.DRAWING: "<svg/>\n"},
        [f"{floors.DRAWING}: not what {floors.DRAWING_SOURCE} says"],
    ),
    "another source of the drawing": (
        {floors.DRAWING_SOURCE: "bus something\n"},
        [f"{floors.DRAWING_SOURCE}: ['bus'] are not"],
    ),
}


def run(name, files, expected):
    """Returns what is wrong with a case."""
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        make(tree)
        for file, text in files.items():
            write(tree, file, text)
        check = [sys.executable, str(CHECK), folder]
        done = subprocess.run(check, capture_output=True, text=True, check=False)
    wrong = [f"{name}: does not print: {text}" for text in expected if text not in done.stdout]
    if done.returncode != (1 if expected else 0) or (not expected and done.stdout):
        wrong.append(f"{name}: exits with {done.returncode}: {done.stdout}{done.stderr}")
    return wrong


def main():
    wrong = [text for name, case in CASES.items() for text in run(name, *case)]
    print("\n".join(wrong) if wrong else f"{len(CASES)} cases")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
