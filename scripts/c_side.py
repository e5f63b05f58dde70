#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Checks what Rust says of C: c_side.py KERNEL [TREE]

Rust declares the C functions itself that the bindings of the kernel crate do not
have. No compiler compares these prototypes with those in C: a function that has
another argument, or an integer of another width, is linked all the same. Here,
bindgen reads the headers beside the Rust sources, with the flags with which it has
made the bindings of the kernel whose build folder is KERNEL, and each prototype has
to be what it makes of them. A reference, and what may be one, stands for a pointer.

Files outside of sys/ that use the kernel's bindings are listed below, with what they
have of C.

Prints what is wrong and exits with 1.
"""

import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rust_crate import Crate, blank, end_of_block, without_comments, without_tests  # noqa: E402

CRATE = "rust/accel"
SYS = f"{CRATE}/sys"
# Where the crates are. Those of drivers and tests have the headers of their C functions beside
# the files that declare these.
FOLDERS = ("drivers", "rust", "samples", "tools/testing")
# Where bindgen was called, and with what.
COMMAND = "rust/bindings/.bindings_helpers_generated.rs.cmd"

# What Rust calls integers of C, and structures: these have the layout of the structure.
NAMES = {
    "bool_": "bool",
    "c_char": "u8",
    "c_int": "i32",
    "c_long": "isize",
    "c_uint": "u32",
    "c_ulong": "usize",
    "__u32": "u32",
    "__u64": "u64",
    "s32_": "i32",
    "s64_": "i64",
    "u8_": "u8",
    "u32_": "u32",
    "u64_": "u64",
}
WRAPPERS = {
    "AccelHwmon": "accel_hwmon",
    "CStr": "u8",
    "Command": "u8",
    "Device": "device",
    "Fence": "dma_fence",
    "MemCgroup": "mem_cgroup",
    "P2pdmaProvider": "p2pdma_provider",
    "PlatformDeviceSide": "device",
    "RawDmaBuf": "dma_buf",
    "RawFile": "file",
    "RawHolder": "accel_test_holder",
    "RawWork": "dma_fence",
    "SrcuCtr": "srcu_ctr",
}
# Who uses the bindings of the kernel outside of sys/, for what object of C: those that own
# one, or are called with one by C.
OWNERS = {
    "base/awake.rs": "device, of the power management",
    "base/client.rs": "pid",
    "base/eventfd.rs": "eventfd_ctx",
    "base/fence.rs": "dma_fence",
    "base/fence/dma_resv.rs": "dma_resv",
    "base/fence/dma_resv/locked_reservations.rs": "dma_resv",
    "base/fence/merge.rs": "dma_fence, of several",
    "base/gate.rs": "srcu_struct",
    "base/queue.rs": "workqueue_struct",
    "base/sync_timeline/descriptor.rs": "file_operations, of timelines",
    "base/sync_timeline/points.rs": "dma_fence_cb",
    "base/wait/points.rs": "wait_queue_entry",
    "base/wait/queue.rs": "wait_queue_head, wait_queue_entry",
    "buffers/borrowers.rs": "dma_buf, those that were exported",
    "buffers/export.rs": "dma_buf_ops",
    "buffers/export/access.rs": "dma_buf_attachment, of another device",
    "buffers/import.rs": "dma_buf_attachment",
    "buffers/import/requests.rs": "task_struct",
    "buffers/import/map.rs": "sg_table, of an exporter",
    "buffers/map.rs": "vm_operations_struct, of buffers",
    "buffers/vmap.rs": "dma_buf, as the processor accesses it",
    "bus/faux/modules.rs": "notifier_block",
    "bus/pci.rs": "pci_dev, its ids and resources",
    "bus/pci/enabled.rs": "pci_dev, what is enabled of it",
    "bus/pci/function_reset.rs": "pci_dev, its lock",
    "bus/pci/interrupts.rs": "pci_dev, its line",
    "bus/pci/operations.rs": "pci_driver",
    "bus/pci/recovery.rs": "pci_error_handlers",
    "device/core.rs": "device, cdev",
    "device/core/registration.rs": "device, cdev, while they are registered",
    "device/fence_callback.rs": "dma_fence_cb",
    "device/node.rs": "device, cdev, of which class they are",
    "device/power/callbacks.rs": "dev_pm_ops",
    "device/task.rs": "delayed_work",
    "device/uevent.rs": "kobj_uevent_env",
    "memory/address_space.rs": "inode",
    "memory/coherent.rs": "memory of dma_alloc_attrs()",
    "memory/dma_buf.rs": "dma_buf",
    "memory/kernel_map.rs": "iosys_map",
    "memory/pages.rs": "page",
    "memory/table.rs": "sg_table",
    "memory/user.rs": "mmu_interval_notifier, page, user_struct",
    "node/chardev.rs": "class, file_operations",
    "node/debugfs/folder.rs": "dentry, file_operations",
    "node/fdinfo.rs": "seq_file",
    "node/mapping.rs": "vm_operations_struct, of devices",
    "node/sysfs.rs": "device_attribute",
    "node/sysfs/attributes.rs": "attribute_group",
    "node/sysfs/own.rs": "attribute_group, device_attribute",
    "node/sysfs/reset.rs": "device_attribute",
}
# Pointers that have a type of their own.
POINTERS = ("NonNull", "Returned")

PUBLIC = r"(?:pub(?:\([^)]*\))?\s+)?"
EXTERN = re.compile(r"\bextern\s*\{")
PROTOTYPE = re.compile(
    rf"(?:#\[[^\]]*\]\s*)*{PUBLIC}(?:safe\s+|unsafe\s+)?fn\s+(\w+)\s*\((.*)\)\s*(?:->(.*))?", re.DOTALL
)
# Up to a semicolon that is not one of an array.
ITEM = re.compile(r"[^\s;](?:\[[^\]]*\]|[^;\[])*")
STATIC = re.compile(rf"(?:#\[[^\]]*\]\s*)*{PUBLIC}static\b")
TRACEPOINT = re.compile(r"^tracepoint!\((\w+)\((.*?)\)\);", re.MULTILINE | re.DOTALL)
ALIAS = re.compile(rf"^{PUBLIC}type\s+(\w+)\s*=\s*([^;]+);", re.MULTILINE)
TOKEN = re.compile(r"[A-Za-z_]\w*|\d+|::|->|'\w+|[&*<>()\[\],;:]")
BINDINGS = re.compile(r"\bbindings\b")


class Type:
    """A type as it is written, of which this reads one after the other."""

    def __init__(self, text, aliases):
        self.tokens = TOKEN.findall(text)
        self.aliases = aliases

    def peek(self):
        return self.tokens[0] if self.tokens else ""

    def take(self, *wanted):
        """Takes the next token, if it is one of these."""
        if wanted and self.peek() not in wanted:
            return ""
        if not self.tokens:
            raise ValueError("the end")
        return self.tokens.pop(0)

    def arguments(self, end):
        """The types of a list up to its end; each may have a name."""
        found = []
        while not self.take(end):
            if len(self.tokens) > 1 and self.tokens[1] == ":":
                del self.tokens[:2]
            found.append(self.read())
            if not self.take(",") and self.peek() != end:
                raise ValueError(self.peek() or "the end")
        return found

    def function(self):
        while not self.take("fn"):
            self.take()
        self.take("(")
        arguments = self.arguments(")")
        result = self.read() if self.take("->") else "()"
        return f"fn({', '.join(arguments)}) -> {result}"

    def path(self):
        self.take("::")
        name = self.take()
        while self.take("::"):
            name = self.take()
        inner = self.arguments(">") if self.take("<") else []
        if name in self.aliases and name not in WRAPPERS:
            return Type(self.aliases[name], self.aliases).read()
        if name == "Option" and inner:
            return inner[0]
        if name in POINTERS:
            return f"*mut {inner[0]}"
        return WRAPPERS.get(name, NAMES.get(name, name))

    def read(self):
        """The next type, in the same words whatever it is called."""
        token = self.peek()
        if self.take("&"):
            while self.peek().startswith("'"):
                self.take()
            mutable = self.take("mut")
            opaque = self.peek() != "CStr" and any(token in WRAPPERS for token in self.tokens)
            inner = self.read()
            return f"*mut {inner}" if mutable else f"*{'any' if opaque else 'const'} {inner}"
        if self.take("*"):
            return f"*{self.take('mut', 'const')} {self.read()}"
        if self.take("("):
            self.take(")")
            return "()"
        if self.take("["):
            inner = self.read()
            while self.take() != "]":
                pass
            return f"[{inner}]"
        if token in ("unsafe", "extern", "fn"):
            return self.function()
        if not re.match(r"\w|::", token):
            raise ValueError(token)
        return self.path()


def signature(arguments, result, aliases):
    """The types of a function: its arguments, and what it returns."""
    return (
        Type(arguments + ")", aliases).arguments(")"),
        Type(result, aliases).read() if result and result.strip() else "()",
    )


def is_same(ours, theirs):
    """Whether a type of a Rust prototype is that of C. Who may change what a reference
    to a structure of C refers to is the matter of C."""
    if ours.startswith("*any "):
        return theirs in (ours.replace("*any", "*mut", 1), ours.replace("*any", "*const", 1))
    return ours == theirs


def written(types):
    arguments, result = types
    return f"({', '.join(arguments)}) -> {result}".replace("*any", "&")


class Source:
    """A file of Rust."""

    def __init__(self, file):
        self.file = file
        self.code = without_comments(file.read_text())
        self.aliases = dict(ALIAS.findall(self.code))

    def at(self, position):
        return f"{self.file}:{self.code.count(chr(10), 0, position) + 1}"

    def prototypes(self):
        """What it declares: where, the name, the arguments and the result of each."""
        code = self.code
        # A macro is looked at where it is used.
        for macro in re.finditer(r"\bmacro_rules!\s*\w+\s*\{", code):
            end = end_of_block(code, macro.end() - 1)
            code = code[: macro.start()] + blank(code[macro.start() : end]) + code[end:]
        for found in EXTERN.finditer(code):
            end = end_of_block(code, found.end() - 1) - 1
            for item in ITEM.finditer(code, found.end(), end):
                where, text = self.at(item.start()), item.group().strip()
                prototype = PROTOTYPE.fullmatch(text)
                if prototype:
                    yield (where, *prototype.groups())
                elif not STATIC.match(text):
                    yield where, text, None, None
        for found in TRACEPOINT.finditer(code):
            name, arguments = found.groups()
            yield self.at(found.start()), f"rust_do_trace_{name}", arguments, None


def sources(tree, folder):
    return [Source(file) for file in sorted((tree / folder).rglob("*.rs"))]


def declared_in_c(tree, kernel, headers, names):
    """What bindgen makes of the functions of the headers, and of those names."""
    command = (kernel / COMMAND).read_text()
    bindgen, *flags = shlex.split(re.search(r"^\S+ := (.*?)(?: ;.*)?$", command, re.MULTILINE).group(1))
    flags = [flag for flag in flags[flags.index("--") :] if not flag.startswith("-Wp,-MMD")]
    wanted = "|".join(["accel_.*", "rust_do_trace_accel_.*", *names])
    with tempfile.TemporaryDirectory() as folder:
        header = pathlib.Path(folder) / "all.h"
        header.write_text("".join(f'#include "{header}"\n' for header in headers))
        done = subprocess.run(
            [bindgen, str(header), "--use-core", "--ctypes-prefix=ffi", "--no-layout-tests"]
            + ["--no-recursive-allowlist", f"--allowlist-function={wanted}"]
            + ["--allowlist-type=accel_.*_t", "--allowlist-var=", *flags, f"-I{tree}/include/uapi"],
            cwd=kernel, capture_output=True, text=True, check=False,
        )
    if done.returncode:
        sys.exit(done.stderr)
    code = without_comments(done.stdout)
    aliases = dict(ALIAS.findall(code))
    found = {}
    for block in EXTERN.finditer(code):
        item = code[block.end() : end_of_block(code, block.end() - 1) - 1].strip().rstrip(";")
        prototype = PROTOTYPE.fullmatch(item)
        if prototype:
            name, arguments, result = prototype.groups()
            found[name] = signature(arguments, result, aliases)
    return found


def wrong_prototypes(tree, kernel):
    ours, headers = [], set((tree / CRATE).rglob("*.h"))
    for source in [source for folder in FOLDERS for source in sources(tree, folder)]:
        for where, name, arguments, result in source.prototypes():
            headers.update(source.file.parent.glob("*.h"))
            try:
                ours.append((where, name, signature(arguments, result, source.aliases)))
            except (TypeError, ValueError):
                yield f"{where}: {name}: this cannot be read as a prototype"
            if source.file.is_relative_to(tree / CRATE) and not source.file.is_relative_to(tree / SYS):
                yield f"{where}: {name}: the prototypes of the framework are in {SYS}"
    read = [file.resolve() for file in sorted(headers) if not file.name.endswith("_generated.h")]
    theirs = declared_in_c(tree, kernel, read, [name for _, name, _ in ours])
    for where, name, types in ours:
        if name not in theirs:
            yield f"{where}: {name}: C does not declare it"
            continue
        expected = theirs[name]
        pairs = [(types[1], expected[1]), *zip(types[0], expected[0])]
        if len(types[0]) != len(expected[0]) or not all(is_same(*pair) for pair in pairs):
            yield f"{where}: {name}{written(types)}\n    is in C {name}{written(expected)}"
    for name in sorted(theirs.keys() - {name for _, name, _ in ours}):
        yield f"{name}: a header declares it, but Rust does not"


def wrong_users(tree):
    """Files that use the kernel's bindings, but are not listed; and the other way round."""
    root = tree / CRATE
    users = set()
    for module in Crate.of_folder(root, "accel").modules.values():
        name = str(module.file.relative_to(root))
        code, _ = without_tests(without_comments(module.text))
        found = BINDINGS.search(code)
        if module.file.is_relative_to(tree / SYS) or not found:
            continue
        users.add(name)
        if name not in OWNERS:
            yield (
                f"{module.file}:{module.line(found.start())}: uses the bindings of the kernel, but is"
                " not listed as one that has an object of C"
            )
    for name in OWNERS:
        if name not in users:
            yield f"{root / name}: is listed, but does not use the bindings of the kernel"


def main():
    kernel = pathlib.Path(sys.argv[1])
    here = pathlib.Path(__file__).resolve().parents[1]
    tree = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else here
    problems = [*wrong_prototypes(tree, kernel), *wrong_users(tree)]
    for problem in problems:
        print(problem.removeprefix(f"{tree}/"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
