"""Every kernel has a plain twin with the same parameters."""

import inspect
from importlib import import_module

import pytest
from plain.battle import kernels_of

from sim import draws, fields, front, leadership, unit_rows, visibility, worth
from sim.phases import PHASES

MODULES = (draws, fields, front, leadership, unit_rows, visibility, worth, *(phase for name, phase in PHASES.items() if name != "weather"))


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_every_kernel_has_a_twin_with_the_same_parameters(module):
    twins = import_module(f"plain.{module.__name__.split('.')[-1]}")
    assert kernels_of(module)
    for name, kernel in kernels_of(module).items():
        twin = getattr(twins, name)
        assert list(inspect.signature(twin).parameters) == list(inspect.signature(kernel.py_func).parameters), name
