"""What tests of sweeps share: a small study, its runs by a plain loop, and what a folder holds of it."""

import pyarrow as pa

from experiments.runs import simulation
from experiments.runs import task as runs_task
from experiments.storage import sweep_store, sweep_tables
from experiments.studies.files import load_study

TABLES = ("runs", "daily", "maps")
STUDY = """
scenario = "skirmish"
design = "factorial"
replicates = 3
days = 2
daily = true
measures = ["held_km2", "casualties_attacker", "price_per_km2"]
maps = "last"
[factors]
manpower_ratio = [1.0, 2.0]
works = { bundles = { with = {}, without = { belts = false } } }
"""


def plain_tables(file):
    """All rows of a study, its runs made one after the other."""
    study = load_study(file)
    made = sweep_tables.RunTables(study, "", simulation.code_key(), {})
    return made.tables([(task, runs_task.run_task(task)) for task in map(made.task, range(study.n_runs))])


def read(folder, table):
    found = [sweep_store.read(path) for path in sweep_store.files(folder, table)]
    return found and pa.concat_tables(found).sort_by([("run", "ascending")] + [("day", "ascending")] * (table != "runs"))


def told(table):
    """All columns that say something of the run itself, NaN as a word."""
    stamps = {"schema", "code", "commit"}
    names = [n for n in table.column_names if not n.startswith(("exec_", "version_")) and n not in stamps]
    return {n: [str(v) if v != v else v for v in table[n].to_pylist()] for n in names}


def same_as(plain, folder):
    for name in TABLES:
        assert told(read(folder, name)) == told(plain[name])
    return True


def recorded(folder):
    """Runs on record with the moment at which each was finished: a run that were made twice would have another."""
    try:
        table = read(folder, "runs")
    except FileNotFoundError:  # merged while we looked
        return recorded(folder)
    return dict(zip(table["run"].to_pylist(), table["exec_finished"].to_pylist())) if table else {}
