"""A battle in figures: totals of each run, medians and bands over runs, and the short table that is printed."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from experiments.runs import SCHEMA, RunResult
from sim.scenario import Scenario

BANDS = {"band50": (25, 75), "band90": (5, 95)}
CAUSES = ("drone", "shell", "bomb", "direct_fire", "pocket")
FATES = ("killed", "wounded", "captured", "missing")


def totals_of(run: int, result: RunResult) -> dict[str, Any]:
    """One run as one row: last values of totals and states; daily counts added up, daily shares averaged."""
    from sim.measures import MEASURES

    row: dict[str, Any] = {
        "run": run,
        "seed": result.seed,
        "wall_s": round(result.wall_s, 4),
        "compile_s": round(result.compile_s, 3),
        "unit_steps": result.unit_steps,
        "steps": result.steps,
        "held_start_km2": _plain(result.daily["held_km2"][0]),
        "front_start_km": _plain(result.daily["front_km"][0]),
    }
    for name, values in result.daily.items():
        if name in ("day", "date"):
            continue
        if name in MEASURES and MEASURES[name].kind == "daily":
            row[name] = _plain(values[1:].sum() if values.dtype.kind in "iub" else values[1:].mean())
        else:
            row[name] = _plain(values[-1])
    row["captures"] = [
        {
            k: c[k] and (c[k].isoformat() if isinstance(c[k], dt.date) else c[k])
            for k in ("settlement", "name", "captured", "recaptured")
        }
        for c in result.captures
    ]
    return row


def summarize(
    scenario: Scenario,
    overrides: dict[str, Any],
    totals: list[dict[str, Any]],
    failed: list[dict[str, Any]],
    compared: str,
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
        "key": compared,
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
        if name in ("run", "seed", "captures", "wall_s", "compile_s"):
            continue
        values = np.array([math.nan if r.get(name) is None else r[name] for r in totals], float)
        values = values[np.isfinite(values)]
        if not values.size:
            out[name] = {"median": None, **{band: None for band in BANDS}}
            continue
        out[name] = {"median": _plain(np.median(values))}
        for band, limits in BANDS.items():
            out[name][band] = [_plain(v) for v in np.percentile(values, limits)]
    return out


def places(scenario: Scenario, totals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Settlements taken, in order of their median date: in how many runs, when, and in how many retaken."""
    from sim.starting import settlement_rows

    kinds = {r["id"]: r["kind"] for r in settlement_rows(scenario)}
    found: dict[str, dict[str, Any]] = {}
    for row in totals:
        for c in row["captures"]:
            if c["captured"] is None:
                continue
            place = found.setdefault(c["settlement"], {"name": c["name"], "dates": [], "back": 0})
            place["dates"].append(c["captured"])
            place["back"] += c["recaptured"] is not None
    out = []
    for key, place in found.items():
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


def _plain(value: Any) -> int | float | None:
    """A number as JSON knows it: NaN and infinity become None."""
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, float):
        return round(number, 6) if math.isfinite(number) else None
    return int(number)


def write_summary(folder: Path, told: dict[str, Any]) -> None:
    from experiments.outputs import replacing

    with replacing(folder / "summary.json") as draft:
        draft.write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")


# The printed table


def show(told: dict[str, Any], console) -> None:
    """Prints the short table of a battle to a rich console."""
    from rich.table import Table

    many = told["n_runs"] > 1
    get = told["ensemble"]

    def cell(name: str, digits: int = 0) -> str:
        return _figure(get.get(name), digits, many)

    seeds = told["seeds"]
    runs = f"{len(seeds)} runs, seeds {seeds[0]}-{seeds[-1]}" if many else f"seed {seeds[0]}"
    console.print(
        f"[bold]{told['title']}[/]  {told['start']} to {told['end']}, {told['days']} days, {runs}", highlight=False
    )
    if many:
        console.print("median \\[50 % of runs] (90 % of runs)", style="dim", highlight=False)
    ground = Table(box=None, pad_edge=False, show_header=False, padding=(0, 3, 0, 0))
    ground.add_row("held by the attacker", f"{cell('held_start_km2')} -> {cell('held_km2')} km2")
    ground.add_row("gained / lost (gross)", f"{cell('gained_km2')} / {cell('lost_km2')} km2")
    ground.add_row("net, Pokrovsk direction", f"{cell('net_direction_km2')} km2")
    ground.add_row("front", f"{cell('front_start_km')} -> {cell('front_km')} km; grey zone {cell('grey_km2')} km2")
    ground.add_row("price", f"{cell('price_per_km2', 1)} casualties of the attacker per km2 gained")
    ground.add_row(
        "pockets / breakthroughs",
        f"{cell('pockets')} now / {cell('breakthroughs')} (deep {cell('deep_breakthroughs')})",
    )
    for side in ("attacker", "defender"):
        ground.add_row(
            f"armor of the {side}",
            f"{cell(f'armor_destroyed_{side}')} destroyed, {cell(f'armor_abandoned_{side}')} abandoned, "
            f"{cell(f'armor_damaged_{side}')} damaged",
        )
    ground.add_row(
        "tanks of the attacker",
        f"{cell('tanks_destroyed_attacker')} destroyed, {cell('tanks_abandoned_attacker')} abandoned",
    )
    console.print(ground, highlight=False)
    losses = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    losses.add_column("casualties")
    losses.add_column("attacker", justify="right")
    losses.add_column("defender", justify="right")
    for label, name in [
        ("all", "casualties_{}"),
        *((c.replace("_", " "), f"casualties_{{}}_{c}") for c in CAUSES),
        *((f, f"{f}_{{}}") for f in FATES),
    ]:
        losses.add_row(
            label,
            cell(name.format("attacker")),
            cell(name.format("defender")),
            style="bold" if label == "all" else None,
        )
    console.print()
    console.print(losses, highlight=False)
    _show_places(told, console, many)


def _show_places(told: dict[str, Any], console, many: bool) -> None:
    """Cities and towns taken with their dates, and how many smaller places."""
    big = [p for p in told["places"] if p["kind"] in ("city", "town")]
    small = len(told["places"]) - len(big)
    console.print()
    if not told["places"]:
        console.print("no settlement taken", highlight=False)
        return
    words = []
    for p in big:
        words.append(f"{p['name']} {p['captured']}" + (f" ({p['runs']} of {told['n_runs']} runs)" if many else ""))
    rest = f"{small} smaller place{'s' if small > 1 else ''}" if small else ""
    console.print("[bold]taken[/]  " + "; ".join([*words, *([rest] if rest else [])]), highlight=False)


def _figure(figure: dict[str, Any] | None, digits: int, many: bool) -> str:
    if figure is None or figure["median"] is None:
        return "-"
    text = f"{figure['median']:,.{digits}f}"
    if many:
        (a, b), (c, d) = figure["band50"], figure["band90"]
        text += f" \\[{a:,.{digits}f}-{b:,.{digits}f}] ({c:,.{digits}f}-{d:,.{digits}f})"
    return text
