"""Kernels and their numbers: machine code is made anew when a helper changes; kind, task, stage and place come from one file."""

import ast
import dis
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from plain.battle import is_kernel

import sim
import sim.battle
from sim import codes, forces

HOME = Path(sim.__file__).parent
WORDS = {forces.Kind: "kind", forces.Task: "task", forces.Stage: "stage", forces.Place: "place", forces.FormationState: "state"}


def modules():
    """Every loaded module of the model that has kernels."""
    loaded = [m for name, m in sorted(sys.modules.items()) if name.startswith("sim.") and not name.startswith("sim.view")]
    return [m for m in loaded if any(is_kernel(v) and v.py_func.__module__ == m.__name__ for v in vars(m).values())]


def home_of(module: ModuleType, name: str) -> str | None:
    """The module from which a file takes a name; None for its own and for other packages'."""
    for node in ast.parse(Path(module.__file__).read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module.startswith("sim"):
            if name in [alias.asname or alias.name for alias in node.names]:
                return node.module
    return None


def taken_from_others(module: ModuleType) -> set[str]:
    """Modules whose kernels or constants the kernels of a module call or hold."""
    out = set()
    for value in vars(module).values():
        if is_kernel(value) and value.py_func.__module__ == module.__name__:
            names = {i.argval for i in dis.get_instructions(value.py_func) if i.opname == "LOAD_GLOBAL"}
            out |= {home_of(module, name) for name in names}
    for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):  # and the decorators that compile them
        if isinstance(node, ast.FunctionDef):
            out |= {home_of(module, d.id) for d in node.decorator_list if isinstance(d, ast.Name)}
    return out - {None}


def test_a_changed_helper_makes_machine_code_anew():
    """The compiler's cache looks at the caller's file only; `sim` keeps one cache for each text of all that is compiled in."""
    wanted = set().union(*(taken_from_others(m) for m in modules()))
    assert {"sim.codes", "sim.fields", "sim.phases.fire.duels", "sim.columns"} <= wanted
    wanted |= {"sim.forces"}  # where the numbers of `codes` come from
    assert wanted <= set(sim._shared_sources())


def test_another_edit_does_not():
    shared = set(sim._shared_sources())
    assert not shared & {"sim.scenario", "sim.mustering", "sim.quantity", "sim.errors", "sim.levers", "sim.world", "sim.measures"}


def kernel_files():
    return [*(HOME / "phases").rglob("*.py"), HOME / "unit_rows.py", HOME / "visibility.py", HOME / "front.py"]


def bare_codes(text: str) -> list[int]:
    """Lines in which a number stands for a kind, a task, a stage, a place or a formation's state."""
    found = []
    words = set(WORDS.values())

    def is_code(node: ast.AST) -> bool:
        node = node.value if isinstance(node, ast.Subscript) else node
        return (isinstance(node, ast.Attribute) and node.attr in words) or (isinstance(node, ast.Name) and node.id in words)

    def is_number(node: ast.AST) -> bool:
        node = node.operand if isinstance(node, ast.UnaryOp) else node
        return isinstance(node, ast.Constant) and type(node.value) is int

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare) and is_code(node.left) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.Gt | ast.LtE):
            numbers = node.comparators
        elif isinstance(node, ast.Assign) and is_code(node.targets[0]):
            value = node.value
            numbers = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
        else:
            continue
        if any(map(is_number, numbers)):
            found.append(node.lineno)
    return sorted(found)


def test_no_bare_number_stands_for_a_word():
    lines = {str(file.relative_to(HOME)): bare_codes(file.read_text("utf-8")) for file in kernel_files()}
    assert {name: found for name, found in lines.items() if found} == {}


def test_a_bare_number_would_be_found():
    text = "def f(units, i):\n    units.stage[i] = 0\n    if units.kind[i] == 1 or units.kind[i] < 0:\n        units.place[i] = 2 if i else 1\n"
    assert bare_codes(text) == [2, 3, 4]


@pytest.mark.parametrize("words", [*WORDS, forces.Cause], ids=lambda w: w.__name__)
def test_codes_has_every_word(words):
    """Each member is there, under its name or the one that stands in for it."""
    other = {"NONE": "NO_STAGE", "FPV_TEAM": "FPV", "DIRECT_FIRE": "DIRECT"}
    for member in words:
        number = getattr(codes, other.get(member.name, member.name))
        assert type(number) is int and number == member


def test_kernels_take_them_from_codes_only():
    enums = {w.__name__ for w in (*WORDS, forces.Cause)}
    for file in kernel_files():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "sim.forces":
                assert not enums & {alias.name for alias in node.names}, file


def test_the_face_of_sim():
    """What completion shows is what one may use; `muster` is the function whatever was imported before."""
    assert dir(sim) == sorted(sim.__all__, key=lambda n: n) == sorted(sim._HOMES)
    code = "import sim.mustering, sim.model; from sim import muster; print(callable(muster), muster.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME.parent)
    assert done.stdout.split() == ["True", "sim.mustering"]
    assert all(importlib.import_module(home) and getattr(sim, name) is not None for name, home in sim._HOMES.items())


def test_the_list_of_what_a_new_kind_touches_is_complete():
    """Every rule that asks for another kind than infantry stands in the docstring of `sim.kinds`."""
    other = ("ARMOR", "FPV", "ARTILLERY")
    for file in kernel_files():
        names = {n.id for n in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(n, ast.Name)}
        rule = file.parent.name if file.parent.parent.name == "phases" else file.stem
        if names & {*other}:
            assert rule in importlib.import_module("sim.kinds").__doc__, file
