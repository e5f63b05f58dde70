#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Adds our crates to a rust-project.json of the kernel: rust_analyzer.py FILE

The kernel's own script makes the file, but finds an external module's crate
only where the Kbuild that names it lies beside its root file. Ours is one for
all crates, since they depend on each other.
"""

import json
import pathlib
import re
import sys

ROOT_OF_CRATE = re.compile(r"^(kernel::|accel::)?module(_[a-z_]+)?! \{", re.MULTILINE)
FOLDERS = ("rust", "drivers", "samples", "tools/testing")
DEPENDENCIES = ("core", "kernel", "pin_init", "zerocopy", "zerocopy_derive")


def crate_roots(tree):
    """The root files of our crates, the framework's first."""
    files = [file for folder in FOLDERS for file in sorted((tree / folder).rglob("*.rs"))]
    return [file for file in files if ROOT_OF_CRATE.search(file.read_text())]


def add_crates(project, tree):
    crates = project["crates"]
    index = {crate["display_name"]: number for number, crate in enumerate(crates)}
    kernel = crates[index["kernel"]]
    for root in crate_roots(tree):
        names = [*DEPENDENCIES, "accel"] if "accel" in index else DEPENDENCIES
        index[root.stem] = len(crates)
        crates.append(
            {
                "display_name": root.stem,
                "root_module": str(root),
                "is_workspace_member": True,
                "deps": [{"crate": index[name], "name": name} for name in names],
                "cfg": kernel["cfg"],
                "edition": kernel["edition"],
                "env": kernel["env"],
            }
        )


def main():
    file = pathlib.Path(sys.argv[1])
    project = json.loads(file.read_text())
    add_crates(project, file.resolve().parent)
    file.write_text(json.dumps(project, sort_keys=True, indent=4) + "\n")


if __name__ == "__main__":
    main()
