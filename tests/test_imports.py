"""The floors of the house: imports go down only, and a sweep's worker loads neither Mesa nor anything that draws."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("seeds", "sim", "experiments")

# Each module of sim stands on a floor and may import from floors below it only. A new module needs a place here.
FLOORS = (
    {"quantity"},
    {"draws", "columns"},
    {"forces"},
    {"fields"},
    {"enlist", "front", "geometry", "sight"},
    {"kinds", "phases"},
    {"settings", "scenario"},
    {"starting"},
    {"sector"},
    {"measures"},
    {"journal"},
    {"world"},
    {"muster", "breach"},
    {"battle", "frame"},
    {"handles"},
    {"model"},
    {"view"},
)
FLOOR = {name: k for k, names in enumerate(FLOORS) for name in names}
DRAWING = {"matplotlib", "solara", "anywidget", "ipyvuetify", "ipyvue", "PIL"}
MESA_ONLY = {"handles", "model", "view"}


def sources():
    """Every Python file of the three packages, with its dotted module name."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


@cache
def imports(file):
    """Dotted names a file imports and the line, those inside functions too, those for type checkers not."""
    tree = ast.parse(file.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    out = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            out += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}:{node.lineno}: imports are written in full"
            out += [(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
    return out


def short(name):
    """`sim.phases.fire.run` -> `phases`; None outside sim."""
    parts = name.split(".")
    return parts[1] if parts[0] == "sim" and len(parts) > 1 else None


def violations(rule):
    """Imports against which `rule(module, imported)` says a word."""
    return [
        f"{module}, line {line}: {imported} {word}"
        for module, file in sources()
        for imported, line in imports(file)
        if (word := rule(module, imported))
    ]


def test_every_module_has_a_floor():
    here = {short(module) for module, _ in sources() if short(module)}
    assert here <= set(FLOOR), "give new modules a floor in FLOORS"


def test_packages_import_downward():
    def rule(module, imported):
        a, b = module.split(".")[0], imported.split(".")[0]
        return "is a package above" if b in PACKAGES and PACKAGES.index(b) > PACKAGES.index(a) else None

    assert violations(rule) == []


def test_modules_of_sim_import_downward():
    def rule(module, imported):
        a, b = short(module), short(imported)
        if a is None or b is None or a == b or b not in FLOOR:
            return None
        return "is on a floor above" if FLOOR[b] >= FLOOR[a] else None

    assert violations(rule) == []


def test_phases_and_kinds_do_not_import_one_another():
    def rule(module, imported):
        for package in ("sim.phases", "sim.kinds"):
            if module.startswith(package + ".") and imported.startswith(package):
                return "is a neighbor"
        return None

    assert violations(rule) == []


def test_mesa_only_in_the_shell():
    def rule(module, imported):
        if imported.split(".")[0] != "mesa":
            return None
        return None if short(module) in MESA_ONLY else "is for the model and its handles"

    assert violations(rule) == []


def test_drawing_only_in_the_view():
    """`experiments` may draw as well, but only through `sim.view`."""

    def rule(module, imported):
        if imported.split(".")[0] not in DRAWING:
            return None
        return None if short(module) == "view" else "is for the view"

    assert violations(rule) == []


HEADLESS = ["sim", "sim.battle", "sim.muster", "experiments.runs", "experiments.warm"]


@pytest.mark.parametrize("module", HEADLESS)
def test_a_worker_imports_no_shell(module):
    """What is really loaded, in a fresh interpreter."""
    file = ROOT / (module.replace(".", "/") + ".py")
    if not file.exists() and not file.with_suffix("").is_dir():
        pytest.skip(f"there is no {module} yet")
    unwanted = ["mesa", "solara", "matplotlib", "ipywidgets"]
    code = f"import sys, {module}; print([m for m in {unwanted} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
