"""The slow reference: every rule of the step in plain Python, one file a phase."""
