"""Rows of units: kernels and plain twins give the same bits, and every line of the plain rule is run."""

from plain import unit_rows as plain_unit_rows
from plain.scenes import KEY, agree, every_line, on_scenes

from sim import unit_rows
from sim.forces import Kind


def test_unit_rows():
    rows = []
    with every_line(plain_unit_rows):

        @on_scenes(8)
        def check(s):
            for row in s.rng.integers(0, s.n, 3).tolist():
                agree(unit_rows.clear_row, plain_unit_rows.clear_row, s.units, row)
                agree(unit_rows.send_home, plain_unit_rows.send_home, s.units, s.formations, row)
            full = type(s.units)(*(c[: s.n].copy() for c in s.units))
            for units, start in ((s.units, 0), (s.units, s.n - 3), (full, 0), (full, s.n)):
                s.cursor[0] = start
                agree(unit_rows.take_row, plain_unit_rows.take_row, units, s.cursor)
                kind = int(s.rng.choice([Kind.INFANTRY, Kind.ARMOR, Kind.FPV_TEAM, Kind.ARTILLERY]))
                for f in range(len(s.formations.side)):
                    a = agree(unit_rows.raise_unit, plain_unit_rows.raise_unit, s.geo, units, s.formations, s.cursor, f,
                              kind, 5, 2, 2.0, 0.6, KEY)
                    rows.append(a.result)

    assert min(rows) == -1 and max(rows) > 0, "no free row, and one"
