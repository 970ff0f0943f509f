"""Levers have plain names and stand by system."""

import re

from sim.settings import Settings, catalog
from sim.view.page.session.lever_names import NAMES, OTHER, SYSTEM_OF
from sim.view.page.session.levers import FIRST, lever_table


def test_every_lever_has_a_plain_name_and_every_parameter_a_system():
    levers = {d.key for d in catalog().values() if d.role == "lever"}
    assert levers == {*NAMES, *FIRST}
    names = [*NAMES.values(), *(label for label, _ in FIRST.values())]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[A-Z][A-Za-z ,-]+", name) and len(name) < 34 for name in names)
    assert {d.key.split(".")[0] for d in catalog().values() if d.role != "numeric"} == set(SYSTEM_OF)


def test_rows_stand_by_system_levers_first():
    rows = lever_table(Settings({}), {})
    assert [r["key"] for r in rows[: len(FIRST)]] == list(FIRST)
    rest = [(r["system"], r["role"] != "lever") for r in rows[len(FIRST):]]
    seen = list(dict.fromkeys(system for system, _ in rest))
    assert rest == sorted(rest, key=lambda pair: (seen.index(pair[0]), pair[1])), "each system once, its levers before what is uncertain"
    assert OTHER not in seen
