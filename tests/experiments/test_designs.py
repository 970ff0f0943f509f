"""Designs: what each promises of its matrix, the same on every call, and usable by the libraries that read it."""

import math
from hashlib import blake2b
from itertools import product

import numpy as np
import pytest
from scipy.stats import qmc

from experiments.studies import designs, nolh
from experiments.studies.files import study_of
from sim.errors import InputError

SIZES = [*nolh.COLUMNS]


def study(design, factors, **more):
    return study_of(
        {"name": "n", "scenario": "skirmish", "design": design, "replicates": 2, "factors": factors, **more}
    )


def random_cube(points, columns, rng):
    """A random Latin hypercube on the same levels as a nolh."""
    return np.stack([rng.permutation(points) for _ in range(columns)], axis=1) / (points - 1)


# Nearly orthogonal Latin hypercubes


@pytest.mark.parametrize("points", SIZES)
def test_nolh_is_a_latin_hypercube_with_its_center(points):
    x = nolh.design(points)
    assert x.shape == (points, nolh.COLUMNS[points])
    assert (np.sort(x, axis=0) == np.linspace(0, 1, points)[:, None]).all(), "a column is no permutation of its levels"
    q = points // 2
    assert (x[q] == 0.5).all()
    assert np.allclose(x[:q] + x[q + 1 :], 1), "the second half is no mirror image of the first"


@pytest.mark.parametrize("points", SIZES)
def test_nolh_is_nearly_orthogonal(points):
    """Within both bounds of Cioppa and Lucas: 0.03, from which ours stay away, and a condition number of 1.13."""
    x = nolh.design(points)
    assert nolh.correlation(x) <= min(nolh.LIMITS[points] + 1e-9, 0.03)
    assert nolh.condition(x) <= nolh.CONDITION + 1e-9
    # mirrored points: a column is orthogonal to every square and product, so that bends do not pass for slopes
    c = x - 0.5
    second = np.stack([c[:, i] * c[:, j] for i in range(c.shape[1]) for j in range(i, c.shape[1])], axis=1)
    assert np.abs(c.T @ second).max() < 1e-9


@pytest.mark.parametrize("points", SIZES)
def test_nolh_fills_space_better_than_random_hypercubes(points):
    rng = np.random.default_rng(1)
    x = nolh.design(points)
    others = [random_cube(points, x.shape[1], rng) for _ in range(21)]
    assert nolh.nearest(x) > np.median([nolh.nearest(o) for o in others])
    centered = [qmc.discrepancy(o, method="CD") for o in others]
    assert qmc.discrepancy(x, method="CD") < np.median(centered)


def test_nolh_stays_the_same_to_the_last_bit():
    """A design that changes would change every study that uses it."""
    digests = {
        17: "db6350c691ddc3ed",
        33: "38da5a462957094a",
        65: "331a05608477e229",
        129: "18fe3e37d443ba01",
        257: "798a54b3b8e87927",
    }
    assert {n: blake2b(nolh.design(n).tobytes(), digest_size=8).hexdigest() for n in SIZES} == digests


def test_nolh_structure_makes_many_pairs_orthogonal_whatever_the_generator():
    """Ye's columns: e and its blocks reversed, 2 m - 2 of them with the products of the first block."""
    rng = np.random.default_rng(3)
    for points in SIZES:
        place, sign = nolh.structure(points)
        half = (rng.permutation(len(place)) + 1)[place] * sign
        inner = half.T @ half
        blocks = int(math.log2(len(place)))
        assert (inner[0, 1 : 1 + blocks] == 0).all()
        assert (np.sort(np.abs(half), axis=0) == np.arange(1, len(place) + 1)[:, None]).all()


def test_nolh_search_finds_such_a_generator():
    e = nolh.search(33, 1, 50, 0.01)
    x = nolh.cube(e, *nolh.structure(33))
    assert nolh.correlation(x) <= nolh.LIMITS[33] + 1e-9
    assert (e == nolh.search(33, 1, 50, 0.01)).all()


def test_discrepancy_by_hand():
    """Two points on a line, from the definition."""
    x = np.array([[0.0], [1.0]])
    assert nolh.discrepancy(x) == pytest.approx(4 / 3 - (3 + 2) / 2 + (2 + 1 + 1 + 1) / 4)


def test_the_smallest_nolh_that_fits_is_taken():
    for k, points in [(1, 17), (7, 17), (8, 33), (12, 65), (17, 129), (23, 257), (29, 257)]:
        assert designs.nolh(k).shape == (points, k)
    assert (designs.nolh(3, 65) == nolh.design(65)[:, :3]).all()
    with pytest.raises(InputError, match="30 factors are more than the 29 columns"):
        designs.nolh(30)


# Grids


def test_factorial_is_every_combination_once():
    rows = designs.factorial([2, 3, 2])
    assert [tuple(r) for r in rows] == [*product(range(2), range(3), range(2))]


def test_one_at_a_time_moves_one_column_a_row():
    rows = designs.one_at_a_time([[0, 2], [], [1]])
    assert rows.tolist() == [[-1, -1, -1], [0, -1, -1], [2, -1, -1], [-1, -1, 1]]


# Samples


def test_lhs_has_one_point_in_every_part_of_every_column():
    x = designs.lhs(20, 4, seed=3)
    assert (np.sort(np.floor(x * 20), axis=0) == np.arange(20)[:, None]).all()


SAMPLED = {
    "lhs": {"points": 12},
    "nolh": {},
    "sobol": {"points": 8},
    "morris": {"points": 6},
}
THREE = {"manpower_ratio": {"scale": "log"}, "belts": {}, "infantry.group_defender": {"low": 2, "high": 5}}


@pytest.mark.parametrize("name", SAMPLED)
def test_a_sample_is_the_same_on_every_call_and_moves_with_its_seed(name):
    a, b = study(name, THREE, **SAMPLED[name]), study(name, THREE, **SAMPLED[name])
    assert (a.unit_sample() == b.unit_sample()).all() and a.points() == b.points() and a.key == b.key
    assert a.unit_sample().min() >= 0 and a.unit_sample().max() <= 1
    c = study(name, THREE, **SAMPLED[name], design_seed=2)
    assert (c.points() == a.points()) == (name == "nolh")
    first = study(name, THREE, **SAMPLED[name], seed=50)  # the luck of runs is not the luck of the design
    assert first.points() == a.points()
    a.unit_sample()[:] = 0  # a copy
    assert a.point(1) == b.point(1)


def test_a_sample_ignores_and_leaves_global_luck():
    wanted = study("morris", THREE, points=6).points()
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    assert study("morris", THREE, points=6).points() == wanted
    assert (np.random.get_state()[1] == before).all()


@pytest.mark.parametrize(("second", "rows"), [(False, 8 * (3 + 2)), (True, 8 * (2 * 3 + 2))])
def test_sobol_sample_is_what_salib_analyzes(second, rows):
    from SALib.analyze import sobol

    s = study("sobol", THREE, points=8, second_order=second)
    assert s.n_points == rows
    x = s.unit_sample()
    told = sobol.analyze(s.problem(), 3 * x[:, 0] + x[:, 1], calc_second_order=second, seed=1)
    assert len(told["S1"]) == 3 and told["ST"][2] == pytest.approx(0, abs=1e-12) and told["ST"][0] > told["ST"][1]


def test_sobol_moves_a_group_as_one():
    s = study("sobol", {"weather.*": {}, "shells.*": {}, "morale": {}}, points=4, groups=True)
    assert s.n_points == 4 * (3 + 2)
    groups = np.array(s.problem()["groups"])
    assert [*dict.fromkeys(groups.tolist())] == ["weather", "shells", "morale"]
    x = s.unit_sample()
    assert (x[1, groups != "weather"] == x[0, groups != "weather"]).all() and (
        x[1, groups == "weather"] != x[0, groups == "weather"]
    ).all()


def test_morris_moves_one_factor_or_group_a_step():
    s = study("morris", THREE, points=5)
    steps = np.diff(s.unit_sample().reshape(5, 4, 3), axis=1)
    assert (np.count_nonzero(steps, axis=2) == 1).all() and np.allclose(np.abs(steps[steps != 0]), 2 / 3)
    groups = {"weather.*": {}, "shells.*": {}, "morale": {"group": "men"}, "fire.bouts": {"group": "men"}}
    s = study("morris", groups, points=5, groups=True, levels=6)
    assert s.n_points == 5 * 4
    names = np.array(s.problem()["groups"])
    for step in np.diff(s.unit_sample().reshape(5, 4, len(names)), axis=1).reshape(-1, len(names)):
        moved = set(names[step != 0])
        assert len(moved) == 1 and (step[names == moved.pop()] != 0).all()


def test_morris_flips_a_switch_at_every_step_of_it():
    s = study("morris", {"belts": {}, "morale": {}}, points=20)
    values = [p.levels["belts"] for p in s.points()]
    steps = np.diff(s.unit_sample()[:, 0])
    for k in range(s.n_points - 1):
        if k % 3 != 2:  # within a trajectory
            assert (values[k] != values[k + 1]) == (steps[k] != 0)


def test_morris_indices_find_the_factor_that_matters():
    from SALib.analyze import morris

    s = study("morris", THREE, points=6)
    x = s.unit_sample()
    told = morris.analyze(s.problem(), x, 5 * x[:, 0] + x[:, 2], num_levels=s.morris_levels, seed=1)
    assert list(told["mu_star"]) == pytest.approx([5, 0, 1])
