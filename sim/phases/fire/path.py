"""The way of an attack: the length of its pieces, and the stage of a section that sets its men down."""

from __future__ import annotations

PIECE_KM = 0.25  # an attack is resolved in pieces of at most this, whatever the step and the cell
