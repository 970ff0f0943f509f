"""Ways to look at a battle: figures, the map, the page."""
