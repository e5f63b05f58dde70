#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes a crate of the examples in the documentation of the framework: examples.py [TREE]

Prints a source with one function for each example, as rustdoc makes of them. The
name of a function says where its example is. Rustdoc itself does not find the
examples of a crate whose attributes are on the command line, as Kbuild has them.
"""

import pathlib
import re
import sys

CRATE = "rust/accel"
DOC = re.compile(r"\s*//[/!] ?(.*)")
FENCE = re.compile(r"\s*```(.*)")
# What a fence of an example that compiles may say.
RUST = ("", "rust")
# At the end of an example that uses `?`.
RESULT = re.compile(r"Ok::<\(\), \w+>\(\(\)\)$")


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


def main(arguments):
    tree = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent)
    crate = tree / CRATE
    print("//! The examples in the documentation of the crate `accel`.\n\n#![allow(unused)]")
    for path in sorted(crate.rglob("*.rs")):
        for line, code in examples(path):
            name = re.sub(r"\W", "_", str(path.relative_to(crate).with_suffix("")))
            result = " -> Result<(), impl core::fmt::Debug>" if RESULT.match(code[-1]) else ""
            print(f"\nfn {name}_line_{line}(){result} {{", *code, "}", sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
