"""Earlier names of modules can still be imported, and say where their contents are now."""

import subprocess
import sys
from importlib import import_module

import pytest

import experiments
from experiments.compatibility import EARLIER


@pytest.mark.parametrize("name", EARLIER)
def test_an_earlier_name_leads_to_its_contents(name):
    sys.modules.pop(f"experiments.{name}", None)
    with pytest.warns(DeprecationWarning, match=EARLIER[name][0]):
        module = import_module(f"experiments.{name}")
    home = import_module(f"experiments.{EARLIER[name][0]}")
    public = [n for n in vars(home) if not n.startswith("_")]
    assert all(getattr(module, n) is getattr(home, n) for n in public)
    assert not hasattr(module, "no_such_thing")


def test_what_documents_import():
    from experiments.contrasts import effects, paired
    from experiments.optimum import optimum
    from experiments.validate import validate
    from experiments.verdicts import chart, effect_words

    from experiments.claims import answer
    from experiments.runs import simulate
    from experiments.studies import load_study, study_names, study_of
    from experiments.sweep import sweep

    found = (answer, effects, paired, optimum, simulate, load_study, study_names, study_of, sweep, validate, chart, effect_words)
    assert all(map(callable, found))
    assert experiments.posterior_figures.beliefs and experiments.foretold.read


def test_the_designs_are_still_printed_by_their_earlier_name():
    done = subprocess.run([sys.executable, "-m", "experiments.nolh", "--help"], capture_output=True, text=True, timeout=600)
    assert "No module named" not in done.stderr
