"""What is sent to a browser: frames, series, the map, words about units and places."""
