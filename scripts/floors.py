#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Checks that the layers of the framework hold: floors.py [--draw] [TREE]

A folder of rust/accel/ is a floor. A floor uses itself and those below it. That
is read from the sources: each path that begins with `crate`, `$crate`, `self` or
`super`, or with the name of a module in scope, is followed to the module that it
leads to, through re-exports. Methods that a floor adds to a type of a lower floor
have no path where they are called, so these are looked for by their names.

Two things may name a higher floor: comments, which explain, and what is only built
for KUnit, which looks at a mechanism from outside. The root file accel.rs belongs
to no floor: it puts them together.

Prints each offending line and exits with 1; and so it does if a picture of the
floors differs from the list below, if the root has too many entries, or if a
source file is too long. With --draw, writes the drawing of the documentation.
"""

import html
import pathlib
import re
import sys

# From the top to the bottom.
FLOORS = ("bus", "driver", "node", "device", "memory", "base", "sys")

CRATE = "rust/accel"
ROOT_ENTRIES = 9
# Where files have at most so many lines.
SOURCES = ("drivers", "rust", "samples", "scripts")
LINES = 400

# The same list of floors, each with what is there, is in these.
PICTURE = f"{CRATE}/accel.rs"
DRAWING_SOURCE = "Documentation/accel/floors.txt"
DRAWING = "Documentation/accel/floors.svg"
PAGE_SECTIONS = ("# What is here", "# What it may use", "# What it must not know")

KUNIT = re.compile(r"#\[cfg\(CONFIG_RUST_ACCEL_KUNIT_TEST\)\]")
USE = re.compile(r"^[ \t]*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);", re.MULTILINE)
PATH = re.compile(r"(?<![\w:$])(\$?crate|self|super)((?:\s*::\s*\w+)+)")
NAMED = re.compile(r"(?<![\w:.$])([a-z]\w*)\s*::")
FIRST = ("crate", "$crate", "self", "super")
TYPE = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:struct|enum|union)\s+(\w+)", re.MULTILINE)
IMPL = re.compile(r"^impl\b(?:<(?:[^<>]|<[^<>]*>)*>)?\s+([\w:]+)[^{;]*\{", re.MULTILINE)
METHOD = re.compile(r"\bfn\s+(\w+)\s*(?:<(?:[^<>]|<[^<>]*>)*>)?\(\s*(?:&\s*(?:'\w+\s+)?)?(?:mut\s+)?self\b")


def blank(text):
    """As many lines, with nothing in them."""
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """The code, with comments, strings and characters blanked."""
    token = re.compile(
        r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\[^\n']+|[^\\'\n])'", re.DOTALL
    )
    return token.sub(lambda found: blank(found.group()), text)


def end_of_block(code, brace):
    """Where the block ends that begins at `brace`."""
    depth = 0
    for position in range(brace, len(code)):
        depth += (code[position] == "{") - (code[position] == "}")
        if depth == 0:
            return position + 1
    return len(code)


def without_tests(code):
    """The code without what is only built for KUnit, and the names of such modules."""
    item = re.compile(
        r"(?:\s*#\[[^\]]*\])*\s*(?:pub(?:\([^)]*\))?\s+)?(?:mod\s+(\w+)\s*(;|\{)|use[^;]*;)"
    )
    left_out = []
    for found in reversed(list(KUNIT.finditer(code))):
        tested = item.match(code, found.end())
        if not tested:
            continue
        end = tested.end()
        if tested.group(2) == "{":
            end = end_of_block(code, end - 1)
        elif tested.group(2) == ";":
            left_out.append(tested.group(1))
        code = code[: found.start()] + blank(code[found.start() : end]) + code[end:]
    return code, left_out


def split(body):
    """The parts of a list in braces."""
    parts, depth, part = [], 0, ""
    for character in body:
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    return [part for part in (*parts, part) if part.strip()]


def paths_of(tree, prefix=()):
    """The paths in the tree of a `use`, each with the name that it is given."""
    tree = tree.strip()
    brace = tree.find("{")
    if brace < 0:
        path, _, alias = re.sub(r"\s+", " ", tree).partition(" as ")
        path = tuple(part.strip() for part in path.split("::"))
        path = prefix if path == ("self",) and prefix else (*prefix, *path)
        return [(path, alias or path[-1])]
    start = tuple(part.strip() for part in tree[:brace].split("::") if part.strip())
    inner = split(tree[brace + 1 : tree.rindex("}")])
    return [path for part in inner for path in paths_of(part, (*prefix, *start))]


class Module:
    """A source file of the crate."""

    def __init__(self, file, path):
        self.file = file
        self.path = path
        self.text = file.read_text()
        self.code, self.tests = without_tests(without_comments(self.text))
        self.uses = []
        self.exports = {}
        self.in_scope = {}

    def floor(self):
        return self.path[0] if self.path else None

    def line(self, position):
        return self.code.count("\n", 0, position) + 1

    def absolute(self, path):
        """A path from the root of the crate."""
        if path[0] in ("crate", "$crate"):
            return path[1:]
        if path[0] == "self":
            return (*self.path, *path[1:])
        here = self.path
        while path and path[0] == "super":
            here, path = here[:-1], path[1:]
        return (*here, *path)


class Crate:
    """All modules of the crate, and where a path in one of them leads."""

    def __init__(self, root):
        self.modules = {}
        for file in sorted(root.rglob("*.rs")):
            path = file.relative_to(root).with_suffix("").parts
            if path[-1] == "mod":
                path = path[:-1]
            elif path == ("accel",):
                path = ()
            self.modules[path] = Module(file, path)
        for module in list(self.modules.values()):
            for test in module.tests:
                self.modules.pop((*module.path, test), None)
        for module in self.modules.values():
            self.read_uses(module)

    def read_uses(self, module):
        for found in USE.finditer(module.code):
            for path, name in paths_of(found.group(2)):
                if path[0] in FIRST:
                    path = module.absolute(path)
                elif (*module.path, path[0]) in self.modules:
                    path = (*module.path, *path)
                else:
                    continue
                named = re.search(rf"\b{re.escape(path[-1])}\b", found.group(2)) if path else None
                position = found.start(2) + (named.start() if named else 0)
                module.uses.append((module.line(position), path))
                module.in_scope[name] = path
                if found.group(1):
                    module.exports[name] = path
        module.code = USE.sub(lambda found: blank(found.group()), module.code)

    def floor_of(self, path, seen=()):
        """The floor that a path leads to: `None` if that is the root of the crate."""
        for length in range(len(path), -1, -1):
            module = self.modules.get(path[:length])
            if module is None:
                continue
            rest = path[length:]
            target = module.exports.get(rest[0]) if rest else None
            if target is not None and path not in seen:
                return self.floor_of((*target, *rest[1:]), (*seen, path))
            return module.floor()
        return None

    def references(self, module):
        """The lines of a module that name something of the crate, and what that is."""
        yield from module.uses
        for found in PATH.finditer(module.code):
            parts = tuple(part.strip() for part in found.group(2).split("::")[1:])
            yield module.line(found.start()), module.absolute((found.group(1), *parts))
        for found in NAMED.finditer(module.code):
            name = found.group(1)
            if name in module.in_scope:
                yield module.line(found.start()), module.in_scope[name]
            elif (*module.path, name) in self.modules:
                yield module.line(found.start()), (*module.path, name)

    def methods(self):
        """The floors that define a method, by its name: those that add it to a type of a floor
        below, and the others."""
        types = {}
        for module in self.modules.values():
            for name in TYPE.findall(module.code):
                types.setdefault(name, set()).add(module.floor())
        added, own = {}, {}
        for module in self.modules.values():
            code = module.code
            for found in IMPL.finditer(code):
                of_type = types.get(found.group(1).split("::")[-1])
                if " for " in found.group() or not of_type or module.floor() in of_type:
                    continue
                end = end_of_block(code, found.end() - 1)
                for method in METHOD.findall(code[found.end() : end]):
                    added.setdefault(method, set()).add(module.floor())
                code = code[: found.end()] + blank(code[found.end() : end]) + code[end:]
            for method in METHOD.findall(code):
                own.setdefault(method, set()).add(module.floor())
        return added, own


def upward(crate):
    """What is wrong with the imports."""
    rank = {floor: number for number, floor in enumerate(FLOORS)}
    added, own = crate.methods()
    for module in crate.modules.values():
        here = module.floor()
        if here not in rank:
            continue
        found = set()
        for line, path in crate.references(module):
            there = crate.floor_of(path)
            if there in rank and rank[there] < rank[here]:
                found.add((line, there))
        for call in re.finditer(r"\.\s*(\w+)\s*(?:::<[^()]*>)?\(", module.code):
            known = added.get(call.group(1), set()) | own.get(call.group(1), set())
            if call.group(1) in added and all(rank.get(there, -1) < rank[here] for there in known):
                found.add((module.line(call.start(1)), max(added[call.group(1)], key=rank.get)))
        for line, there in sorted(found):
            text = module.text.splitlines()[line - 1].strip()
            yield f"{module.file}:{line}: {text}\n    {here} must not use {there}, which is above it"


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
    yield from upward(Crate(root))
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
