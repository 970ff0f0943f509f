"""An evidence folder that nobody computed: a front that moves west by a column every thirty days, at 80 km2 each."""

import csv
import datetime as dt

import numpy as np

import seeds

FIRST = dt.date(2024, 7, 8)
MONTH_KM2 = {"box": 100.0, "pd": 50.0}


def months_since(date):
    """Months from the first day, a part of a month by its days."""
    length = ((date.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)).day
    return 12 * (date.year - FIRST.year) + date.month - FIRST.month + date.day / length


def evidence_folder(folder, last, captured):
    """Writes the files: `captured` has dates by settlement, the others are free; every month gains MONTH_KM2."""
    folder.mkdir(parents=True, exist_ok=True)
    days = (last - FIRST).days
    dates = [FIRST + dt.timedelta(days=k) for k in range(days + 1)]
    with open(folder / "area_daily.csv", "w", newline="") as text:
        table = csv.writer(text)
        table.writerow(["date", "map_available", *(f"{n}{end}" for s in MONTH_KM2 for n, end in ((f"occ_{s}", "_km2"), (f"gained_{s}", ""), (f"lost_{s}", "")))])
        for day in dates:
            held = [1000 + gain * months_since(day) for gain in MONTH_KM2.values()]
            table.writerow([day, 1, held[0], "", "", held[1], "", ""])
    with open(folder / "control.csv", "w", newline="") as text:
        table = csv.writer(text)
        table.writerow(["id", "held_by_russia_at_start", "captured", "recaptured", "captured_2", "recaptured_2"])
        table.writerows([r["id"], 0, *captured.get(r["id"], ("",)), *[""] * (4 - len(captured.get(r["id"], ("",))))] for r in seeds.table("settlements"))
    west = 79 - np.tile(np.arange(80), (80, 1))
    taken = np.where(west < 10, 0, np.where(30 * (west - 9) <= days, 30 * (west - 9), -1))
    save = lambda name, values: np.savetxt(folder / name, values[::-1].astype(int), fmt="%d", delimiter=",")  # noqa: E731
    save("cell_capture_day.csv", taken)
    save("cell_recapture_day.csv", np.full((80, 80), -1))
    save(f"front_{FIRST:%Y%m%d}.csv", west < 10)
    return folder
