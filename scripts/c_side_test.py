#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Shows that scripts/c_side.py finds what it is there to find: c_side_test.py

Each case is a prototype in Rust, one in C, and what the check has to print about
them; nothing, if they are the same.
"""

import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).resolve().parent / "c_side.py"
RUST = "rust/accel/sys/own.rs"
# As in the build folder of a kernel, whose char has no sign.
COMMAND = "savedcmd_x := bindgen helpers.c -o x -- -Wp,-MMD,x.d -funsigned-char -w ; sed x\n"

PROTOTYPES = {
    "no arguments": ("safe fn accel_f();", "void accel_f(void);", False),
    "all kinds of integers": (
        "fn accel_f(a: c_int, b: c_uint, c: c_long, d: c_ulong, e: usize, f: u64, g: u32) -> bool;",
        "bool accel_f(int a, unsigned int b, long c, unsigned long d, size_t e, u64 f, u32 g);",
        False,
    ),
    "pointers": (
        "pub(crate) fn accel_f(a: *mut c_void, b: *const bindings::page) -> *const c_char;",
        "const char *accel_f(void *a, const struct page *b);",
        False,
    ),
    "references": (
        "fn accel_f(a: &device::Device<Bound>, b: &mut u32, c: &u32, d: &Fence);",
        "void accel_f(struct device *a, u32 *b, const u32 *c, const struct dma_fence *d);",
        False,
    ),
    "pointers that are not null": (
        "fn accel_f(a: NonNull<RawFile>) -> Option<NonNull<SrcuCtr>>;",
        "struct srcu_ctr *accel_f(struct file *a);",
        False,
    ),
    "pointers to pointers": (
        "fn accel_f(a: *const *mut bindings::page);",
        "void accel_f(struct page *const *a);",
        False,
    ),
    "what hands out": (
        "fn accel_f() -> Returned<RawDmaBuf>;",
        "struct dma_buf *accel_f(void);",
        False,
    ),
    "a callback": (
        "fn accel_f(a: unsafe extern \"C\" fn(*mut c_void, c_int) -> c_long, b: Own);",
        "typedef u32 (*accel_own_t)(u64 x);\nvoid accel_f(long (*a)(void *, int), accel_own_t b);",
        False,
    ),
    "over lines, with attributes and comments": (
        "#[cfg(CONFIG_A)]\n    pub(crate) fn accel_f(\n        // ;\n        a: c_int,\n    ) -> c_int;",
        "int accel_f(int a);",
        False,
    ),
    "a narrower argument": ("fn accel_f(a: c_int);", "void accel_f(long a);", True),
    "a wider argument": ("fn accel_f(a: u64);", "void accel_f(u32 a);", True),
    "an argument with another sign": ("fn accel_f(a: c_uint);", "void accel_f(int a);", True),
    "a narrower result": ("fn accel_f() -> c_int;", "long accel_f(void);", True),
    "a bool for an int": ("fn accel_f() -> bool;", "int accel_f(void);", True),
    "a result of nothing": ("fn accel_f() -> c_int;", "void accel_f(void);", True),
    "no result": ("fn accel_f();", "int accel_f(void);", True),
    "an argument less": ("fn accel_f(a: c_int);", "void accel_f(int a, int b);", True),
    "an argument more": ("fn accel_f(a: c_int);", "void accel_f(void);", True),
    "another order": ("fn accel_f(a: c_int, b: u64);", "void accel_f(u64 b, int a);", True),
    "a pointer to what is constant": (
        "fn accel_f(a: *mut c_void);", "void accel_f(const void *a);", True,
    ),
    "a pointer to what is not constant": (
        "fn accel_f(a: *const c_void);", "void accel_f(void *a);", True,
    ),
    "a result that is constant": ("fn accel_f() -> *mut u32;", "const u32 *accel_f(void);", True),
    "a reference to what C changes": ("fn accel_f(a: &u32);", "void accel_f(u32 *a);", True),
    "a mutable reference to what is constant": (
        "fn accel_f(a: &mut u32);", "void accel_f(const u32 *a);", True,
    ),
    "a pointer to another structure": (
        "fn accel_f(a: *mut bindings::file);", "void accel_f(struct page *a);", True,
    ),
    "a reference to another structure": (
        "fn accel_f(a: &Device);", "void accel_f(struct file *a);", True,
    ),
    "a pointer to any structure": (
        "fn accel_f(a: *mut c_void);", "void accel_f(struct file *a);", True,
    ),
    "a pointer for a number": ("fn accel_f(a: *mut c_void);", "void accel_f(unsigned long a);", True),
    "a callback that takes another integer": (
        "fn accel_f(a: unsafe extern \"C\" fn(c_int));", "void accel_f(void (*a)(long));", True,
    ),
    "a callback of another type": (
        "fn accel_f(a: Own);", "typedef u64 (*accel_own_t)(u64 x);\nvoid accel_f(accel_own_t a);", True,
    ),
}

HEADER = """
#include <stdbool.h>
#include <stddef.h>
typedef unsigned int u32;
typedef unsigned long long u64;
struct device;
struct dma_buf;
struct dma_fence;
struct file;
struct page;
struct srcu_ctr;
"""


def block(prototype):
    return f'type Own = unsafe extern "C" fn(u64) -> u32;\n\nunsafe extern "C" {{\n    {prototype}\n}}\n'


def comparisons():
    """The cases: what is written into the tree, and what is printed about it."""
    for name, (rust, c, differs) in PROTOTYPES.items():
        expected = [f"{RUST}:", "is in C accel_f("] if differs else []
        yield name, {RUST: block(rust), "rust/accel/sys/own.h": HEADER + c}, expected
    prototype, header = "fn accel_f(a: c_int);", HEADER + "void accel_f(int a);\n"
    yield (
        "what C does not declare",
        {RUST: block(prototype), "rust/accel/sys/own.h": HEADER},
        [f"{RUST}:4: accel_f: C does not declare it"],
    )
    yield (
        "what Rust does not declare",
        {"rust/accel/sys/own.h": header},
        ["accel_f: a header declares it, but Rust does not"],
    )
    yield (
        "what is no prototype",
        {RUST: block("fn accel_f(a: );"), "rust/accel/sys/own.h": header},
        [f"{RUST}:4: accel_f: this cannot be read"],
    )
    for folder in ("tools/testing/kunit", "tools/testing/driver", "samples"):
        yield (
            f"in {folder}",
            {f"{folder}/own.rs": block("fn accel_f(a: c_long);"), f"{folder}/own.h": header},
            [f"{folder}/own.rs:4: accel_f(isize)", "is in C accel_f(i32)"],
        )
    yield (
        "outside of sys",
        {"rust/accel/base/own.rs": block(prototype), "rust/accel/sys/own.h": header},
        ["rust/accel/base/own.rs:4: accel_f: the prototypes of the framework are in"],
    )
    yield (
        "beside a static",
        {RUST: block("static A: [u8; 2];\n    fn accel_f(a: c_int);"), "rust/accel/sys/own.h": header},
        [],
    )
    event = "void rust_do_trace_accel_e(u32 a, const char *b);\n"
    macro = 'macro_rules! tracepoint {\n    () => { extern "C" { fn [< f $name >]($a); } };\n}\n'
    for name, type_b, expected in (
        ("a tracepoint", "&core::ffi::CStr", []),
        ("another tracepoint", "u32", ["rust_do_trace_accel_e(u32, u32)", "is in C rust_do_trace"]),
    ):
        rust = f"{macro}\ntracepoint!(accel_e(\n    a: u32,\n    b: {type_b}\n));\n"
        yield name, {RUST: rust, "rust/accel/sys/own.h": HEADER + event}, expected


USE = "use kernel::bindings;\n"


def users():
    owner = "rust/accel/bus/faux/modules.rs"
    yield "in sys", {RUST: USE}, []
    yield "in a test of KUnit", {
        "rust/accel/base/own.rs": f"#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]\nmod tests {{\n    {USE}}}\n"
    }, []
    yield "in a comment", {"rust/accel/base/own.rs": "/// The bindings.\n"}, []
    yield (
        "not listed",
        {"rust/accel/base/own.rs": f"\n{USE}"},
        ["rust/accel/base/own.rs:2: uses the bindings"],
    )
    yield "listed in vain", {owner: "\n"}, [f"{owner}: is listed, but does not use"]


def write(tree, name, text):
    file = tree / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def run(name, files, expected, owners):
    """Returns what is wrong with a case."""
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        for owner in owners:
            write(tree, f"rust/accel/{owner}", USE)
        write(tree, "rust/accel/sys/empty.h", "")
        write(tree, "kernel/rust/bindings/.bindings_helpers_generated.rs.cmd", COMMAND)
        for file, text in files.items():
            write(tree, file, text)
        check = [sys.executable, str(CHECK), str(tree / "kernel"), folder]
        done = subprocess.run(check, capture_output=True, text=True, check=False)
    wrong = [f"{name}: does not print: {text}" for text in expected if text not in done.stdout]
    if done.returncode != (1 if expected else 0) or (not expected and done.stdout):
        wrong.append(f"{name}: exits with {done.returncode}: {done.stdout}{done.stderr}")
    return wrong


def main():
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(CHECK.parent))
    from c_side import OWNERS  # pylint: disable=import-outside-toplevel

    cases = [*comparisons(), *users()]
    wrong = [text for case in cases for text in run(*case, OWNERS)]
    print("\n".join(wrong) if wrong else f"{len(cases)} cases")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
