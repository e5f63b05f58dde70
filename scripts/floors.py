#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Checks that the layers of the framework hold: floors.py [--draw] [TREE]

A folder of rust/accel/ is a floor. A floor uses itself and those below it: see
rust_crate.py for what of the sources counts as a use. Methods that a floor adds to a
type of a lower floor have no path where they are called, so these are looked for by
their names.

Two things may name a higher floor: comments, which explain, and what is only built
for KUnit, which looks at a mechanism from outside. The root file accel.rs belongs
to no floor: it puts them together.

In all other crates of the tree, no files use each other in a circle, but by way of
the root file, which has the tables of a driver as well as its types.

Prints each offending line and exits with 1; and so it does if a picture of the
floors differs from the list below, if the root has too many entries, or if a
source file is too long. With --draw, writes the drawing of the documentation.
"""

import html
import pathlib
import re
import sys

sys.dont_write_bytecode = True
from rust_crate import DECLARED, Crate, blank, circles, end_of_block  # noqa: E402

# From the top to the bottom.
FLOORS = ("bus", "driver", "node", "device", "buffers", "memory", "base", "sys")

CRATE = "rust/accel"
ROOT_ENTRIES = 9
# How many files there are on a floor, at most.
FLOOR_FILES = {"buffers": 16, "memory": 16}
# Where files have at most so many lines.
SOURCES = ("drivers", "rust", "samples", "scripts", "tools")
LINES = 400
# Where there are crates without floors.
CRATES = (
    "drivers/accel",
    "samples",
    "tools/accel/accel/src",
    "tools/accel/accelctl/src",
    "tools/testing/driver",
    "tools/testing/kunit",
)

# The same list of floors, each with what is there, is in these.
PICTURE = f"{CRATE}/accel.rs"
DRAWING_SOURCE = "Documentation/accel/floors.txt"
DRAWING = "Documentation/accel/floors.svg"
PAGE_SECTIONS = ("# What is here", "# What it may use", "# What it must not know")

TYPE = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:struct|enum|union)\s+(\w+)", re.MULTILINE)
IMPL = re.compile(r"^impl\b(?:<(?:[^<>]|<[^<>]*>)*>)?\s+([\w:]+)[^{;]*\{", re.MULTILINE)
METHOD = re.compile(r"\bfn\s+(\w+)\s*(?:<(?:[^<>]|<[^<>]*>)*>)?\(\s*(?:&\s*(?:'\w+\s+)?)?(?:mut\s+)?self\b")


def floor(module):
    """The floor that a module is on: `None` for the root of the crate."""
    return module.path[0] if module.path else None


def methods(crate):
    """The floors that define a method, by its name: those that add it to a type of a floor
    below, and the others."""
    types = {}
    for module in crate.modules.values():
        for name in TYPE.findall(module.code):
            types.setdefault(name, set()).add(floor(module))
    added, own = {}, {}
    for module in crate.modules.values():
        code = module.code
        for found in IMPL.finditer(code):
            of_type = types.get(found.group(1).split("::")[-1])
            if " for " in found.group() or not of_type or floor(module) in of_type:
                continue
            end = end_of_block(code, found.end() - 1)
            for method in METHOD.findall(code[found.end() : end]):
                added.setdefault(method, set()).add(floor(module))
            code = code[: found.end()] + blank(code[found.end() : end]) + code[end:]
        for method in METHOD.findall(code):
            own.setdefault(method, set()).add(floor(module))
    return added, own


def upward(crate):
    """What is wrong with the imports."""
    rank = {floor: number for number, floor in enumerate(FLOORS)}
    added, own = methods(crate)
    for module in crate.modules.values():
        here = floor(module)
        if here not in rank:
            continue
        found = set()
        for line, path in crate.references(module):
            there = floor(crate.leads_to(path))
            if there in rank and rank[there] < rank[here]:
                found.add((line, there))
        for call in re.finditer(r"\.\s*(\w+)\s*(?:::<[^()]*>)?\(", module.code):
            known = added.get(call.group(1), set()) | own.get(call.group(1), set())
            if call.group(1) in added and all(rank.get(there, -1) < rank[here] for there in known):
                found.add((module.line(call.start(1)), max(added[call.group(1)], key=rank.get)))
        for line, there in sorted(found):
            text = module.text.splitlines()[line - 1].strip()
            yield f"{module.file}:{line}: {text}\n    {here} must not use {there}, which is above it"


def crates(folder):
    """The crates in a folder: each file there that no other declares is the root of one."""
    files = sorted(folder.glob("*.rs"))
    declared = {name for file in files for _, name in DECLARED.findall(file.read_text())}
    return [Crate.of_root(file) for file in files if file.stem not in declared]


def wrong_circles(tree):
    """Files that use each other in a circle."""
    for folder in CRATES:
        for crate in crates(tree / folder):
            modules = [module for module in crate.modules.values() if module.path]
            graph = {module.path: crate.imports(module) for module in modules}
            for circle in circles(graph):
                for path in sorted(circle):
                    module = crate.modules[path]
                    for there in sorted(circle & graph[path].keys()):
                        line = graph[path][there]
                        text = module.text.splitlines()[line - 1].strip()
                        other = crate.modules[there].file.name
                        yield f"{module.file}:{line}: {text}\n    in a circle with {other}"


def wrong_entries(root):
    """What is wrong with the root folder, and with the pages of the floors."""
    # Git leaves empty folders behind, and a build what it has made.
    present = [entry for entry in root.iterdir() if entry.is_file() or any(entry.rglob("*.rs"))]
    built = (".o", ".rmeta")
    entries = sorted(
        entry.name for entry in present if entry.suffix not in built and entry.name[0] != "."
    )
    if len(entries) > ROOT_ENTRIES:
        yield f"{root}: {len(entries)} entries, of at most {ROOT_ENTRIES}: {' '.join(entries)}"
    folders = {entry.name for entry in present if entry.is_dir()}
    for folder in sorted(folders ^ set(FLOORS)):
        yield f"{root}/{folder}: a folder of the crate is a floor, and each floor is a folder"
    for file in sorted(root.glob("*.rs")):
        if file.name != "accel.rs":
            yield f"{file}: each module is on a floor"
    for floor, most in FLOOR_FILES.items():
        files = len(list((root / floor).rglob("*.rs")))
        if files > most:
            yield f"{root / floor}: {files} files, of at most {most}"
    for floor in FLOORS:
        page = root / floor / "mod.rs"
        text = page.read_text() if page.exists() else ""
        for section in PAGE_SECTIONS:
            if f"//! {section}\n" not in text:
                yield f"{page}: its page has no section '{section}'"


def wrong_lengths(tree):
    """Files that are too long."""
    for folder in SOURCES:
        for file in sorted((tree / folder).rglob("*")):
            if file.suffix not in (".rs", ".c", ".h", ".py", ".sh"):
                continue
            if file.name.endswith((".mod.c", "_generated.h")):
                continue
            lines = len(file.read_text().splitlines())
            if lines > LINES:
                yield f"{file}: {lines} lines, of at most {LINES}"


def drawn(tree):
    """The floors of the drawing's source, each with what is there."""
    lines = (tree / DRAWING_SOURCE).read_text().splitlines()
    rows = [line.split(None, 1) for line in lines if line.strip() and line[0] not in "#."]
    return [(row[0], row[1] if len(row) > 1 else "") for row in rows]


def draw(rows):
    """The drawing: a stack of boxes."""
    width, height, gap = 720, 52, 14
    size = len(rows) * (height + gap) + gap
    out = [
        "<!-- SPDX-License-Identifier: GPL-2.0 -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{size}"'
        f' viewBox="0 0 {width} {size}" font-family="sans-serif">',
        f"<title>The floors of {CRATE}, each uses those below it</title>",
        f'<rect width="{width}" height="{size}" fill="#ffffff"/>',
    ]
    for number, (floor, what) in enumerate(rows):
        top = gap + number * (height + gap)
        out += [
            f'<rect x="10" y="{top}" width="{width - 20}" height="{height}" rx="4"'
            ' fill="#f2f5f9" stroke="#44546a"/>',
            f'<text x="28" y="{top + 32}" font-size="18" font-weight="bold">{html.escape(floor)}</text>',
            f'<text x="130" y="{top + 31}" font-size="14">{html.escape(what)}</text>',
        ]
        if number + 1 < len(rows):
            low = top + height
            out.append(
                f'<path d="M{width // 2} {low} v{gap - 2} m-5 -6 l5 6 l5 -6" fill="none" stroke="#44546a"/>'
            )
    return "\n".join([*out, "</svg>", ""])


def wrong_pictures(tree):
    """Pictures that differ from the list of floors."""
    text = (tree / PICTURE).read_text()
    block = re.search(r"^//! ```text\n(.*?)^//! ```$", text, re.MULTILINE | re.DOTALL)
    words = [line[3:].split() for line in block.group(1).splitlines()] if block else []
    shown = [line[0] for line in words if line and re.fullmatch(r"[a-z]+", line[0])]
    if shown != list(FLOORS):
        yield f"{tree / PICTURE}: the picture shows {shown}, and the floors are {list(FLOORS)}"
    rows = drawn(tree)
    if [floor for floor, _ in rows] != list(FLOORS):
        yield f"{tree / DRAWING_SOURCE}: {[floor for floor, _ in rows]} are not {list(FLOORS)}"
    drawing = tree / DRAWING
    if not drawing.exists() or drawing.read_text() != draw(rows):
        yield f"{drawing}: not what {DRAWING_SOURCE} says; run scripts/floors.py --draw"


def wrong(tree):
    root = tree / CRATE
    yield from wrong_entries(root)
    yield from upward(Crate.of_folder(root, "accel"))
    yield from wrong_circles(tree)
    yield from wrong_lengths(tree)
    yield from wrong_pictures(tree)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--draw"]
    tree = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).resolve().parents[1])
    if "--draw" in sys.argv:
        (tree / DRAWING).write_text(draw(drawn(tree)))
        return 0
    problems = list(wrong(tree))
    for problem in problems:
        print(problem.replace(f"{tree}/", ""))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
