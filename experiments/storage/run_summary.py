"""An ensemble in figures: totals of each run, medians and bands over runs, places taken."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from experiments.runs.identity import SCHEMA
from experiments.runs.json_values import plain
from experiments.storage.sweep_folder import write_bytes
from sim.scenario import Scenario

BANDS = {"band50": (25, 75), "band90": (5, 95)}
CAUSES = ("drone", "shell", "bomb", "direct_fire", "pocket")
FATES = ("killed", "wounded", "captured", "missing")


def summarize(
    scenario: Scenario,
    overrides: dict[str, Any],
    totals: list[dict[str, Any]],
    failed: list[dict[str, Any]],
    key: str,
) -> dict[str, Any]:
    """The summary of all runs that are there: speed at the top, ensemble, places taken, and each run's totals."""
    wall, steps = sum(r["wall_s"] for r in totals), sum(r["steps"] for r in totals)
    return {
        "schema": SCHEMA,
        "scenario": scenario.name,
        "title": scenario.title,
        "start": scenario.start.isoformat(),
        "end": (scenario.start + dt.timedelta(days=scenario.days)).isoformat(),
        "days": scenario.days,
        "key": key,
        "overrides": overrides,
        "n_runs": len(totals),
        "seeds": [r["seed"] for r in totals],
        "failed": failed,
        "wall_s": round(wall, 4),
        "compile_s": round(sum(r["compile_s"] for r in totals), 3),
        "unit_steps": sum(r["unit_steps"] for r in totals),
        "steps_per_s": round(steps / wall, 2) if wall > 0 else None,
        "ns_per_unit_step": round(wall / max(sum(r["unit_steps"] for r in totals), 1) * 1e9, 1),
        "ensemble": ensemble(totals),
        "places": places(scenario, totals),
        "runs": [{k: v for k, v in r.items() if k != "captures"} for r in totals],
    }


def ensemble(totals: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Median and 50 and 90 % bands over runs of every figure that is a number."""
    out: dict[str, dict[str, Any]] = {}
    for name in totals[0] if totals else ():
        if name in ("run", "seed", "captures", "wall_s", "compile_s", "stopped"):
            continue
        values = np.array([math.nan if r.get(name) is None else r[name] for r in totals], float)
        values = values[np.isfinite(values)]
        if not values.size:
            out[name] = {"median": None, **{band: None for band in BANDS}}
            continue
        out[name] = {"median": plain(np.median(values), decimals=6)}
        for band, limits in BANDS.items():
            out[name][band] = plain(list(np.percentile(values, limits)), decimals=6)
    return out


def places(scenario: Scenario, totals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Settlements taken, in order of their median date: in how many runs, when, and in how many retaken."""
    from sim.sector.places import settlement_rows

    kinds = {r["id"]: r["kind"] for r in settlement_rows(scenario)}
    taken: dict[str, dict[str, Any]] = {}
    for row in totals:
        for c in row["captures"]:
            if c["captured"] is None:
                continue
            place = taken.setdefault(c["settlement"], {"name": c["name"], "dates": [], "back": 0})
            place["dates"].append(c["captured"])
            place["back"] += c["recaptured"] is not None
    out = []
    for key, place in taken.items():
        dates = sorted(place["dates"])
        out.append(
            {
                "settlement": key,
                "name": place["name"],
                "kind": kinds.get(key, ""),
                "runs": len(dates),
                "share": round(len(dates) / len(totals), 4),
                "captured": dates[(len(dates) - 1) // 2],
                "earliest": dates[0],
                "latest": dates[-1],
                "recaptured_runs": place["back"],
            }
        )
    return sorted(out, key=lambda p: (p["captured"], p["settlement"]))


def write_summary(folder: Path, summary: dict[str, Any]) -> None:
    write_bytes(folder / "summary.json", (json.dumps(summary, indent=1, allow_nan=False) + "\n").encode())
