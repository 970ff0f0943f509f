"""Folders of results read back as tidy frames."""
