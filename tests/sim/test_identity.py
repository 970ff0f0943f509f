"""The commit of the code: that of the checkout it runs from, and none where there is no checkout; and its key."""

import subprocess
from dataclasses import replace

import pytest

from sim import identity, measures


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "identity.py").write_text("x = 1\n")
    monkeypatch.setattr(identity, "HOME", tmp_path / "sim")
    identity.git_commit.cache_clear()
    yield tmp_path
    identity.git_commit.cache_clear()


def git(home, *words):
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", "-C", str(home), *who, *words], check=True, capture_output=True, text=True).stdout.strip()


def test_a_checkout_has_a_commit_and_a_mark_after_changes(home):
    git(home, "init", "-q")
    git(home, "add", ".")
    git(home, "commit", "-q", "-m", "first")
    commit = git(home, "rev-parse", "--short=12", "HEAD")
    assert identity.git_commit() == commit
    (home / "sim" / "identity.py").write_text("x = 2\n")
    identity.git_commit.cache_clear()
    assert identity.git_commit() == commit + "+"


def test_a_package_inside_somebody_elses_checkout_has_none(home, monkeypatch):
    git(home, "init", "-q")
    (home / "venv" / "sim").mkdir(parents=True)
    monkeypatch.setattr(identity, "HOME", home / "venv" / "sim")
    assert identity.git_commit() is None


@pytest.mark.parametrize("change", [{"unit": "ha"}, {"kind": "total"}, {"needs": ("front_km",)}, {"of": lambda look: 0.0}], ids=lambda c: next(iter(c)))
def test_a_measure_that_is_redefined_in_any_way_changes_the_key(monkeypatch, change):
    before = identity.code_key()
    monkeypatch.setitem(measures.MEASURES, "held_km2", replace(measures.MEASURES["held_km2"]))
    same = identity.code_key()
    monkeypatch.setitem(measures.MEASURES, "held_km2", replace(measures.MEASURES["held_km2"], **change))
    assert identity.code_key() not in (before, same)
