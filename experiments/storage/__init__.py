"""Files on disk: the folders that runs and sweeps write."""
