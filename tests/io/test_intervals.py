"""Dots with intervals: what is drawn where, read off the pixels."""

import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.io import Dots, intervals_picture
from ganjax.io._plots import FAKE_COLOR, REAL_COLOR

KEY = 52  # rows above, where title and key of marks stand


def of_color(picture, color):
    """Rows and columns of the pixels that have exactly this color."""
    wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return np.nonzero((picture == wanted).all(axis=-1))


def test_size_grows_with_labels_and_panels():
    one = intervals_picture(["a"], {"x": [Dots([1.0], 1.0)]})
    wide = intervals_picture(["a"], {"x": [Dots([1.0], 1.0)], "y": [Dots([2.0], 2.0)]})
    high = intervals_picture(["a", "b"], {"x": [Dots([1.0], 1.0), Dots([2.0], 2.0)]})
    assert one.dtype == np.uint8
    assert wide.shape == (one.shape[0], one.shape[1] + 290, 3)
    assert high.shape == (one.shape[0] + 24, one.shape[1], 3)


def test_the_first_label_is_on_top_and_larger_values_are_on_the_right():
    lines = [Dots([], 1.0, 0.1, reference=3.0), Dots([], 3.0, 0.1, reference=1.0)]
    picture = intervals_picture(["first", "second"], {"x": lines})
    rows, columns = of_color(picture[KEY:], REAL_COLOR)
    top, bottom = columns[rows < rows.mean()], columns[rows > rows.mean()]
    assert top.max() < bottom.min()
    rows, columns = of_color(picture[KEY:], FAKE_COLOR)
    assert columns[rows < rows.mean()].min() > columns[rows > rows.mean()].max()


def test_a_wider_interval_is_a_longer_line():
    # the faint values fix the axis: 0 to 10 in both panels
    def length(half_width):
        picture = intervals_picture(["a"], {"x": [Dots([0.0, 10.0], 5.0, half_width)]})
        return np.ptp(of_color(picture[KEY:], REAL_COLOR)[1])

    assert length(4.0) == pytest.approx(2 * length(2.0), rel=0.05)


def test_what_is_not_finite_is_left_out():
    nothing = intervals_picture(["a"], {"x": [Dots()]})
    diverged = intervals_picture(["a"], {"x": [Dots([float("nan"), float("inf")])]})
    np.testing.assert_array_equal(nothing, diverged)
    assert len(of_color(nothing[KEY:], REAL_COLOR)[0]) == 0


def test_wrong_input():
    with pytest.raises(InputError, match="Expected labels and panels"):
        intervals_picture([], {})
    with pytest.raises(InputError, match="Expected 2 lines in the panel x, one a label, got 1"):
        intervals_picture(["a", "b"], {"x": [Dots()]})
