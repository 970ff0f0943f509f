"""Numbers as people read them."""

import math

import pytest

from sim.view.numbers import brief, interval, mean_text, number, ranges_text, seeds_text, share_text, significant


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0791, "0.0791"), (24, "24"), (1234.5, "1,234"), (-3.456, "−3.46"), (-0.0, "0"), (math.nan, "–"), (None, "–")],
)
def test_significant_figures(value, text):
    assert significant(value) == text


def test_very_small_and_very_large_numbers_are_powers():
    assert significant(3e-9) == "3.00e−9" and significant(-2.5e12) == "−2.50e12"


def test_signs():
    assert significant(12.3456, signed=True) == "+12.3" and significant(-24, signed=True) == "−24"
    assert significant(0.0, signed=True) == "0"
    assert number(2294, signed=True) == "+2,294" and number(-0.25, 2) == "−0.25" and number(-0.3) == "0"


def test_two_figures():
    assert [significant(v, 2) for v in (1.84, 1340, 0.0791)] == ["1.8", "1,340", "0.079"]
    assert [brief(v) for v in (1.84, 1340, 0.0791, 0)] == ["1.8", "1,300", "0.079", "0"]


def test_intervals_have_the_digits_that_their_width_deserves():
    assert interval(-82.31, -60.2) == "−82 to −60" and interval(0.0312, 0.0471) == "0.031 to 0.047"
    assert interval(5, 5) == "5 to 5" and interval(math.nan, 1) == "unknown"
    assert mean_text(-71.2, -82.3, -60.2) == "−71" and mean_text(0.041, 0.0312, 0.0471) == "+0.041"


def test_shares():
    assert [share_text(v) for v in (0.24, 0.031, 0, -0.5, None)] == ["24%", "3.1%", "0%", "−50%", "–"]


def test_ranges_of_whole_numbers():
    assert ranges_text([3, 1, 2, 7, 9, 10, 10]) == "1-3, 7, 9-10" and ranges_text([]) == "" and ranges_text([5]) == "5"
    assert seeds_text([7]) == "seed 7" and seeds_text(range(1, 65)) == "seeds 1 to 64" and seeds_text([]) == "no seed"
    assert seeds_text([9, 1, 2, 3]) == "seeds 1 to 3, 9"
    assert seeds_text(range(1, 30, 2)) == "seeds 1, 3, 5, 7, 9, 11 and 9 more"
