"""The sector: grid, terrain, places, and who holds what at the start."""
