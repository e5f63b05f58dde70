#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Checks that what the pages of Documentation/accel name exists in the tree.

Files must exist. Identifiers must occur in some source. A test that is named
after its program, as in "``unbind_test``: ``every_ioctl``", must be in that
program, and one after "KUnit:" in the crates. Prints what does not, and fails.
"""

import pathlib
import re
import sys

TREE = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = TREE / "tools/testing/selftests/accel"
SOURCES = ["rust", "drivers", "samples", "include", "scripts", "tools"]
SUFFIXES = {".rs", ".c", ".h", ".sh", ".py", ".cases", ".mk", ".config"}
FILES = ["Kbuild", "Kconfig", "Makefile"]

# Of the kernel and of other projects.
ELSEWHERE = {
    "Documentation/gpu/drm-usage-stats.rst",
    "Documentation/userspace-api/ioctl/ioctl-number.rst",
    "dma_get_cache_alignment",
    "max_seg_size",
    "pages_limit",
    "rust/Makefile",
    "rust/bindings/bindings_helper.h",
    "rust_build_error",
    "tracepoint_module_notify",
}
# What an example is called, and what is installed.
EXAMPLES = {"npu_accel3", "include/accel/"}

LITERAL = r"``([^`]+)``"
# A program or "KUnit", and the literals that follow it.
TESTS = re.compile(rf"(?:``(\w+_test)``|(KUnit)):\s+((?:{LITERAL},\s+)*{LITERAL})")
BLOCK = re.compile(r"^\.\. code-block::.*\n((?: .*\n|\n)+)", re.MULTILINE)
PATH = re.compile(r"(?:rust|drivers|samples|tools|include|scripts|Documentation)/[\w./*-]+")
# Words of more than one part, in any of the three styles.
NAME = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|(?:[A-Z][a-z0-9]+){2,}")


def words(text):
    return set(re.findall(r"\w+", text))


def sources(folder):
    for path in (TREE / folder).rglob("*"):
        if path.suffix in SUFFIXES and "target" not in path.parts and path.is_file():
            yield path.stem + "\n" + path.read_text(errors="replace")


def problems(page, known, kunit):
    """Yields what a page names that is not there."""
    text = page.read_text()
    # What the page itself shows, as the tutorial does.
    shown = words("\n".join(BLOCK.findall(text)))
    shown |= set(re.findall(r":caption: (\S+)\.\w+", text))
    for literal in re.findall(LITERAL, text):
        literal = " ".join(literal.split())
        if literal in ELSEWHERE | EXAMPLES | shown:
            continue
        if PATH.fullmatch(literal):
            if not list(TREE.glob(literal)):
                yield f"no such file: {literal}"
            continue
        for name in re.split(r"\.|::", literal.replace("()", "")):
            if NAME.fullmatch(name) and name not in known | ELSEWHERE | EXAMPLES | shown:
                yield f"nothing has the name {name}"
    for program, _, names, *_ in TESTS.findall(text):
        there = kunit
        if program:
            there = words((PROGRAMS / f"{program}.c").read_text())
        for name in re.findall(LITERAL, names):
            if not PATH.match(name) and not words(name) <= there:
                yield f"{program or 'KUnit'} has no test {name}"


def main():
    known = words("\n".join(text for folder in SOURCES for text in sources(folder)))
    known |= words("\n".join((TREE / name).read_text() for name in FILES))
    crates = ["rust", "tools/testing/kunit"]
    kunit = words("\n".join(text for folder in crates for text in sources(folder)))
    found = False
    for page in sorted((TREE / "Documentation/accel").glob("*.rst")):
        for problem in problems(page, known, kunit):
            print(f"{page.relative_to(TREE)}: {problem}")
            found = True
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
