"""A sector of the user's own: a template of its files, and what a check of one finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_template(folder: Path) -> None:
    """Writes a scenario and its tables to a new folder; InputError when something is there already."""
    import seeds
    from experiments.storage.files import writing
    from sim.errors import InputError

    name = folder.absolute().name
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"--new: {str(folder)!r} is there already; give a new folder.")
    source = seeds.path("template")
    with writing(f"--new: {str(folder)!r}"):
        (folder / "map").mkdir(parents=True, exist_ok=True)
        for table in sorted((source / "map").glob("*.csv")):
            (folder / "map" / table.name).write_bytes(table.read_bytes())
        text = (source / "scenario.toml").read_text("utf-8").replace('name = "sector"', f'name = "{_plain(name)}"', 1)
        (folder / "scenario.toml").write_text(text, "utf-8")
    print(f"{folder}: a sector to change; run it with: pokrovsk run {folder / 'scenario.toml'}")


def _plain(name: str) -> str:
    """A folder's name as a scenario may have it."""
    kept = "".join(c if c.isalnum() or c in " .,()+-_" else "-" for c in name).strip(" .")
    return kept if kept and (kept[0].isalnum() or kept[0] == "_") else "sector"


def print_check(source: str) -> None:
    """What a scenario is made of, and what it lacks; InputError for the first thing that is wrong."""
    from sim.scenario import SCHEDULES, load_scenario
    from sim.sector.build import build_sector
    from sim.settings import by_dotted_key

    scenario = load_scenario(source)
    by_dotted_key(scenario.params)
    sector = build_sector(scenario)
    held = float(sector.control0.mean())
    facts: list[tuple[str, Any]] = [
        ("name", f"{scenario.name}: {scenario.title}"),
        ("box", f"{scenario.box.width_km:g} x {scenario.box.height_km:g} km, {sector.grid.nx} x {sector.grid.ny} cells of {scenario.cell_km:g} km"),
        ("settlements", f"{len(sector.settlement_id)} in the box"),
        ("tables", ", ".join(sorted(scenario.map.tables)) if scenario.map.tables else "none of its own"),
        ("roads, rail, water", ", ".join(f"{(field > 0).sum()} cells" for field in (sector.road, sector.rail, sector.water))),
        ("held at the start", f"{100 * held:.0f} % of the ground by the attacker"),
        ("cities of interest", ", ".join(sector.settlement_name[k] for k in sector.cities if k >= 0) or "none"),
        ("belts", len(scenario.belt)),
        ("formations", f"{len(scenario.formation)}, {sum(f.is_here(scenario.start) for f in scenario.formation)} of them from the start"),
        ("plugins", ", ".join(p.name for p in scenario.plugins) or "none"),
    ]
    for name, value in facts:
        print(f"{name:20}{value}")
    for line in _lacks(scenario, sector, held, SCHEDULES):
        print(f"note: {line}")


def _lacks(scenario: Any, sector: Any, held: float, schedules: dict[str, str]) -> list[str]:
    """What may be meant, and most often is not."""
    out = []
    if held in (0.0, 1.0):
        out.append(f"the attacker holds {'all' if held else 'none'} of the ground: there is no front, and so no battle")
    if not (sector.road > 1).any():
        out.append("no road better than a local one: supply goes by field tracks")
    if not scenario.road:
        out.append("no [[road]]: the lever cut_road has nothing to close")
    dated = {entry.key for entry in scenario.schedule}
    missing = [key for key in schedules if key not in dated]
    if missing:
        out.append(f"no [[schedule]] of {', '.join(missing)}: 0 of it all the time (reach 6 km, groups of 6 men)")
    outside = [f.name for f in scenario.formation if not f.is_here(scenario.start) and f.arrive is None]
    if outside:
        out.append(f"formations that never come: {', '.join(outside)}")
    return out
