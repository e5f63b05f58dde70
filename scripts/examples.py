#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The examples in the documentation of the framework: examples.py [--share] [TREE]

Prints a crate with one function for each example, as rustdoc makes of them. The
name of a function says where its example is. Rustdoc itself does not find the
examples of a crate whose attributes are on the command line, as Kbuild has them.

With --share, counts instead how many of the public items that a driver sees have
an example: those of the floor `driver`, and what that takes from other floors for
drivers. If it is less than half, prints those that have none, and exits with 1.
"""

import pathlib
import re
import sys

CRATE = "rust/accel"
FLOOR = "driver"
ABOVE = ("bus",)
DOC = re.compile(r"\s*//[/!] ?(.*)")
FENCE = re.compile(r"\s*```(.*)")
# What a fence of an example that compiles may say.
RUST = ("", "rust")
# At the end of an example that uses `?`.
RESULT = re.compile(r"Ok::<\(\), \w+>\(\(\)\)$")

ITEM = re.compile(r"(?:pub (?:const |unsafe )*(fn|struct|enum|trait|type)|(macro_rules)!) (\w+)")
IMPL = re.compile(r"impl\b(?:<(?:[^<>]|<[^<>]*>)*>)?\s+(?:\w+::)*(\w+)")
METHOD = re.compile(r"    fn (\w+)")
EXPORT = re.compile(r"^pub use ([^;]+);", re.MULTILINE)
NAME = re.compile(r"(\w+)\s*(?:,|//|\}|$)")


def examples(path):
    """The examples of a file: the line of each, and its code."""
    code, begin = None, 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = DOC.match(line)
        text = found.group(1) if found else None
        fence = FENCE.match(text) if found else None
        if fence and code is None:
            code, begin, is_rust = [], number, fence.group(1) in RUST
        elif fence:
            if is_rust:
                yield begin, code
            code = None
        elif code is not None:
            # A line that rustdoc hides.
            hidden = text.lstrip()
            code.append(hidden[2:] if hidden.startswith("# ") or hidden == "#" else text)


def items(path):
    """The public items of a file: the line, the type that each belongs to, its name, and whether
    it has an example. All public items have a comment: the compiler sees to that."""
    lines = path.read_text().splitlines()
    begins = {line for line, _ in examples(path)}
    comment, attributes, has_example, owner, is_trait = False, "", False, None, False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("///"):
            has_example = (comment and has_example) or number in begins
            comment = True
            continue
        if text.startswith("#["):
            attributes += text
            continue
        if found := IMPL.match(line):
            owner, is_trait = None if " for " in line else found.group(1), False
        elif line == "}":
            owner, is_trait = None, False
        kind = name = None
        if found := ITEM.match(text):
            kind, name = found.group(1) or found.group(2), found.group(3)
        elif is_trait and (found := METHOD.match(line)):
            kind, name = "fn", found.group(1)
        is_public = comment and "doc(hidden)" not in attributes
        if kind == "macro_rules":
            is_public = is_public and "macro_export" in attributes
        if name and is_public:
            yield number, owner if line.startswith(" ") else None, name, has_example
        if kind == "trait" and not line.startswith(" "):
            owner, is_trait = name, True
        comment, attributes = False, ""


def exported(floor):
    """The names that the files of a floor take from other floors, for others."""
    names = set()
    for path in floor.glob("*.rs"):
        for found in EXPORT.finditer(path.read_text()):
            names.update(NAME.findall(found.group(1)))
    return names


def share(crate):
    """Whether half of what a driver sees has an example."""
    floor, above = crate / FLOOR, [crate / name for name in ABOVE]
    names = exported(floor)
    lacking, total = [], 0
    for path in sorted(crate.rglob("*.rs")):
        for line, owner, name, has_example in items(path):
            if path.parent != floor and (path.parent in above or (owner or name) not in names):
                continue
            total += 1
            if not has_example:
                lacking.append(f"{path}:{line}: {owner}::{name}" if owner else f"{path}:{line}: {name}")
    print(f"{total - len(lacking)} of {total} public items have an example")
    if 2 * len(lacking) > total:
        print("without one:", *lacking, sep="\n")
        return False
    return True


def print_crate(crate):
    print("//! The examples in the documentation of the crate `accel`.\n\n#![allow(unused)]")
    for path in sorted(crate.rglob("*.rs")):
        for line, code in examples(path):
            name = re.sub(r"\W", "_", str(path.relative_to(crate).with_suffix("")))
            result = " -> Result<(), impl core::fmt::Debug>" if RESULT.match(code[-1]) else ""
            print(f"\nfn {name}_line_{line}(){result} {{", *code, "}", sep="\n")


def main(arguments):
    counts = "--share" in arguments
    trees = [argument for argument in arguments if argument != "--share"]
    crate = pathlib.Path(trees[0] if trees else pathlib.Path(__file__).parent.parent) / CRATE
    if counts:
        sys.exit(not share(crate))
    print_crate(crate)


if __name__ == "__main__":
    main(sys.argv[1:])
