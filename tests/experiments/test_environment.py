"""Where the program runs: read-only installations, no home, odd names, no compiler; each works or is refused in one line."""

import os
import shutil
import subprocess
import sys
import warnings
from hashlib import sha1
from pathlib import Path

import pytest

import sim
from experiments.cli import app
from sim.errors import InputNote

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(sim.__file__).parent


def python(code, *args, cwd=ROOT, **environment):
    """A new interpreter: exit code, standard output, standard error."""
    inherited = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, cwd=cwd, timeout=300,
                          env={**inherited, **environment})
    return done.returncode, done.stdout.strip(), done.stderr.strip()


CLI = "from experiments.cli import app; app.main()"
WHERE = "import os, sim; print(os.environ['NUMBA_CACHE_DIR'])"


def test_kernels_have_a_folder_of_their_own_by_the_text_of_their_helpers(tmp_path):
    own = Path(python(WHERE)[1])
    assert own.parent == HERE / "__pycache__" and own.name.startswith("kernels-")
    mine = Path(python(WHERE, NUMBA_CACHE_DIR=str(tmp_path))[1])
    assert mine == tmp_path / own.name
    assert Path(python(WHERE, NUMBA_CACHE_DIR=str(mine))[1]) == mine
    assert Path(python(WHERE, NUMBA_CACHE_DIR=str(tmp_path / "kernels-older"))[1]) == mine


@pytest.mark.parametrize(("file", "is_compiled_into_others"), [
    ("draws.py", True), ("visibility.py", True), ("fields.py", True), ("forces.py", True), ("view/palette.py", False), ("geometry.py", False),
])  # fmt: skip
def test_kernels_of_an_edited_helper_are_compiled_anew_in_a_cache_of_ones_own_too(tmp_path, file, is_compiled_into_others):
    """What decides is the folder: one of another name has no old kernels in it."""
    for package in ("sim", "seeds"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.csv"))
    edited = {"NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "PYTHONPATH": str(tmp_path)}
    before = python(WHERE, cwd=tmp_path, **edited)[1]
    with open(tmp_path / "sim" / file, "a", encoding="utf-8") as text:
        text.write("\nEDITED = 1\n")
    assert before.startswith(str(tmp_path))
    assert (python(WHERE, cwd=tmp_path, **edited)[1] != before) is is_compiled_into_others


def test_numba_that_was_there_first_is_told_the_folder():
    code = f"import numba; {WHERE}; print(numba.config.CACHE_DIR)"
    assert len(set(python(code)[1].split())) == 1


@pytest.fixture
def read_only(tmp_path, monkeypatch):
    """An installation that cannot be written to, with shipped kernels that were compiled at another path."""
    shipped = tmp_path / "shipped" / "kernels-0"
    for name in ("phases", "sim"):
        (shipped / f"{name}_0123").mkdir(parents=True)
        (shipped / f"{name}_0123" / "kernel.nbi").write_text(name, "utf-8")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return shipped


def test_shipped_kernels_are_copied_to_where_the_compiler_looks_today(read_only, tmp_path):
    folder = sim._temporary(read_only, HERE)
    for name, source in (("phases", HERE / "phases"), ("sim", HERE)):
        assert (folder / f"{name}_{sha1(str(source).encode()).hexdigest()}" / "kernel.nbi").read_text("utf-8") == name
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert sim._temporary(read_only, HERE) == folder
    assert [p.name for p in folder.parent.iterdir()] == ["kernels-0"]


def test_kernels_are_not_taken_from_a_folder_that_others_may_write_to(read_only, tmp_path):
    folder = sim._temporary(read_only, HERE)
    folder.parent.chmod(0o777)
    assert sim._temporary(read_only, HERE).parent != folder.parent


def test_a_folder_that_cannot_be_made_cannot_be_written_to(tmp_path):
    (tmp_path / "file").touch()
    assert not sim._can_write(tmp_path / "file" / "kernels")
    assert sim._can_write(tmp_path / "new" / "kernels")


def test_no_compiler_is_said_in_one_line():
    code, out, err = python(CLI, "run", "skirmish", "--days", "1", NUMBA_DISABLE_JIT="1")
    assert (code, out) == (2, "") and err.startswith("pokrovsk: NUMBA_DISABLE_JIT") and "\n" not in err


@pytest.mark.parametrize("environment", [{"HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none", "MPLCONFIGDIR": "/proc/none"}, {"HOME": ""}])
def test_no_home_is_needed(environment):
    code, out, _ = python(CLI, "scenarios", **environment)
    assert code == 0 and "skirmish" in out


@pytest.fixture
def refused(capsys, tmp_path, monkeypatch):
    """Runs a command in this process that must end with exit code 2 and one line, and gives the line."""
    monkeypatch.chdir(tmp_path)

    def refused(*args):
        with pytest.raises(SystemExit) as ended:
            app.main(list(args))
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (2, "")
        assert err.startswith("pokrovsk: ") and err.count("\n") == 1
        return err

    return refused


LONG = "x" * 300


@pytest.mark.parametrize(("args", "word"), [
    (("run", LONG), "unknown scenario"), (("run", LONG + ".toml"), "not found"), (("run", "skirmish", "--front", LONG), "not found"),
    (("run", "skirmish", "--days", "1", "--out", LONG), "too long"), (("sweep", LONG), "unknown study"),
    (("sweep", LONG + ".toml"), "not found"), (("analyse", LONG), "there is no folder"), (("scenarios", "--copy", "skirmish", LONG), "too long"),
    (("run", "\udcff"), "not UTF-8"), (("run", "skirmish", "--out", "\udcff"), "not UTF-8"), (("sweep", "quick", "--out", "a\udcff"), "not UTF-8"),
    (("run", "a\0b"), "unknown scenario"), (("run", "skirmish", "--out", "a\0b"), "null"), (("sweep", "-"), "unknown study"),
    (("sweep", "/dev/null"), "is no file"), (("run", "/dev/null"), "is no file"), (("run", "."), "is a folder"), (("run", ""), "unknown scenario"),
    (("run", "SKIRMIS"), "Did you mean 'skirmish'"),
    (("run", "skirmish", "--days", "9" * 5000), "whole number"), (("run", "skirmish", "--set", "infantry.group_defender=" + "9" * 5000), "allowed"),
    (("run", "skirmish", "--set", "manpower_ratio=1", "--set", "manpower_ratio=2"), "given twice"),
    (("run", "skirmish", "--set", "manpower_ratio=1", "--set", "command.manpower_ratio=2"), "given twice"),
    (("run", "skirmish", "--start", "9999-12-31", "--days", "3"), "2200-12-31"), (("run", "skirmish", "--start", "0001-01-01"), "1900-01-01"),
], ids=lambda v: None if isinstance(v, str) else " ".join(v)[:40])  # fmt: skip
def test_odd_names_and_numbers_are_refused_in_one_line(refused, args, word):
    line = refused(*args)
    assert word in line and len(line) < 600


def test_a_note_on_the_input_is_one_line_and_other_warnings_stay_as_they_are(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = app._note
        warnings.warn("2 points left out", InputNote, stacklevel=1)
        assert capsys.readouterr().err == "pokrovsk: 2 points left out\n"


STUDY = 'title = "t"\nscenario = "skirmish"\ndesign = "factorial"\nreplicates = 1\ndays = 1\n[factors]\nmorale = [0.5, 1.0]\n'


@pytest.mark.parametrize("line", [
    'name = "../x"', 'name = "a\\u0000b"', 'name = ""', 'name = "a=b"', f'name = "{LONG}"', "name = 5", 'question = "\\u001b[2J"', "start = 9999-12-31",
    "start = 20240801", 'start = "x"', "start = true", "seed = true", "days = 1.5", f"seed = {'9' * 5000}", f"seed = {'[' * 5000}", "changes = 5",
    "changes = { cell_km = true }", "changes = { step_hours = 5 }", "measures = 5", 'measures = [""]', 'scenario = "a\\u0000b"', "set = { morale = nan }",
    "set = { nothing = 1 }", 'maps = "some"', "maps = [true]", "levels = true",
])  # fmt: skip
def test_a_wrong_study_is_refused_in_one_line(refused, line, tmp_path):
    key = line.split(" ")[0]
    text = "\n".join(old for old in STUDY.split("\n") if old.split(" ")[0] != key)
    (tmp_path / "mine.toml").write_text(f"{line}\n{text}", "utf-8")
    assert len(refused("sweep", "mine.toml", "--yes", "--quiet", "--workers", "1")) < 600
    assert not (tmp_path / "runs").exists()
