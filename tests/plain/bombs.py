"""Glide bombs in plain Python: who releases, at which position, where it falls and whom it buries."""

from __future__ import annotations

from plain.draws import binomial, normal, uniform_of
from plain.enlist import clear_row
from plain.fields import cell_at
from plain.front import pick
from plain.rows import Row, clamp, rows, square
from sim.forces import Cause, Kind, Side, Task
