"""Seeds that it takes, the best level, two folders side by side, and how figures are told."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.made_up import LEVERS, M, frames, levers, made_up, nothing, share_of, without

from experiments.analysis import convergence
from experiments.analysis.comparison import compared
from experiments.analysis.optimum import optimum
from experiments.runs.json_values import plain
from sim.errors import InputError

# Convergence and optimum


def test_replicates_are_those_of_the_t_interval():
    assert convergence.replicates(1.0, 0.5) == 18  # 2.11 / sqrt(18) = 0.497
    assert convergence.replicates(1.0, 3.0) == 3
    assert convergence.replicates(1.0, 0.1) == 387


def test_needed_seeds_of_a_known_spread():
    r = made_up("factorial", lambda u, x: 100.0, factors=LEVERS, noise=10.0, replicates=60)
    told = convergence.needed(r, M, within=5.0)
    assert told.low <= convergence.replicates(10, 5) <= told.high
    assert told.worst >= told.typical
    assert told.is_enough
    part = convergence.needed(r, M, share=0.05)
    assert part.within == pytest.approx(5, rel=0.05)
    assert not convergence.needed(r, M, share=0.001).is_enough
    with pytest.raises(InputError, match="once"):
        convergence.needed(r, M, within=1, share=1)
    with pytest.raises(InputError, match="above 0"):
        convergence.needed(r, M, within=0)


def test_convergence_without_spread_or_seeds_says_so():
    assert convergence.needed(made_up("factorial", levers, factors=LEVERS), M).note == "all runs of a point agree"
    assert "one seed" in convergence.needed(made_up("factorial", levers, factors=LEVERS, replicates=1), M).note
    assert "are 0" in convergence.needed(frames([[-1.0, 1.0], [-2.0, 2.0]], pd.DataFrame({"a": [1, 2]})), M).note


def test_the_mean_settles_as_seeds_are_added():
    r = made_up("factorial", lambda u, x: 100.0, factors=LEVERS, noise=10.0, replicates=40)
    table = convergence.mean_against_n(r, M, point=2)
    assert table["n"].tolist() == list(range(1, 41))
    assert math.isnan(table["low"][0])
    assert table["mean"].iloc[-1] == pytest.approx(r.matrix(M).loc[2].mean())
    wide = (table["high"] - table["low"]).to_numpy()
    assert wide[-1] < wide[4]
    assert len(convergence.mean_against_n(without(r, (0, 3)), M)) == 39
    with pytest.raises(InputError, match="no point 99"):
        convergence.mean_against_n(r, M, point=99)


def test_the_optimum_is_found_with_what_the_seeds_leave_open():
    factors = {"rotation_interval_days": [10.0, 20.0, 40.0, 80.0, 160.0], "manpower_ratio": [1.0, 2.0]}
    r = made_up(
        "factorial",
        lambda u, x: -((np.log2(x["rotation_interval_days"] / 40)) ** 2),
        factors=factors,
        noise=0.3,
        shift=5.0,
        replicates=10,
    )
    told = optimum(r, M, "rotation_interval_days")
    assert told.level["rotation_interval_days"] == 40
    assert told.low["rotation_interval_days"] <= 40 <= told.high["rotation_interval_days"]
    assert told.is_clear
    assert not told.table.set_index("rotation_interval_days").loc[[10.0, 160.0], "rival"].any()
    assert "highest" in told.sentence()
    assert optimum(r, M, ["rotation_interval_days", "manpower_ratio"]).level["rotation_interval_days"] == 40
    flat = made_up("factorial", nothing, factors=factors, noise=1.0, shift=5.0, replicates=10)
    assert not optimum(flat, M, "rotation_interval_days", best="low").is_clear
    assert "no level" in optimum(flat, M, "rotation_interval_days").sentence()


def test_the_true_optimum_is_among_the_rivals():
    trials = [
        optimum(
            made_up(
                "factorial",
                lambda u, x: -0.2 * abs(x["manpower_ratio"] - 3),
                factors={"manpower_ratio": [1.0, 2.0, 3.0, 4.0, 5.0]},
                noise=0.5,
                shift=4.0,
                replicates=8,
                seed=k,
            ),
            M,
            "manpower_ratio",
        )
        for k in range(60)
    ]
    assert share_of(trials, lambda t: t.table["rival"][2]) > 0.93
    assert share_of(trials, lambda t: t.low["manpower_ratio"] <= 3 <= t.high["manpower_ratio"]) > 0.9


# Two folders


def test_folders_are_compared_seed_by_seed():
    a = made_up("factorial", levers, factors=LEVERS, shift=20.0, noise=1.0, replicates=12, seed=1)
    b = replace(a, runs=a.runs.assign(held_km2=a.runs[M] + 2 + np.random.default_rng(9).normal(0, 1, len(a.runs))))
    told = compared(a, b)
    (c,) = told.contrasts
    assert told.is_paired
    assert (told.shared_seeds, told.points, told.only_a, told.only_b) == (12, 6, 0, 0)
    assert c.low < 2 < c.high
    assert c.variance_saved > 0.98


def test_folders_without_shared_seeds_are_told_as_unpaired():
    a = made_up("factorial", levers, factors=LEVERS, shift=2.0, replicates=12, seed=1)
    b = made_up("factorial", lambda u, x: levers(u, x) + 30, factors=LEVERS, shift=2.0, replicates=12, seed=2)
    b = replace(b, runs=b.runs.assign(seed=b.runs["seed"] + 100))
    told = compared(a, b)
    (c,) = told.contrasts
    assert not told.is_paired
    assert "no shared seeds" in told.notes[0]
    assert c.low < 30 < c.high
    assert math.isnan(c.variance_saved)
    assert c.note == "unpaired"


def test_comparing_says_what_differs_and_what_has_no_partner():
    a = made_up("factorial", levers, factors=LEVERS)
    b = made_up("factorial", levers, factors=LEVERS | {"manpower_ratio": [2.0, 4.0, 6.0]})
    a = replace(
        a,
        runs=a.runs.assign(
            **{"fire.range_km": 1.0, "scenario": "skirmish", "command.manpower_ratio": a.runs["manpower_ratio"]}
        ),
    )
    b = replace(
        b,
        runs=b.runs.assign(
            **{"fire.range_km": 2.0, "scenario": "skirmish", "command.manpower_ratio": b.runs["manpower_ratio"]}
        ),
    )
    key = next(k for k in a.runs if k.startswith("fire."))
    told = compared(a, b)
    assert (told.points, told.only_a, told.only_b) == (4, 2, 2)
    from sim.settings import catalog

    if key in catalog():
        assert (key, "1", "2") in told.differs
    assert not any(name == "command.manpower_ratio" for name, *_ in told.differs)
    with pytest.raises(InputError, match="same factors"):
        compared(a, made_up("factorial", nothing, factors={"manpower_ratio": [1.0, 2.0]}))


# Words


def test_json_has_no_nan():
    assert plain({"a": np.float64("nan"), "b": (np.int64(3),), "c": pd.DataFrame({"x": [1.5]})}) == {
        "a": None,
        "b": [3],
        "c": [{"x": 1.5}],
    }
