"""Two small recorded runs for tests of files that need no server."""

from experiments.cli.app import _status
from sim.view.page.session.recorded_run import read_run

DAYS = 6


def two_runs(place):
    """Folders `one` and `two` of a skirmish with one seed, the second with fewer drones of the defender."""
    for name, more in (("one", []), ("two", ["--set", "fpv_team.production_defender=0.2"])):
        words = ["run", "skirmish", "--days", str(DAYS), "--workers", "1", "--quiet", "--out", str(place / name), *more]
        assert _status(words) == 0
    return place


def recorded(folder):
    """The run of a folder."""
    return read_run(folder, "median")
