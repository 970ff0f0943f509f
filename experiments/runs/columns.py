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
    ("stopped", "string", "", "index", "condition that ended the run before its horizon, and the day"),
    ("as_mustered", "string", "", "index", "parameters that are not set, so that the formations of the scenario decide"),
    ("kept", "string", "", "index", "what is kept of the run beside this row, as JSON"),
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
    ("exec_step_s", "float64", "s", "execution", "wall time of its steps, without compilation"),
    ("exec_compile_s", "float64", "s", "execution", "time spent on compiling kernels"),
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
EVENTS = (
    ("step", "int64", "", "index", "step of the event"),
    *DAY,
    ("kind", "string", "", "index", "kind of event"),
    ("x_km", "float64", "km", "state", "where, east"),
    ("y_km", "float64", "km", "state", "where, north"),
    ("number", "float64", "", "state", "size of the event: km, km2, 1"),
    ("words", "string", "", "index", "the event in words"),
    ("because", "string", "", "index", "what differed most near it from the line as a whole in the days before; empty where nobody lost"),
    ("figures", "string", "", "index", "names of the figures of `because`, the greatest difference first"),
    ("at_x_km", "float64", "km", "state", "point of the line around which they were looked for, east"),
    ("at_y_km", "float64", "km", "state", "the same, north"),
)
CAPTURES = (
    ("settlement", "string", "", "index", "id of the settlement"),
    ("name", "string", "", "index", "its name"),
    ("captured", "date32", "", "state", "day of a capture that lasted a week, or to the end"),
    ("recaptured", "date32", "", "state", "day on which it changed hands again for as long"),
)
FRAME = (("frame", "binary", "", "state", "the last moment: bytes of a frame.npz"),)
INDEX = tuple(column for column in HEAD if column[0] in ("run", "point", "replicate", "seed"))  # of days and maps
OWN = tuple(column[0] for column in (*HEAD, *STAMPS))  # of every run, whatever was run
RESERVED = {*OWN, *EXTRAS, *(f"version_{name}" for name in VERSIONS), *(column[0] for column in DAY)} - {"scenario"}
