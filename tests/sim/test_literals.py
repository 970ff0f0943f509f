"""Numbers in the rules are declared quantities; the few that are not are listed in sim/README.md, and cannot grow unnoticed."""

from collections import Counter

from helpers.literals import ROOT, listed, literals, numbers_in

from sim.mustering import muster

MOST = 104  # literals of meaning in all kernel files; lower it when a rule loses some


def test_every_number_that_is_not_declared_is_listed():
    assert listed((ROOT / "README.md").read_text(encoding="utf-8")) == set(literals())


def test_there_are_no_more_than_there_were():
    by_file = Counter(file for file, *_ in literals())
    assert by_file.total() <= MOST, by_file


def test_what_counts_as_a_literal_of_meaning():
    import ast

    rule = "def f(x):\n    k = uniform_of(key, 9) * 0.75\n    return x[7] + 2 * k + (k << 24) - 0.5 + 15.0\n"
    assert list(numbers_in(ast.parse(rule).body[0])) == [0.75, 15.0]




def test_the_lever_of_morale_is_the_morale_at_the_start():
    """Every unit of the muster, and every group formed later, starts at the level that was asked for."""
    for overrides, level in (({}, 0.75), ({"morale": 0.5}, 0.5)):
        world = muster("skirmish", 1, overrides=overrides, record=False)
        assert set(world.units.morale[world.live()].tolist()) == {level}
