"""What is installed: a lean core and extras, a module that hides one of ours, what the index is given."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

import pokrovsk
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import experiments
import sim
from experiments.cli import app, extras

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
OURS = {"seeds", "sim", "experiments", "pokrovsk"}
BROUGHT = {"llvmlite": "numba", "PIL": "matplotlib", "contourpy": "matplotlib", "playwright": "the tests"}  # modules and what brings them


def test_version_is_that_of_the_project():
    assert pokrovsk.__version__ == sim.__version__ == experiments.__version__ == PROJECT["version"]


def imported():
    """Names of modules from elsewhere that the packages import."""
    names = set()
    for package in ("seeds", "sim", "experiments"):
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                found = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) else []
                names |= {name.partition(".")[0] for name in found if name}
    return names - OURS - set(sys.stdlib_module_names)


def test_every_library_that_is_imported_is_asked_for_by_the_core_or_by_an_extra():
    asked = {canonicalize_name(Requirement(r).name) for r in PROJECT["dependencies"]}
    for name, wanted in PROJECT["optional-dependencies"].items():
        if name not in extras.GATHERED:
            asked |= {canonicalize_name(Requirement(r).name) for r in wanted}
    wanted = {canonicalize_name(extras.DISTRIBUTIONS.get(name, name)) for name in imported() if name not in BROUGHT}
    assert wanted <= asked, wanted - asked


CORE = """
import sys
from importlib.util import find_spec
class Lean:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in LACKING:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, Lean())
from experiments.cli import app
app.main(sys.argv[1:])
"""


def lean(*args, cwd):
    """A command in an interpreter without the libraries of extras: exit code, standard output, standard error."""
    asked = [canonicalize_name(Requirement(r).name) for name, rs in PROJECT["optional-dependencies"].items() if name not in extras.GATHERED for r in rs]
    modules = {name for name in imported() if canonicalize_name(extras.DISTRIBUTIONS.get(name, name)) in asked} | {"solara", "altair", "ipyvuetify"}
    code = CORE.replace("LACKING", repr(modules))
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, cwd=cwd, timeout=300)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A folder of a run and a sweep that were made without any extra."""
    place = tmp_path_factory.mktemp("lean")
    assert lean("run", "skirmish", "--days", "7", "--quiet", cwd=place)[0] == 0
    code, out, err = lean("sweep", "quick", "--limit", "2", "--workers", "1", "--quiet", cwd=place)
    assert code == 0 and "2 of" in out, err
    return place


def test_run_sweep_and_analyse_need_no_extra(swept):
    assert {"battle.png", "daily.parquet"} <= {f.name for f in (swept / "runs/skirmish-1").iterdir()}
    assert lean("analyse", "runs/quick", cwd=swept)[0] == 0


@pytest.mark.parametrize(("args", "extra"), [
    ("view skirmish --no-open", "view"), ("view --run runs/skirmish-1 --no-open", "view"), ("report runs/quick", "analysis"), ("claims C4", "analysis"),
    ("validate --quick", "analysis"), ("mission --out m.html", "analysis"), ("calibrate --scenario skirmish", "analysis"),
    ("score 2025-08-31 --record .", "analysis"), ("studies screening", "analysis"),
    ("sweep quick --scheduler tcp://127.0.0.1:9", "cluster"),
])  # fmt: skip
def test_a_command_whose_extra_is_missing_says_the_line_to_type(swept, args, extra):
    code, out, err = lean(*args.split(), cwd=swept)
    assert (code, out) == (2, "")
    assert re.fullmatch(rf"pokrovsk: this needs [\w-]+, which is not installed; type: .* install .*\[{extra}\].*\n", err), err


def test_a_module_that_no_extra_brings_is_our_own_mistake():
    assert extras.missing_extra("nothing_of_the_kind") is None
    assert app._one_line(ModuleNotFoundError("no", name="nothing_of_the_kind")) is None
    assert extras.missing_extra("numpy") is None, "the core"


class Installed:
    """What an installer notes of a distribution."""

    def __init__(self, **files):
        self.read_text = {"direct_url.json": files.get("origin"), "INSTALLER": files.get("installer")}.get


@pytest.mark.parametrize(("files", "line"), [
    ({"installer": "pip\n"}, "-m pip install 'pokrovsk[view]'"),
    ({"installer": "uv"}, "uv pip install --python"),
    ({"installer": "pip", "origin": '{"url": "file:///p/x.whl"}'}, "-m pip install 'pokrovsk[view] @ file:///p/x.whl'"),
    ({"origin": '{"url": "file:///p", "dir_info": {"editable": true}}'}, "-m pip install -e '/p[view]'"),
], ids=["index", "uv", "wheel", "checkout"])  # fmt: skip
def test_the_line_is_for_the_installer_and_the_place_of_this_installation(files, line):
    assert line in extras._install(Installed(**files), "view")


@pytest.mark.parametrize("name", sorted(OURS - {"pokrovsk"}))
def test_a_module_of_the_users_that_hides_ours_is_named_in_one_line(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("mine = 1\n", "utf-8")
    words = f"{tmp_path / name}.py hides the package {name!r}"
    done = subprocess.run([sys.executable, "-c", "import pokrovsk"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and words in done.stderr.splitlines()[-1]
    command = Path(sys.executable).with_name("pokrovsk")
    path = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([command, "scenarios"], capture_output=True, text=True, cwd=tmp_path, env=path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1) and words in done.stderr
    done = subprocess.run([command, "scenarios"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, "a command does not look for modules where it is started"


def test_workers_do_not_import_what_lies_in_the_working_folder(tmp_path):
    for name in OURS - {"pokrovsk"}:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong one')\n", "utf-8")
    command = Path(sys.executable).with_name("pokrovsk")
    done = subprocess.run([command, *["run", "skirmish", "--days", "1", "--runs", "2", "--workers", "2", "--quiet"]], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_folders_without_code_hide_nothing(tmp_path):
    for name in OURS - {"pokrovsk"}:
        (tmp_path / name).mkdir()
    assert subprocess.run([sys.executable, "-c", "import pokrovsk"], cwd=tmp_path).returncode == 0


def test_links_of_the_description_are_whole_addresses():
    text = metadata.metadata("pokrovsk").get_payload() or metadata.metadata("pokrovsk")["Description"]
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 10 and not [link for link in links if not link.startswith(("https://", "#"))]


def test_the_wheel_is_small(tmp_path):
    """As files are chosen for it; the build itself asks the index for its tools and is tried before a release."""
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    tracked = subprocess.run(["git", "ls-files", *wheel["packages"]], capture_output=True, text=True, cwd=ROOT).stdout.split()
    kept = [file for file in tracked if not any(fnmatch(file, pattern) for pattern in wheel["exclude"])]
    assert {"seeds/__init__.py", "sim/kernels.toml"} <= set(kept)
    with zipfile.ZipFile(tmp_path / "wheel.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for file in kept:
            packed.write(ROOT / file, file)
    assert (tmp_path / "wheel.zip").stat().st_size < 5_000_000
