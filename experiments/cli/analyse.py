"""`pokrovsk analyse`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.cli.options import Csv, Measures

if TYPE_CHECKING:
    from typing import Any

    from experiments.analysis.study_analysis import Analysis, Measured


def _share(text: str | None) -> float | None:
    """A precision such as "0.05" or "5%"."""
    import math

    from sim.errors import InputError

    if text is None:
        return None
    try:
        value = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise InputError(f"--precision {text!r}; allowed: a share of the mean between 0 and 1, such as 0.05 or 5%.")
    return value


def as_data(outcome: Analysis) -> dict[str, Any]:
    """The analysis as JSON knows it."""
    from dataclasses import asdict

    from experiments.runs.json_values import plain

    results = outcome.results
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
        "notes": outcome.notes,
        "measures": {one.name: _measure_data(one) for one in outcome.measures},
        "box": None,
    }
    if outcome.box is not None:
        out["box"] = asdict(outcome.box) | {
            "limits": outcome.box.limits,
            "trajectory": outcome.box.trajectory,
            "sentence": outcome.box.sentence(),
        }
    return plain(out)


def _measure_data(one: Measured) -> dict[str, Any]:
    from dataclasses import asdict

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
        "convergence": asdict(one.needed) if one.needed is not None else None,
        "notes": one.notes,
    }
    if one.indices is not None and "pairs" in one.indices.attrs:
        out["index_pairs"] = one.indices.attrs["pairs"]
    if one.surrogate is not None and one.shares is not None:
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


def analyse(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a sweep or a run.")],
    measure: Measures = None,
    box: Annotated[
        str | None, typer.Option(metavar="CONDITION", help='Where does this happen: "held_km2 > 900".')
    ] = None,
    precision: Annotated[str | None, typer.Option(metavar="X", help="Of a mean, as a share of it (5%).")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    csv: Csv = False,
) -> int:
    """Tell what the factors do, with intervals: effects, indices, shares, and how many seeds it takes."""
    import json

    from experiments.analysis.study_analysis import analysis
    from experiments.cli.console import check_one_form, print_csv
    from experiments.results.loading import load
    from sim.errors import InputError

    check_one_form(json_, csv)
    results = load(folder)
    if not len(results.done):
        raise InputError(
            f"{results.label} holds no run that ended well; {len(results.failed)} failed (column `error` of its runs says why)."
        )
    outcome = analysis(results, measure, box, _share(precision))
    if json_:
        print(json.dumps(as_data(outcome), indent=1, allow_nan=False))
    elif csv:
        print_csv({"measure": one.name, "unit": one.unit, **row} for one in outcome.measures for row in one.effects.to_dict("records"))
    else:
        from experiments.cli.analysis_tables import print_analysis

        print_analysis(outcome)
    return 0
