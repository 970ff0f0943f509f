"""The model's documents say what its declarations say, and tell every rule."""

import re

import pytest

from experiments.cli import app
from experiments.reporting import model_documents
from sim.errors import InputError
from sim.kinds import KINDS
from sim.phases import PHASES
from sim.scenario import SCHEDULES
from sim.settings import catalog, models, short_names

TEXTS = {name: (model_documents.HOME / name).read_text("utf-8") for name in model_documents.FILES}
README = TEXTS["README.md"]
ELEMENTS = ("Purpose and patterns", "Entities, state variables and scales", "Process overview and scheduling",
            "Design concepts", "Initialization", "Input data", "Submodels")  # fmt: skip
CONCEPTS = ("Basic principles", "Emergence", "Adaptation", "Objectives", "Learning", "Prediction", "Sensing",
            "Interaction", "Stochasticity", "Collectives", "Observation")  # fmt: skip


def submodels():
    """The text of each submodel by the phase that its heading names, in order."""
    parts = re.split(r"^### 7\.\d+ `(\w+)`$", README.partition("## 7 Submodels")[2].partition("\n## ")[0], flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", model_documents.FILES)
def test_tables_are_as_declared(name):
    assert model_documents.filled(TEXTS[name]) == TEXTS[name], "run: pokrovsk params --document"


def test_every_table_stands_somewhere_and_what_is_declared_is_in_it():
    marks = re.findall(r"<!-- generated: (\w+) -->", "".join(TEXTS.values()))
    assert sorted(marks) == sorted(model_documents.TABLES)
    for key in catalog():
        assert f"| `{key}` |" in TEXTS["parameters.md"]
    for columns in model_documents.ENTITIES.values():
        for column in columns:
            assert f"| `{column.name}` | {column.unit} |" in TEXTS["variables.md"]
    for name in (*PHASES, *KINDS, *SCHEDULES):
        assert f"`{name}`" in README


def test_seven_elements_and_eleven_concepts_in_order():
    numbered = re.findall(r"^## (\d) (.+)$", README, flags=re.M)
    assert numbered == [(str(k), title) for k, title in enumerate(ELEMENTS, 1)]
    concepts = README.partition("## 4 Design concepts")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"^\*\*([\w ]+)\.\*\*", concepts, flags=re.M)) == CONCEPTS


def test_every_phase_has_its_submodel():
    assert list(submodels()) == list(PHASES)
    assert all(len(text.split()) > 30 for text in submodels().values())


@pytest.mark.parametrize("phase", PHASES)
def test_a_submodel_names_parameters_that_there_are(phase):
    """Words with an underscore or a dot in code letters are parameters of the phase, of a kind, or dotted keys."""
    own = {*PHASES[phase].Params.model_fields, *(name for kind in KINDS.values() for name in kind.Params.model_fields)}
    code = " ".join(re.findall(r"`([^`]+)`", submodels()[phase]))
    words = [w for w in re.findall(r"[a-z][a-z0-9_.]*[a-z0-9]", code) if "_" in w or "." in w]
    assert set(words) <= own | set(catalog()) | set(short_names())
    single = re.findall(r"`(\w{2,})`", submodels()[phase])
    assert set(single) <= own | set(short_names()) | {"way", "rise"}


STALE = "before\n<!-- generated: counts -->\nold\n<!-- end -->\nafter\n"


def test_a_stale_table_is_made_anew_and_the_rest_is_kept():
    new = model_documents.filled(STALE)
    assert new.startswith("before\n<!-- generated: counts -->\n") and new.endswith("\n<!-- end -->\nafter\n")
    assert "old" not in new and str(len(catalog())) in new and model_documents.filled(new) == new
    assert all(f"{name} {len(model.model_fields)}" in " ".join(new.split()) for name, model in models().items())


@pytest.mark.parametrize("text", ["<!-- generated: nothing -->\n<!-- end -->", "<!-- generated: kinds -->\n" + STALE])
def test_bad_marks_are_told(text):
    with pytest.raises(InputError, match="generated"):
        model_documents.filled(text)


def status(*args):
    with pytest.raises(SystemExit) as ended:
        app.main(list(args))
    return ended.value.code


def test_the_command_rewrites_the_files_of_a_checkout(tmp_path, monkeypatch, capsys):
    home = tmp_path / "sim"
    home.mkdir()
    for name in model_documents.FILES:
        (home / name).write_text(STALE if name == "README.md" else TEXTS[name], "utf-8")
    monkeypatch.setattr(model_documents, "HOME", home)
    assert status("params", "--document") == 2
    assert "no checkout" in capsys.readouterr().err and (home / "README.md").read_text("utf-8") == STALE
    (tmp_path / "pyproject.toml").touch()
    assert status("params", "--document") == 0
    assert capsys.readouterr().out.splitlines()[0] == "sim/README.md: rewritten"
    assert (home / "README.md").read_text("utf-8") == model_documents.filled(STALE)
    assert (home / "variables.md").read_text("utf-8") == TEXTS["variables.md"]
    assert status("params", "rotation", "--document") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
