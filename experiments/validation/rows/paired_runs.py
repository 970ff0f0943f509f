"""T17, T20, T23, T25: paired runs that differ in one thing and share all random draws."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.analysis import intervals
from experiments.observation.observed import ObservedRun
from experiments.validation.checks import EVIDENCE, LEVEL_90, LEVEL_95, Check, ninety, over_runs, row

if TYPE_CHECKING:
    import pandas as pd

    from experiments.studies.study import Study

FOLLOW = 20.0  # groups a day to each lodgement, with follow-on forces
KILL_ZONES = (1.0, 2.5)  # beside the scenario's reach: about 3-6 km and 8-15 km
INTERVALS = (15.0, 30.0, 60.0, 120.0)  # days until relief
ELASTICITY = 0.1  # of infiltrations to the interval, at least: a quarter more of them at eight times the interval
ARMOR = ("armor_destroyed_attacker", "armor_abandoned_attacker")
FIRST, LAST = ("2024-08", "2024-10"), ("2025-05", "2025-08")  # whole months that are compared in T20


def study(name: str, factors: dict[str, Any], days: int, seeds: int, measures: Sequence[str], **more: Any) -> Study:
    """Twins of the baseline as a study: every level of the factors with the same seeds."""
    from experiments.studies.files import study_of

    data = {"name": name, "design": "factorial", "days": days, "replicates": seeds, "measures": list(measures)}
    return study_of({**data, "factors": factors or {"scenario": ["pokrovsk-2024"]}, **more})


@row(
    "T17",
    "H",
    "Dobropillia: rare deep infiltration, fast stall, cut-off",
    source=EVIDENCE
    + " (dobro_jump, dobro_front, dobro_revert): +31.8 km2 and +37 km of front in a day, -12.3 km2 four days on",
    formula="runs with a deep breakthrough (held ground or 10 men in positions or lodged, 8 km past the line of 7 days ago on two days running); share of a salient of 3 x 10 km given back in 20 days when a reserve comes",
    band="5-60 % of runs; 25 % or more given back unconsolidated, below 10 % with follow-on",
    needs=("seen", "salient_alone", "salient_fed"),
)
def dobropillia(runs: Sequence[ObservedRun], alone: np.ndarray, fed: np.ndarray) -> list[Check]:
    """`alone`, `fed`: share of the salient still held after 20 days, one number a seed, without and with follow-on groups."""
    share = intervals.of_share(sum(r.deep > 0 for r in runs), len(runs))
    back, kept = intervals.of_mean(1.0 - np.asarray(alone)), intervals.of_mean(1.0 - np.asarray(fed))
    return [
        Check(
            "runs with a deep breakthrough",
            share.estimate,
            (0.05, 0.60),
            (share.low, share.high),
            LEVEL_95,
            record="once",
            n=share.n,
        ),
        Check(
            "given back without follow-on",
            back.estimate,
            (0.25, None),
            (back.low, back.high),
            LEVEL_95,
            record="0.39 in 4 days",
            n=back.n,
        ),
        Check("given back with follow-on", kept.estimate, (None, 0.10), (kept.low, kept.high), LEVEL_95, n=kept.n),
    ]


@row(
    "T20",
    "H",
    "De-mechanization emerges",
    source=EVIDENCE
    + ": tanks and AFVs lost by 1,000 casualties 25.9 (August-October 2024), 9.9 (May-August 2025), theatre claims",
    formula="fall of armor lost by 1,000 casualties: August-October 2024 to May-August 2025; and in twins with a kill zone x2.5",
    band="falls 55 % or more in both; no date in the rules",
    needs=("seen", "losses", "kill_zones", "dated_rules"),
    targets=("armor_rate", "armor_fall"),
)
def armor_fades(
    runs: Sequence[ObservedRun], losses: dict[str, np.ndarray], zones: dict[float, np.ndarray], dated: Sequence[str]
) -> list[Check]:
    """`zones`: armor lost by 1,000 casualties, one number a seed, by scale of the kill zone; `dated`: rules that name a date."""
    month = runs[0].box.months()
    part = lambda span, months: (months >= np.datetime64(span[0])) & (months <= np.datetime64(span[1]))  # noqa: E731

    def per_1000(run: ObservedRun, span: tuple[str, str]) -> float:
        k = part(span, month)
        return (
            1000 * run.monthly("armor")[k].sum() / max(run.monthly("attacker")[k].sum(), 1)
        )  # claims of both are biased alike

    claimed = [
        1000 * losses["armor"][k].sum() / losses["casualties"][k].sum()
        for k in (part(s, losses["month"]) for s in (FIRST, LAST))
    ]
    thin, deep = np.asarray(zones[KILL_ZONES[0]]), np.asarray(zones[KILL_ZONES[1]])
    fall = intervals.of_statistic(
        lambda a, b, axis=-1: 1 - np.mean(b, axis=axis) / np.mean(a, axis=axis), thin, deep, paired=True
    )
    return [
        over_runs(
            "fall over the battle",
            [1 - per_1000(r, LAST) / max(per_1000(r, FIRST), 1e-9) for r in runs],
            (0.55, None),
            f"{1 - claimed[1] / claimed[0]:.2f}",
        ),
        Check(
            "fall as the kill zone deepens x2.5, twins",
            fall.estimate,
            (0.55, None),
            (fall.low, fall.high),
            LEVEL_95,
            n=fall.n,
        ),
        Check("rules that name a date", float(len(dated)), (0.0, 0.0)),
        over_runs(
            "lost by 1,000 casualties, first months", [per_1000(r, FIRST) for r in runs], None, f"{claimed[0]:.1f}"
        ),
        over_runs(
            "lost by 1,000 casualties, last months", [per_1000(r, LAST) for r in runs], None, f"{claimed[1]:.1f}"
        ),
    ]


def dated_rules() -> list[str]:
    """Rules and kinds whose code makes a date or names a year: there must be none."""
    import sim

    home = Path(sim.__file__).parent
    found = []
    for file in sorted([*(home / "phases").glob("*.py"), *(home / "kinds").glob("*.py")]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.expr):
                continue
            makes = isinstance(node, ast.Call) and node.args and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
                "date",
                "datetime64",
                "fromisoformat",
            )
            year = isinstance(node, ast.Constant) and type(node.value) is int and 2022 <= node.value <= 2030
            if makes or year:
                found.append(f"{file.parent.name}/{file.name}:{node.lineno}")
    return found


@row(
    "T23",
    "H",
    "Belts slow",
    source="the model's description; press (prior_belt)",
    formula="pace without works by pace with them, ratio of means over paired seeds, 200 days",
    band="1.5-5",
    needs="works_arms",
)
def belts(arms: dict[tuple[bool, bool], np.ndarray]) -> list[Check]:
    """`arms`: net gain by seed, by (works on, the defender's intake answers to lost ground)."""
    checks = []
    for feedback, words in ((True, ""), (False, ", intake that does not answer")):
        if (True, feedback) not in arms:
            continue
        built, bare = arms[True, feedback], arms[False, feedback]
        ratio = lambda x, y, axis=-1: np.mean(y, axis=axis) / np.mean(x, axis=axis)  # noqa: E731
        found = intervals.of_statistic(ratio, built, bare, paired=True)
        checks.append(
            Check(
                f"pace without works by pace with them{words}",
                found.estimate,
                (1.5, 5.0) if feedback else None,
                (found.low, found.high),
                LEVEL_95,
                n=found.n,
            )
        )
    return checks


@row(
    "T25",
    "H",
    "Rotation matters (a hypothesis)",
    source="RUSI (prior_days_on_position_2024, prior_days_on_position_2025)",
    formula="elasticity of infiltrations that got through to the interval of relief: slope in logarithms, twins by seed",
    band="infiltrations rise with the interval: elasticity 0.1 or more, its 90 % interval above 0",
    needs="rotation_arms",
    sharper="An elasticity of 0.03, seven in a hundred from 15 to 120 days, passed: that does not matter. 0.1 is a quarter more infiltrations over that range.",
)
def rotation(table: pd.DataFrame) -> list[Check]:
    """`table`: infiltrations that got through by seed (rows) and interval in days (columns)."""
    from scipy.stats import linregress

    x = np.log(np.array(table.columns, float))
    slopes = np.array([linregress(x, np.log(np.maximum(values, 0.5))).slope for values in table.to_numpy(float)])
    if len(slopes) > 2:
        limits = ninety(lambda s, axis=-1: np.mean(s, axis=axis), slopes) if np.ptp(slopes) else (slopes[0], slopes[0])
    else:
        limits = (float(slopes.min()), float(slopes.max()))
    what, mean = "elasticity of infiltrations to the interval", float(slopes.mean())
    return [
        Check(what, mean, (ELASTICITY, None), limits, LEVEL_90, record="positive", n=len(slopes)),
        Check(f"{what}, above 0", mean, (0.0, None), limits, LEVEL_90, record="positive", rule="clear", n=len(slopes)),
        *(
            Check(f"infiltrations through at {days:g} days", float(table[days].mean()), n=len(table))
            for days in table.columns
        ),
    ]
