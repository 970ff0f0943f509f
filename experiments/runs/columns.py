"""Columns of the results that no study asks for: those of every row, and those of maps.

A column is (name, type, unit, kind, meaning). Factors, parameters and measures come from the study and the model.
"""

HEAD = (
    ("run", "int64", "", "index", "number of the run: point x replicates + replicate"),
    ("run_key", "string", "", "index", "hash of scenario, parameters, seed and schema"),
    ("point", "int64", "", "index", "number of the point of the design"),
    ("replicate", "int64", "", "index", "number of the seed"),
    ("seed", "int64", "", "index", "seed, shared by all points"),
    ("status", "string", "", "index", "done or failed"),
    ("error", "string", "", "index", "traceback of a run that failed"),
    ("scenario", "string", "", "index", "scenario"),
    ("start", "date32", "", "index", "first day"),
    ("days", "int64", "days", "index", "horizon"),
)
EXTRAS = {  # figures of a run that are no measures
    "held_start_km2": ("km2", "ground held by the attacker at the start"),
    "front_start_km": ("km", "length of the front at the start"),
    "steps": ("", "steps done"),
    "unit_steps": ("", "units moved, summed over steps"),
}
VERSIONS = ("pokrovsk", "numpy", "numba", "python")
STAMPS = (
    ("schema", "int64", "", "stamp", "version of this layout"),
    ("code", "string", "", "stamp", "hash of the model's source"),
    ("commit", "string", "", "stamp", "commit of the checkout"),
)
EXECUTION = (
    ("exec_wall_s", "float64", "s", "execution", "wall time of the run"),
    ("exec_host", "string", "", "execution", "computer"),
    ("exec_worker", "string", "", "execution", "process or address of the worker"),
    ("exec_finished", "timestamp[us]", "", "execution", "when the run ended, UTC"),
)
DAY = (
    ("day", "int64", "days", "index", "days since the start"),
    ("date", "date32", "", "index", "calendar date"),
)
MAP = (
    DAY[0],
    ("ny", "int64", "", "index", "rows of the map, row 0 the southernmost"),
    ("nx", "int64", "", "index", "columns of the map"),
    ("x0_km", "float64", "km", "index", "western edge"),
    ("y0_km", "float64", "km", "index", "southern edge"),
    ("width_km", "float64", "km", "index", "west to east"),
    ("height_km", "float64", "km", "index", "south to north"),
    ("control", "binary", "percent", "state", "ny x nx bytes, row by row: percent held by the attacker"),
)
INDEX = tuple(column for column in HEAD if column[0] in ("run", "point", "replicate", "seed"))  # of days and maps
OWN = tuple(column[0] for column in (*HEAD, *STAMPS))  # of every run, whatever was run
RESERVED = {*OWN, *EXTRAS, *(f"version_{name}" for name in VERSIONS), *(column[0] for column in DAY)} - {"scenario"}
