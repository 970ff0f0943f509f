"""The message that is sent once: scenario, grids, land, lines, places, belts and the public record.

A message is a dictionary that JSON can hold, with binary buffers beside it in the order of `buffers`.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

import numpy as np

from sim.fields import BLOCK_KM, geometry
from sim.plugin_files import parts_of
from sim.scenario import Scenario, load_scenario, scenario_names
from sim.sector.build import build_sector
from sim.view.map.terrain import Terrain, curve, terrain_of

BUFFERS = ("wood", "built", "trees", "control_start")


@lru_cache(maxsize=8)
def _terrain(scenario_json: str) -> Terrain:
    return terrain_of(Scenario.model_validate_json(scenario_json))


def terrain(scenario: Scenario) -> Terrain:
    """The ground of a scenario; sessions that look at the same scenario share it."""
    return _terrain(scenario.model_dump_json())


def ground_message(scenario: Scenario, seed: int) -> dict[str, Any]:
    """Everything about a scenario that does not change while it runs, as JSON."""
    land = terrain(scenario)
    box = scenario.box
    geo = geometry(box.x0_km, box.y0_km, box.width_km, box.height_km, scenario.cell_km)
    rows, columns = land.wood.shape
    return {
        "type": "ground",
        "buffers": list(BUFFERS),
        "scenario": {
            "name": scenario.name,
            "title": scenario.title,
            "about": scenario.about,
            "start": scenario.start.isoformat(),
            "days": scenario.days,
            "steps_per_day": scenario.steps_per_day,
            "step_hours": scenario.step_hours,
            "synthetic": scenario.map.synthetic,
            "own_ground": bool(scenario.map.tables),
            "city": _city(scenario),
            "seed": seed,
        },
        "box": list(land.extent),
        "grid": {"nx": geo.nx, "ny": geo.ny, "cell": geo.cell},
        "blocks": {"nx": geo.block_nx, "ny": geo.block_ny, "cell": BLOCK_KM},
        "fine": {"nx": columns, "ny": rows, "cell": land.step},
        "roads": [{"kind": r.kind, "name": r.name, "points": _flat(r.points)} for r in land.roads],
        "rail": [{"kind": r.kind, "name": r.name, "points": _flat(r.points)} for r in land.rail],
        "water": [{"kind": r.kind, "name": r.name, "points": _flat(r.points)} for r in land.water],
        "tracks": [_flat(t) for t in land.tracks],
        "places": [
            {"name": p["name"], "kind": p["kind"], "people": p["population"], "x": p["x"], "y": p["y"]}
            for p in land.places
        ],
        "belts": [
            {
                "facing": 0 if b.side == "defender" else 1,
                "from": (b.built_from - scenario.start).days if b.built_from else None,
                "points": _flat(curve(np.array(b.points, float), 0.25)),
            }
            for b in land.belts
        ],
        "objectives": [o.name for o in scenario.objective],
        "added": {
            "layers": [{"name": f"layer {p.name}", "title": p.title, "color": p.color, "doc": p.doc} for p in parts_of(scenario.plugins, "layer").values()],
            "kinds": [p.label for p in parts_of(scenario.plugins, "kind").values()],
        },
        **record_of(scenario),
    }


def _city(scenario: Scenario) -> str:
    """The name of the first city of interest; empty when there is none in the box."""
    sector = build_sector(scenario)
    return sector.settlement_name[sector.cities[0]] if len(sector.cities) and sector.cities[0] >= 0 else ""


def ground_buffers(scenario: Scenario, control_start: np.ndarray) -> list[bytes]:
    """Wood, built-up ground and tree belts on the fine lattice, and control at the start on the cells, one byte each."""
    land = terrain(scenario)
    return [*(share(a) for a in (land.wood, land.built, land.trees)), share(control_start, 250.0)]


def share(values: np.ndarray, top: float = 255.0) -> bytes:
    """Shares 0..1 as bytes 0..top."""
    return np.round(np.clip(values, 0.0, 1.0) * top).astype(np.uint8).tobytes()


def _flat(points: np.ndarray) -> list[float]:
    """Points (m, 2) as x, y, x, y, ... in km, to 10 m."""
    return np.round(np.asarray(points, float), 2).ravel().tolist()


def record_of(scenario: Scenario) -> dict[str, Any]:
    """The public record of held ground by day of the scenario, and claimed prices; empty where there is none."""
    from sim.view.public_record import claimed_prices, recorded

    area = recorded(scenario)
    if area is None:
        return {"record": None, "prices": []}
    start = np.datetime64(scenario.start)
    end = scenario.start + dt.timedelta(days=scenario.days)
    return {
        "record": {
            "day": (area.date - start).astype(int).tolist(),
            "held": np.round(area.held, 1).tolist(),
            "gained": np.round(area.gained, 1).tolist(),
            "lost": np.round(area.lost, 1).tolist(),
        },
        "prices": [
            {"day": (date - scenario.start).days, "value": value, "where": where}
            for date, value, where in claimed_prices(scenario.start, end)
        ],
    }


@lru_cache(maxsize=1)
def shelf() -> list[dict[str, Any]]:
    """The scenarios to choose from."""
    out = []
    for name in scenario_names():
        s = load_scenario(name)
        out.append({"name": s.name, "title": s.title, "start": s.start.isoformat(), "days": s.days})
    return out
