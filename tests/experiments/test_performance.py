"""What is read from the checkout is found in it, wherever the file that looks for it lies."""

import subprocess

import pytest

from experiments.performance import battle
from experiments.runs.provenance import git_commit


def test_the_bench_finds_the_plain_twin():
    assert (battle.ROOT / "tests" / "plain" / "battle.py").is_file()
    assert (battle.ROOT / "sim" / "battle.py").is_file()


def test_the_commit_of_a_run_is_that_of_the_checkout():
    if not (battle.ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    head = subprocess.run(["git", "-C", str(battle.ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    assert head.startswith((git_commit() or "none").removesuffix("+"))
