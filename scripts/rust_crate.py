# SPDX-License-Identifier: GPL-2.0
"""The modules of a Rust crate, and what each of them names of the others.

That is read from the sources: each path that begins with `crate`, `$crate`, `self`
or `super`, or with the name of a module in scope, is followed to the module that it
leads to, through re-exports. Calls of methods have no path, so they are not seen.
"""

import re

KUNIT = re.compile(r"#\[cfg\(CONFIG_RUST_ACCEL_KUNIT_TEST\)\]")
USE = re.compile(r"^[ \t]*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);", re.MULTILINE)
PATH = re.compile(r"(?<![\w:$])(\$?crate|self|super)((?:\s*::\s*\w+)+)")
NAMED = re.compile(r"(?<![\w:.$])([a-z]\w*)\s*::")
FIRST = ("crate", "$crate", "self", "super")
# A module in a file of its own, which may say in which, and one in braces.
DECLARED = re.compile(
    r"^[ \t]*(?:#\[path\s*=\s*\"([^\"]+)\"\]\s*(?:#\[[^\]]*\]\s*)*)?"
    r"(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;",
    re.MULTILINE,
)
INLINE = re.compile(r"\bmod\s+\w+\s*\{")


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
    """A source file of a crate."""

    def __init__(self, file, path):
        self.file = file
        self.path = path
        self.text = file.read_text()
        self.code, self.tests = without_tests(without_comments(self.text))
        inline = [found.end() - 1 for found in INLINE.finditer(self.code)]
        self.inline = [(brace, end_of_block(self.code, brace)) for brace in inline]
        self.uses = []
        self.exports = {}
        self.in_scope = {}

    def line(self, position):
        return self.code.count("\n", 0, position) + 1

    def absolute(self, path, position):
        """A path from the root of the crate, for one that stands at `position`."""
        if path[0] in ("crate", "$crate"):
            return path[1:]
        here = self.path
        # What is in braces is a module of its own, within that of the file.
        depth = sum(begin < position < end for begin, end in self.inline)
        while path and path[0] in ("self", "super"):
            if path[0] == "super" and depth == 0:
                here = here[:-1]
            elif path[0] == "super":
                depth -= 1
            path = path[1:]
        return (*here, *path)


class Crate:
    """Modules of a crate by their paths, and where a path in one of them leads."""

    def __init__(self, modules):
        self.modules = {module.path: module for module in modules}
        for module in modules:
            for test in module.tests:
                self.modules.pop((*module.path, test), None)
        for module in self.modules.values():
            self.read_uses(module)

    @classmethod
    def of_folder(cls, folder, root):
        """The crate of all files in a folder, of which that named `root` is the first."""
        modules = []
        for file in sorted(folder.rglob("*.rs")):
            path = file.relative_to(folder).with_suffix("").parts
            if path[-1] == "mod":
                path = path[:-1]
            modules.append(Module(file, () if path == (root,) else path))
        return cls(modules)

    @classmethod
    def of_root(cls, file):
        """The crate that begins with a file, of those files that declare each other."""
        modules, left = [], [(file, (), file.parent)]
        while left:
            file, path, below = left.pop()
            module = Module(file, path)
            modules.append(module)
            for given, name in DECLARED.findall(module.text):
                found = file.parent / given if given else below / f"{name}.rs"
                if found.exists():
                    left.append((found, (*path, name), found.parent / name))
        return cls(modules)

    def read_uses(self, module):
        for found in USE.finditer(module.code):
            for path, name in paths_of(found.group(2)):
                if path[0] in FIRST:
                    path = module.absolute(path, found.start())
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

    def leads_to(self, path, seen=()):
        """The module that a path leads to: that of the root, if to no other."""
        for length in range(len(path), 0, -1):
            module = self.modules.get(path[:length])
            if module is None:
                continue
            rest = path[length:]
            target = module.exports.get(rest[0]) if rest else None
            if target is not None and path not in seen:
                return self.leads_to((*target, *rest[1:]), (*seen, path))
            return module
        root = self.modules[()]
        target = root.exports.get(path[0]) if path else None
        if target is not None and path not in seen:
            return self.leads_to((*target, *path[1:]), (*seen, path))
        return root

    def references(self, module):
        """The lines of a module that name something of the crate, and what that is."""
        yield from module.uses
        for found in PATH.finditer(module.code):
            parts = tuple(part.strip() for part in found.group(2).split("::")[1:])
            path = (found.group(1), *parts)
            yield module.line(found.start()), module.absolute(path, found.start())
        for found in NAMED.finditer(module.code):
            name = found.group(1)
            if name in module.in_scope:
                yield module.line(found.start()), module.in_scope[name]
            elif (*module.path, name) in self.modules:
                yield module.line(found.start()), (*module.path, name)

    def imports(self, module):
        """The other modules that a module names something of, but the root, each with the first
        line that does."""
        found = {}
        for line, path in sorted(self.references(module)):
            there = self.leads_to(path)
            if there.path and there is not module:
                found.setdefault(there.path, line)
        return found


def reachable(graph, start):
    """All to which a way leads from `start` in a graph."""
    found, left = set(), list(graph[start])
    while left:
        node = left.pop()
        if node not in found:
            found.add(node)
            left += graph[node]
    return found


def circles(graph):
    """The sets of nodes that lead to each other."""
    ways = {node: reachable(graph, node) for node in graph}
    left = {node for node in graph if node in ways[node]}
    while left:
        node = min(left)
        circle = {other for other in ways[node] if node in ways[other]}
        yield circle
        left -= circle
