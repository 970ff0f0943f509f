"""Tables are right from the start, and a kernel that was called before is never handed anything else than it was compiled for."""

import copy
import pickle

import numpy as np
import pytest

from sim import forces
from sim.columns import array_kernel, kernel


@kernel
def total(numbers, scale):
    out = 0.0
    for k in range(numbers.shape[0]):
        out += numbers[k] * scale
    return out


@array_kernel
def doubled(numbers, scale):
    out = np.empty(numbers.shape[0])
    for k in range(numbers.shape[0]):
        out[k] = total(numbers[k:k + 1], scale)
    return out


def test_a_known_call_and_a_new_one_give_the_same():
    for _ in range(3):  # by way of numba, then straight
        assert total(np.arange(4.0), 2.0) == 12.0
        assert doubled(np.arange(4.0), 2).tolist() == [0.0, 2.0, 4.0, 6.0]
    assert total.py_func(np.arange(4.0), 2.0) == 12.0


def test_other_types_are_never_taken_for_known_ones():
    total(np.arange(4.0), 2.0)
    assert total(np.arange(4), 2.0) == 12.0, "whole numbers of the same width"
    assert total(np.arange(8.0)[::2], 2.0) == 24.0, "numbers that do not lie side by side"
    assert total(np.arange(4.0), True) == 6.0
    with pytest.raises(TypeError):
        total([0.0, 1.0], 2.0)
    with pytest.raises(TypeError):
        total(np.arange(4.0), "2")


@pytest.mark.parametrize("wrong", [np.zeros(5), np.zeros(5, "i4"), np.zeros((5, 2), "i2"), np.zeros(10, "i2")[::2], [0] * 5])
def test_a_table_with_another_column_is_not_made(wrong):
    units = forces.units(5)
    with pytest.raises(TypeError, match="men"):
        units._replace(men=wrong)
    with pytest.raises(TypeError, match="men"):
        forces.Units(**{**units._asdict(), "men": wrong})
    with pytest.raises((TypeError, ValueError)):
        forces.Units(*units[:-1])


def test_tables_are_copied_and_stored():
    units = forces.units(5)
    for twin in (copy.deepcopy(units), pickle.loads(pickle.dumps(units)), units._replace(x=np.ones(5))):
        assert type(twin) is forces.Units and twin.men.shape == (5,)
