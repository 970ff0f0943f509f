"""The command line `pokrovsk`: one file a command, with its options, its body and what it prints."""

from experiments.cli.app import main

__all__ = ["main"]
