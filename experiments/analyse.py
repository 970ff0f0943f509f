"""What `pokrovsk analyse` does: effects, indices, a surrogate's shares, a box and convergence of a folder of results."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.quantity import InputError

if TYPE_CHECKING:
    import pandas as pd

    from experiments.convergence import Needed
    from experiments.discovery import Box
    from experiments.intervals import Interval
    from experiments.noise import Noise
    from experiments.results import Results
    from experiments.surrogate import Shares, Surrogate

SURROGATES = 2  # measures that get a surrogate unless measures are named: it takes a while each
TOP = 0.75  # the box is looked for where the first measure is above this quantile, unless a condition is given
DRAWS = 30


@dataclass
class Measured:
    """What is said of one measure. What a design does not give is None."""

    name: str
    unit: str
    mean: Interval  # over seeds, all points together
    noise: Noise
    effects: pd.DataFrame
    variance: pd.DataFrame | None = None  # shares of a factorial design's terms
    indices: pd.DataFrame | None = None
    surrogate: Surrogate | None = None
    shares: Shares | None = None
    needed: Needed | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class Analysis:
    results: Results
    measures: list[Measured]
    box: Box | None = None
    notes: list[str] = field(default_factory=list)


def analysis(
    results: Results, measures: list[str] | None = None, condition: str | None = None, precision: float | None = None
) -> Analysis:
    """Everything that the design of these results lets one say of some measures."""
    from experiments.contrasts import form_of

    names = [results.known_measure(m) for m in dict.fromkeys(measures)] if measures else results.headline
    form = form_of(results)
    found = Analysis(
        results,
        [_measured(results, name, form, precision) for name in names],
        notes=[results.note] if results.note else [],
    )
    if form == "cloud":
        for one in found.measures if measures else found.measures[:SURROGATES]:
            _add_surrogate(results, one)
        if not measures and len(names) > SURROGATES:
            found.notes.append(f"a surrogate was fitted to the first {SURROGATES} measures; name others with --measure")
    if condition or form == "cloud":
        from experiments.discovery import prim

        found.box = prim(results, condition or _upper(results, names[0]))
    return found


def _measured(results: Results, name: str, form: str, precision: float | None) -> Measured:
    from experiments import contrasts, convergence, intervals
    from experiments.noise import noise
    from experiments.variance import variance_shares

    matrix = results.matrix(name)
    one = Measured(
        name=name,
        unit=results.unit(name),
        mean=intervals.of_mean(convergence.mean_by_seed(matrix)),
        noise=noise(matrix),
        effects=contrasts.effects(results, name),
        needed=convergence.needed(results, name, share=precision),
    )
    if one.effects.attrs["note"]:
        one.notes.append(one.effects.attrs["note"])
    if form == "grid":
        one.variance = variance_shares(results, name)
    if results.study is not None and results.design in ("sobol", "morris"):
        from experiments.sensitivity import indices

        try:
            one.indices = indices(results, name)
        except InputError as error:  # too few whole blocks so far
            one.notes.append(str(error))
    return one


def _add_surrogate(results: Results, one: Measured) -> None:
    from experiments import surrogate

    try:
        one.surrogate = surrogate.fit(results, one.name)
    except InputError as error:
        one.notes.append(str(error))
        return
    one.shares = one.surrogate.shares(draws=DRAWS)


def _upper(results: Results, name: str) -> str:
    """The condition that a measure is high: above its upper quartile, or above its least where that is the same."""
    values = results.done[name].dropna()
    bound = float(values.quantile(TOP)) if len(values) else 0.0
    return (
        f"{name} > {bound:.6g}"
        if not len(values) or (values > float(f"{bound:.6g}")).any()
        else f"{name} > {values.min():.6g}"
    )


# The command


def carry_out(
    folder: Path, measures: list[str] | None, as_json: bool, condition: str | None = None, precision: str | None = None
) -> int:
    """Analyzes a folder and prints tables, or JSON."""
    from experiments.results import load

    results = load(folder)
    if not len(results.done):
        raise InputError(
            f"{results.label} holds no run that ended well; {len(results.failed)} failed (column `error` of its runs says why)."
        )
    told = analysis(results, measures, condition, _share(precision))
    if as_json:
        print(json.dumps(as_data(told), indent=1, allow_nan=False))
    else:
        from experiments.analysis_tables import show

        show(told)
    return 0


def _share(text: str | None) -> float | None:
    """A precision such as "0.05" or "5%"."""
    if text is None:
        return None
    try:
        value = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise InputError(f"--precision {text!r}; allowed: a share of the mean between 0 and 1, such as 0.05 or 5%.")
    return value


def as_data(told: Analysis) -> dict[str, Any]:
    """The analysis as JSON knows it."""
    from experiments.told import plain

    results = told.results
    out: dict[str, Any] = {
        "name": results.name,
        "folder": str(results.folder) if results.folder else None,
        "title": getattr(results.study, "title", "") or results.manifest.get("title", ""),
        "question": getattr(results.study, "question", ""),
        "design": results.design,
        "factors": {f: results.unit(f) for f in results.factors},
        "points": len(results.points),
        "seeds": results.seeds,
        "runs": len(results.done),
        "failed": results.failed[["run", "point", "seed"]] if len(results.failed) else [],
        "notes": told.notes,
        "measures": {one.name: _measure_data(one) for one in told.measures},
        "box": None,
    }
    if told.box is not None:
        out["box"] = asdict(told.box) | {
            "limits": told.box.limits,
            "trajectory": told.box.trajectory,
            "sentence": told.box.sentence(),
        }
    return plain(out)


def _measure_data(one: Measured) -> dict[str, Any]:
    noise = asdict(one.noise) | {"share": one.noise.share, "is_there": one.noise.is_there}
    out = {
        "unit": one.unit,
        "mean": asdict(one.mean),
        "noise": noise,
        "effects": one.effects,
        "effects_r2": one.effects.attrs["r2"],
    }
    out |= {
        "variance_shares": one.variance,
        "indices": one.indices,
        "surrogate": None,
        "convergence": asdict(one.needed),
        "notes": one.notes,
    }
    if one.indices is not None and "pairs" in one.indices.attrs:
        out["index_pairs"] = one.indices.attrs["pairs"]
    if one.surrogate is not None:
        s = one.surrogate
        out["surrogate"] = {
            "kind": s.kind,
            "r2": asdict(s.r2),
            "rmse": asdict(s.rmse),
            "ceiling": s.ceiling,
            "points": s.n_points,
            "note": s.note,
        }
        out["surrogate"] |= {"shares": one.shares.table, "floor": one.shares.floor}
    return out
