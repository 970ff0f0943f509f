from __future__ import annotations

PIECE_KM = 0.25
