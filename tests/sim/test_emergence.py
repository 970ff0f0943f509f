"""What must come out of the rules without being put in (the italics of the model's description), each with its measured figure.

Arms share seeds, so that weather and every other random draw are the same. A behavior that does not come out yet is a strict expected
failure with what was measured: a battle is the same for the same seed, so it fails for certain, and passing is news.
"""

from functools import cache

import numpy as np

from experiments.validation.salient import held_after
from sim import battle
from sim.mustering import muster

SEEDS = (1, 2, 3)


@cache
def final(days, seed, source="pokrovsk-2024", overrides=()):
    """Measures of one run at its end, as a dict; breakthroughs summed over the run."""
    world = battle.run(muster(source, seed, overrides=dict(overrides)), days)
    daily = world.journal.daily()
    out = {name: values[-1] for name, values in daily.items()}
    out["pace"] = float(daily["held_km2"][-1] - daily["held_km2"][0]) / days
    for name in ("breakthroughs", "deep_breakthroughs"):
        out[name] = int(daily[name].sum())
    out["captures"] = {row["settlement"] for row in world.journal.captures(world) if row["captured"]}
    return out


def arm(name, days=120, source="pokrovsk-2024", seeds=SEEDS, **overrides):
    """One measure of each seed's run with these overrides (dots written as two underscores)."""
    changed = tuple((key.replace("__", "."), value) for key, value in overrides.items())
    return np.array([final(days, seed, source, changed)[name] for seed in seeds], float)


def per_1000(**overrides):
    """Armored vehicles lost per 1,000 casualties of the attacker."""
    lost = sum(arm(f"armor_{what}_attacker", **overrides) for what in ("destroyed", "abandoned"))
    return 1000 * lost / arm("casualties_attacker", **overrides)


def test_belts_divide_the_pace():
    """Works in depth divide the pace by 1.4 at least (measured 4.4 over 120 days, 8 seeds; the scorecard asks for 1.5 to 5)."""
    seeds = tuple(range(1, 9))  # three may have the luck of 5.2
    ratio = arm("pace", seeds=seeds, works__enabled=False).mean() / arm("pace", seeds=seeds).mean()
    assert 1.4 < ratio < 5.0


def test_armor_fades_as_the_kill_zone_deepens():
    """Armor lost per 1,000 casualties falls by more than half from a kill zone of 3 to one of 12 km (measured 10.3 to 1.8)."""
    assert per_1000(kill_zone_scale=2.5).mean() < 0.5 * per_1000().mean()


def test_drones_and_shells_stand_in_for_each_other():
    """More of either speeds the attacker, and three times the shells make up for the loss of 60 % of his drones."""
    seeds = tuple(range(1, 9))  # the effect is of the size of one seed's luck
    few = arm("pace", seeds=seeds, drones_attacker=0.4).mean()
    both = arm("pace", seeds=seeds, drones_attacker=0.4, shells_attacker=3.0).mean()
    assert few < both
    assert both > 0.9 * arm("pace", seeds=seeds).mean()


def test_manpower_drives_the_advance():
    """More attackers to a defender, more ground (measured 1.6, 4.6, 8.7 km2 a day at ratios of 2, 4, 7)."""
    pace = [arm("pace", manpower_ratio=ratio).mean() for ratio in (2.0, 4.0, 7.0)]
    assert pace[0] < pace[1] < pace[2]


def test_bombs_break_works_and_buy_ground():
    """Glide bombs speed the attacker (measured 3.1 without, 6.7 with 120 a day)."""
    assert arm("pace", bombs_per_day=0.0).mean() < arm("pace", bombs_per_day=120.0).mean()


def test_no_works_behind_the_first_line_lets_the_attacker_run():
    """Avdiivka: without works behind the first line the attacker takes at least 1.5 times the ground in 70 days."""
    without = arm("pace", days=70, source="avdiivka-2024", seeds=(1, 2))
    behind = arm("pace", days=70, source="avdiivka-2024", seeds=(1, 2), works__field_ready=1.0)
    assert without.mean() > 1.5 * behind.mean()


def test_the_breach_reaches_ocheretyne():
    """Avdiivka: without works behind the first line most runs reach Ocheretyne by the end of April 2024."""
    taken = ["ocheretyne" in final(75, seed, "avdiivka-2024")["captures"] for seed in (1, 2, 3)]
    assert np.mean(taken) > 0.5


def test_salient_without_follow_on_is_cut_back_when_reserves_come():
    """Dobropillia: reserves take back more of an unconsolidated salient than of one that is fed, and more than if they stay away."""
    alone = np.mean([held_after(seed, follow=0.0) for seed in SEEDS])
    fed = np.mean([held_after(seed, follow=20.0) for seed in SEEDS])
    absent = np.mean([held_after(seed, follow=0.0, reserve=False) for seed in SEEDS])
    assert alone < fed
    assert alone < absent


def test_a_quarter_of_an_unconsolidated_salient_goes_back():
    """Dobropillia: at least a quarter goes back within 20 days without follow-on, less than a tenth with it."""
    assert np.mean([held_after(seed, follow=0.0) for seed in SEEDS]) <= 0.75
    assert np.mean([held_after(seed, follow=20.0) for seed in SEEDS]) >= 0.9


def test_rotation_bleeds_the_fast_and_wears_the_slow():
    """Reliefs cost men on the way, and men who stay are worn: the two sides of the optimum that row T31 asks for."""
    fast, usual, slow = ({name: arm(name, rotation_interval_days=days).mean() for name in ("casualties_defender", "strain_median_defender")}
                         for days in (10.0, 45.0, 180.0))
    assert fast["casualties_defender"] > 1.05 * usual["casualties_defender"]
    assert slow["casualties_defender"] < usual["casualties_defender"]
    assert fast["strain_median_defender"] < 0.7 * usual["strain_median_defender"]
    assert slow["strain_median_defender"] > 1.2 * usual["strain_median_defender"]


def test_deep_breakthroughs_are_rare():
    """Penetrations of more than 8 km within 7 days come in some runs of 200 days and are few (year-long: see the README)."""
    deep = np.array([final(200, seed)["deep_breakthroughs"] for seed in range(1, 7)])
    assert deep.mean() < 3.0


def test_the_front_lives():
    """A year in short: neither frozen nor dissolving, at a believable price, in 120 days."""
    assert 2.0 < arm("pace").mean() < 9.0
    assert 45 < arm("price_per_km2").mean() < 200
    drones = arm("casualties_attacker_drone") / arm("casualties_attacker")
    road = (arm("casualties_defender_way") + arm("casualties_defender_rear")) / arm("casualties_defender")
    assert 0.4 < drones.mean() < 0.85
    assert 0.3 < road.mean() < 0.7
