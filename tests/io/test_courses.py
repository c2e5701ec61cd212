"""Numbers over steps: what is drawn where, read off the pixels."""

import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.io import Course, courses_picture
from ganjax.io._courses import HEIGHT, WIDTH


def colored(picture, red, green, blue):
    """Where the picture has a color, to within what smoothing does to thin lines."""
    return np.abs(picture.astype(int) - [red, green, blue]).max(axis=-1) < 40


def test_three_panels_in_a_row():
    course = Course([0, 1], [1.0, 2.0])
    sizes = [courses_picture({str(i): course for i in range(n)}).shape for n in (1, 3, 4)]
    assert sizes == [(HEIGHT + 30, WIDTH, 3), (HEIGHT + 30, 3 * WIDTH, 3), (2 * HEIGHT + 30, 3 * WIDTH, 3)]


def test_a_falling_quantity_falls():
    picture = courses_picture({"x": Course([0, 10, 20], [3.0, 1.0, 0.0])})
    rows, columns = np.nonzero(colored(picture, 0xE0, 0x7B, 0x00))
    left, right = rows[columns < np.quantile(columns, 0.1)], rows[columns > np.quantile(columns, 0.9)]
    assert left.mean() < right.mean() - 50


def test_the_best_step_is_marked_and_gaps_are_left():
    plain = courses_picture({"x": Course([0, 1, 2], [1.0, float("nan"), 2.0])})
    marked = courses_picture({"x": Course([0, 1, 2], [1.0, float("nan"), 2.0], best=2)})
    assert not colored(plain, 0x3B, 0x6E, 0xA8).any()
    assert colored(marked, 0x3B, 0x6E, 0xA8).any()


def test_bars_around_the_values():
    thin = courses_picture({"x": Course([0, 1], [1.0, 2.0])})
    barred = courses_picture({"x": Course([0, 1], [1.0, 2.0], (0.5, 0.5))})
    assert (thin != barred).any()


def test_what_cannot_be_drawn():
    with pytest.raises(InputError, match="got none"):
        courses_picture({})
    with pytest.raises(InputError, match="2 values of x"):
        courses_picture({"x": Course([0, 1], [1.0])})
