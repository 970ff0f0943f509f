"""The bench finds what it measures against."""

from experiments.performance import battle


def test_the_plain_twin_is_found_in_a_checkout():
    assert (battle.ROOT / "tests" / "plain" / "battle.py").is_file()
    assert (battle.ROOT / "sim" / "battle.py").is_file()
