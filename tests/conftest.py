"""What the tests share: small battles, and ways to tell whether two of them are the same to the last bit."""

import logging
import warnings
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from sim import battle, compilation, plugin_files
from sim.mustering import muster

settings.register_profile(
    "battle", deadline=None, derandomize=True, max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture])
settings.load_profile("battle")


def pytest_sessionstart():
    """Kernels are compiled once, by processes of which one waits for the other, and no test waits or hears of it."""
    compilation.prepare(compilation.nobody)


@pytest.fixture(autouse=True)
def no_plugin_stays():
    """No plugin of a test is known to the next one."""
    yield
    if plugin_files.LOADED:
        plugin_files.forget()


SCRATCH = {"cost"}  # columns that mean nothing between phases


def run(source="skirmish", seed=1, days=2, **more):
    """A battle after so many days, its books checked at every step."""
    return battle.run(muster(source, seed, check=True, **more), days)


def digest(*arrays):
    """A short fingerprint of arrays, to the last bit."""
    h = blake2b(digest_size=12)
    for a in arrays:
        h.update(np.ascontiguousarray(a).tobytes())
    return h.hexdigest()


def by_slot(world, columns=None):
    """Every live unit's columns by slot, the partner as a slot: what a battle is, whatever the order of its rows."""
    u, rows = world.units, world.live()
    rows = rows[np.argsort(u.slot[rows])]
    out = {name: getattr(u, name)[rows] for name in columns or u._fields if name != "partner"}
    partner = u.partner[rows]
    out["partner"] = np.where(partner >= 0, u.slot[np.maximum(partner, 0)], -1)
    return out


def state(world):
    """Fingerprints of everything a battle is made of, by name; the same for the same battle however it is stored."""
    out = {f"units.{name}": digest(values) for name, values in by_slot(world).items()}
    for table in ("formations", "cells", "nodes", "blocks", "books"):
        columns = getattr(world, table)
        out |= {f"{table}.{name}": digest(getattr(columns, name)) for name in columns._fields if name not in SCRATCH}
    return out


def same(a, b):
    """Names of what differs between two battles: empty when they are the same to the last bit."""
    one, two = state(a), state(b)
    return sorted(name for name in one if one[name] != two[name])


@pytest.fixture(scope="session")
def skirmish_days():
    """A skirmish of three days, seed 1. Look, do not touch."""
    return run("skirmish", 1, 3)


@pytest.fixture
def quiet(caplog):
    """Any warning, and any complaint about fonts, fails the test."""
    caplog.set_level(logging.WARNING, "matplotlib")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    assert [r.getMessage() for r in caplog.records if r.name.startswith("matplotlib")] == []
