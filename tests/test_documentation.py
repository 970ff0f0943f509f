"""Examples in docstrings and in pages of the documentation are run; names that the reference lists are there."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / ".docs/pages").rglob("*.md"))
EXAMPLES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("seeds", "sim", "experiments") for file in (ROOT / package).rglob("*.py") if ">>>" in file.read_text("utf-8")
)  # fmt: skip
FACE = ("sim.model", "sim.scenario", "sim.mustering", "seeds", "experiments.runs.simulation", "experiments.studies.files",
        "experiments.figures.plotting", "experiments.results.results", "experiments.analysis.intervals")  # fmt: skip
COMMAND = re.compile(r"(?:^    |&& )(?:uv run )?pokrovsk (\w+)", re.M)


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_of_docstrings_do_what_they_show(module):
    failed, tried = doctest.testmod(import_module(module))
    assert tried and not failed


def test_the_public_face_has_examples():
    assert set(FACE) <= set(EXAMPLES)


@pytest.mark.parametrize("page", [page for page in PAGES if ">>>" in page.read_text("utf-8")], ids=lambda page: page.stem)
def test_examples_of_pages_do_what_they_show(page):
    failed, tried = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert tried and not failed


def test_the_reference_lists_what_is_there():
    listed = [name for page in PAGES for name in re.findall(r"^::: (\S+)", page.read_text("utf-8"), re.M)]
    assert len(listed) > 20
    for name in listed:
        module, _, last = name.rpartition(".")
        found = getattr(import_module(module), last, None)  # before the module of that name: `seeds.facts` is a folder too
        assert (found or import_module(name)).__doc__, name


def test_pages_name_commands_that_there_are():
    from experiments.cli.app import app

    known = {command.callback.__name__ for command in app.registered_commands}
    named = {word for page in PAGES for word in COMMAND.findall(page.read_text("utf-8"))}
    assert {"run", "sweep", "view"} <= named <= known


def test_version_of_the_citation_is_that_of_the_project():
    import pokrovsk

    assert f"\nversion: {pokrovsk.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
