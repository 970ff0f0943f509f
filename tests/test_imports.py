"""The floors of the house: imports go down only, and a sweep's worker loads neither Mesa nor anything that draws."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("seeds", "sim", "experiments")

# Each module of sim stands on a floor and may import from floors below it only. A new module needs a place here.
FLOORS = (
    {"errors"},
    {"quantity", "kernel_cache", "plugin_files", "sector_files"},
    {"draws", "columns"},
    {"forces"},
    {"codes"},
    {"fields"},
    {"unit_rows", "front", "geometry", "visibility", "worth", "leadership", "compilation"},
    {"scenario"},
    {"traits"},
    {"kinds", "phases", "sector"},
    {"settings", "record", "order"},
    {"measures"},
    {"turning_points", "plugins", "local_records"},
    {"reasons"},
    {"journal"},
    {"world"},
    {"accounting", "levers"},
    {"raising", "breach"},
    {"battle", "frame"},
    {"burn_in"},
    {"mustering", "identity", "run_files"},
    {"handles", "kernel_list"},
    {"model"},
    {"view"},
)
# So does each folder of experiments: the way of a question from one run to the command line.
FLOORS_EXPERIMENTS = (
    {"runs"},
    {"studies"},
    {"storage"},
    {"results"},
    {"sweep"},
    {"observation", "analysis"},
    {"calibration"},
    {"claims", "forecasting"},
    {"validation", "performance"},
    {"figures"},
    {"reporting"},
    {"cli"},
)
FACE = {"experiments", "experiments.compatibility", "experiments.launch", "experiments.lazy_names"}  # hand on what is above them, lazily
FLOOR = {f"{package}.{name}": k for package, floors in (("sim", FLOORS), ("experiments", FLOORS_EXPERIMENTS))
         for k, names in enumerate(floors) for name in names}
DRAWING = {"matplotlib", "solara", "anywidget", "ipyvuetify", "ipyvue", "PIL"}
MESA_ONLY = {"sim.handles", "sim.model", "sim.view"}


def sources():
    """Every Python file of the three packages, with its dotted module name."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


@cache
def imports(file):
    """Dotted names a file imports and the line: those inside functions and those for type checkers too."""
    out = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            out += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}:{node.lineno}: imports are written in full"
            out += [(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
    return out


def module_of(imported):
    """The module behind an imported name: `sim.forces.Kind` -> `sim.forces`; None outside the packages."""
    parts = imported.split(".")
    while parts and ".".join(parts) not in MODULES:
        parts.pop()
    return ".".join(parts) or None


def place(name):
    """Where a module stands: `sim.phases.fire.duels` -> `sim.phases`; None for the packages' own faces."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] != "seeds" and len(parts) > 1 and name not in FACE else None


def violations(rule):
    """Imports against which `rule(module, imported)` says a word."""
    return [
        f"{module}, line {line}: {imported} {word}"
        for module, file in sources()
        for imported, line in imports(file)
        if (word := rule(module, imported))
    ]


MODULES = {module: file for module, file in sources()}


def test_every_module_has_a_floor_and_every_floor_its_module():
    here = {place(module) for module in MODULES if place(module)}
    assert here == set(FLOOR), "FLOORS and the modules that there are"


def test_packages_import_downward():
    def rule(module, imported):
        a, b = module.split(".")[0], imported.split(".")[0]
        return "is a package above" if b in PACKAGES and PACKAGES.index(b) > PACKAGES.index(a) else None

    assert violations(rule) == []


def test_modules_import_downward():
    def rule(module, imported):
        a, b = place(module), place(imported)
        if a is None or b is None or a == b or a.split(".")[0] != b.split(".")[0] or b not in FLOOR:
            return None
        return "is on a floor above" if FLOOR[b] >= FLOOR[a] else None

    assert violations(rule) == []


def test_no_circle():
    """Not inside a folder either: modules can be put in an order in which each imports earlier ones only."""
    graph = {module: {module_of(name) for name, _ in imports(file)} - {module, None} for module, file in MODULES.items()}
    for module, found in graph.items():  # a package's own face hands on what is in it, lazily
        found -= {face for face in found if module.startswith(face + ".") and not imports_of_face(face)}
        if module in FACE:
            found.clear()
    tuple(TopologicalSorter(graph).static_order())  # raises CycleError and names the circle


def imports_of_face(package):
    """What the face of a package imports of its own files when it is loaded."""
    return [name for name, _ in imports(MODULES[package]) if name.startswith(package + ".")]


def test_phases_and_kinds_do_not_import_one_another():
    """But for the files of one phase that is a package."""

    def rule(module, imported):
        for package in ("sim.phases", "sim.kinds"):
            if module.startswith(package + ".") and imported.startswith(package):
                own = ".".join(module.split(".")[:3])
                return None if imported == own or imported.startswith(own + ".") else "is a neighbor"
        return None

    assert violations(rule) == []


def test_mesa_only_in_the_shell():
    def rule(module, imported):
        if imported.split(".")[0] != "mesa":
            return None
        return None if place(module) in MESA_ONLY else "is for the model and its handles"

    assert violations(rule) == []


def test_drawing_only_in_the_view():
    """`experiments` may draw as well, but only through `sim.view`."""

    def rule(module, imported):
        if imported.split(".")[0] not in DRAWING:
            return None
        return None if place(module) == "sim.view" else "is for the view"

    assert violations(rule) == []


HEADLESS = ["sim", "sim.battle", "sim.mustering", "experiments.runs.simulation", "experiments.sweep.preload"]


@pytest.mark.parametrize("module", HEADLESS)
def test_a_worker_imports_no_shell(module):
    """What is really loaded, in a fresh interpreter."""
    assert module in MODULES
    unwanted = ["mesa", "solara", "matplotlib", "ipywidgets"]
    code = f"import sys, {module}; print([m for m in {unwanted} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
