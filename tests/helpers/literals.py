"""Numbers written into the rules: every numeric literal of a kernel file that is an assumption and not a declared quantity."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2] / "sim"
KERNELS = ("phases", "visibility.py", "unit_rows.py", "worth.py", "leadership.py")  # the grids of `fields` and the line of `front` are documented under Scales
TRIVIAL = {0, 1, 2, 0.5, 1e-6, 1e-3, 1e-9, 1e3, 1e6, 1e9, 24}  # counting, halves, units of measure, "as good as nothing"
CALLS = {"uniform_of", "uniform", "key", "quantity", "range", "stream", "mix", "Column"}  # their numbers name draws, or are declared
ROW = re.compile(r"^\| `(?P<file>[\w/]+\.py)` \| `(?P<name>\w+)` \| (?P<numbers>[^|]+) \| (?P<meaning>[^|]+) \|$", re.M)


def numbers_in(node: ast.AST) -> Iterator[float]:
    """Literals of meaning below a node: no index, no shift, no number of a draw, nothing trivial."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", None) in CALLS:
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.LShift | ast.RShift):
        return
    if isinstance(node, ast.Subscript):
        yield from numbers_in(node.value)
    elif isinstance(node, ast.Constant):
        if type(node.value) in (int, float) and node.value not in TRIVIAL:
            yield float(node.value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from numbers_in(child)


def names_of(node: ast.stmt) -> list[tuple[str, ast.AST]]:
    """What a statement of a module defines, by name, with the node that its numbers stand in."""
    if isinstance(node, ast.FunctionDef):
        return [(node.name, node)]
    if not isinstance(node, ast.Assign):
        return []
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return [(t.id, v) for t, v in zip(target.elts, value.elts)]
    return [(target.id, value)] if isinstance(target, ast.Name) else []


def literals(root: Path = ROOT) -> list[tuple[str, str, float]]:
    """(file, function or constant, number) of every literal of meaning in the kernel files, in the order of the text."""
    out = []
    for start in KERNELS:
        for path in sorted((root / start).rglob("*.py")) if (root / start).is_dir() else [root / start]:
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                out += [(path.relative_to(root).as_posix(), name, n) for name, value in names_of(node) for n in numbers_in(value)]
    return out


def listed(text: str) -> set[tuple[str, str, float]]:
    """(file, name, number) of every row of the table of undeclared numbers in a document."""
    return {(m["file"], m["name"], float(n)) for m in ROW.finditer(text) for n in m["numbers"].split(", ")}


if __name__ == "__main__":
    found = literals()
    for file in dict.fromkeys(file for file, *_ in found):
        print(f"{file:<40} {sum(f == file for f, *_ in found):>4}")
    print(f"{'all':<40} {len(found):>4}")
