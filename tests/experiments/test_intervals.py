"""Student's interval against numbers worked by hand."""

import numpy as np
import pytest
from intervals import Estimate, estimate, in_words


def test_five_values_by_hand():
    # mean 3; squares (4 + 1 + 0 + 1 + 4)/4 = 2.5; t(.975, 4) = 2.776445; 2.776445 · √(2.5/5) = 1.963243
    value = estimate([5.0, 1.0, 3.0, 2.0, 4.0])
    assert value.mean == pytest.approx(3.0)
    assert value.half_width == pytest.approx(1.963243, rel=1e-6)
    assert value.num == 5


def test_two_values_and_another_confidence():
    # mean 1, s = √2, t(.95, 1) = 6.313752: 6.313752 · √2/√2
    assert estimate([0.0, 2.0], confidence=0.9).half_width == pytest.approx(6.313752, rel=1e-6)
    # t(.975, 1) = 12.706205
    assert estimate([0.0, 2.0]).half_width == pytest.approx(12.706205, rel=1e-6)


def test_ten_values_of_a_table():
    # of the t table: t(.975, 9) = 2.262157; nine 8s and a 7: mean 7.9, s² = .9/9 = .1, half width 2.262157·√.01
    value = estimate([8.0] * 9 + [7.0])
    assert value.mean == pytest.approx(7.9)
    assert value.half_width == pytest.approx(0.2262157, rel=1e-6)


def test_what_diverged_is_left_out_and_counted():
    value = estimate([1.0, float("nan"), 3.0, float("inf")])
    assert (value.mean, value.num) == (2.0, 2)
    assert in_words(value, 4).endswith("(2 of 4)")
    alone, none = estimate([7.0, float("nan")]), estimate([float("nan")])
    assert alone.mean == 7.0
    assert np.isnan(alone.half_width)
    assert none.num == 0
    assert np.isnan(none.mean)


def test_in_words():
    assert in_words(Estimate(7.9, 0.2262, 10), 10) == "7.90 ± 0.23"
    assert in_words(Estimate(0.9134, 0.0214, 10), 10) == "0.913 ± 0.021"
    assert in_words(Estimate(0.5, float("nan"), 1), 1) == "0.500"
    assert in_words(Estimate(float("nan"), float("nan"), 0), 10) == "diverged (10 of 10)"


@pytest.mark.slow
def test_intervals_hold_the_mean_as_often_as_they_say():
    rng = np.random.default_rng(0)
    holds = [abs((value := estimate(rng.normal(3, 2, size=5))).mean - 3) <= value.half_width for _ in range(4000)]
    assert abs(np.mean(holds) - 0.95) < 0.011  # three standard errors
