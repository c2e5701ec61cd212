"""Pictures: grids worked by hand, the same bytes for the same picture, plots that hold still."""

import io
import os
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from ganjax.checks import InputError
from ganjax.io._plots import _running_mean
from ganjax.io.pictures import (
    curves_picture,
    curves_png,
    image_grid,
    png_bytes,
    save_gif,
    save_png,
    scatter_limits,
    scatter_picture,
    to_uint8,
)


def opened(content: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(content)))


def gray_images(*values: int) -> np.ndarray:
    """Images of 1 × 2 × 1 pixels: the value, and the value plus one."""
    return np.array([[[[value], [value + 1]]] for value in values], np.uint8)


# ---------------------------------------------------------------------------------------------------- pixels


def test_to_uint8_by_hand():
    # (x + 1) · 127.5: −1 → 0, −.5 → 63.75 → 64, 0 → 127.5 → 128 (to even), .5 → 191.25 → 191, 1 → 255
    values = [-1.0, -0.5, 0.0, 0.5, 1.0, -7.0, 1.01, np.inf, -np.inf, np.nan]
    expected = [0, 64, 128, 191, 255, 0, 255, 255, 0, 0]
    for dtype in (np.float32, np.float64, np.float16, jnp.bfloat16):
        pixels = to_uint8(jnp.array(values, dtype) if dtype is jnp.bfloat16 else np.array(values, dtype))
        assert pixels.dtype == np.uint8
        np.testing.assert_array_equal(pixels, expected)
    np.testing.assert_array_equal(to_uint8(np.array([0, 7, 255], np.uint8)), [0, 7, 255])
    for wrong in (np.array([1, 2]), np.array([True])):
        with pytest.raises(InputError, match="uint8 or as floating point in"):
            to_uint8(wrong)


def test_to_uint8_undoes_the_usual_scaling_of_pixels():
    pixels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_uint8(pixels.astype(np.float32) / 127.5 - 1), pixels)


def test_image_grid_by_hand():
    # three images of 1 × 2 in two columns, lines of 1: rows 2 · 1 + 3 = 5 high, 2 · 2 + 3 = 7 wide; the fourth is empty
    grid = image_grid(gray_images(10, 20, 30), columns=2, padding=1, min_side=0, background=9)
    expected = [
        [9, 9, 9, 9, 9, 9, 9],
        [9, 10, 11, 9, 20, 21, 9],
        [9, 9, 9, 9, 9, 9, 9],
        [9, 30, 31, 9, 9, 9, 9],
        [9, 9, 9, 9, 9, 9, 9],
    ]
    assert grid.dtype == np.uint8
    np.testing.assert_array_equal(grid[..., 0], expected)


def test_image_grid_without_lines_enlarges_each_pixel():
    # 1 × 2 images in one column of two: 2 × 2; a longer side of 5 at least needs k = 3
    grid = image_grid(gray_images(10, 20), columns=1, padding=0, min_side=5)
    assert grid.shape == (6, 6, 1)
    np.testing.assert_array_equal(grid[..., 0], np.kron([[10, 11], [20, 21]], np.ones((3, 3), int)))


def test_image_grid_of_digits_is_readable():
    # 64 digits of 8 × 8: 8 · 8 k + 9 · 2 ≥ 400 at k = 6 (402); k = 5 gives 338
    assert image_grid(np.zeros((64, 8, 8, 1), np.uint8)).shape == (402, 402, 1)
    # one row of two: the width counts, 16 k + 6 ≥ 400 at k = 25 (406)
    assert image_grid(np.zeros((2, 8, 8, 1), np.uint8), columns=2).shape == (204, 406, 1)
    # one column: the height counts, so that the picture does not grow without bounds
    assert image_grid(np.zeros((50, 8, 8, 1), np.uint8), columns=1).shape == (502, 12, 1)
    # large ones stay as they are
    assert image_grid(np.zeros((4, 256, 256, 3), np.uint8)).shape == (518, 518, 3)


@pytest.mark.parametrize(("num", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4)])
def test_image_grid_is_as_square_as_can_be(num, columns):
    grid = image_grid(np.zeros((num, 4, 4, 1), np.uint8), padding=0, min_side=0)
    assert grid.shape[1] == 4 * columns


def test_image_grid_keeps_colors_and_order():
    images = np.random.default_rng(0).uniform(-1, 1, (6, 5, 7, 3)).astype(np.float32)
    grid = image_grid(jnp.asarray(images), columns=3, padding=2, min_side=0)
    for index in range(6):
        top, left = 2 + index // 3 * 7, 2 + index % 3 * 9
        np.testing.assert_array_equal(grid[top : top + 5, left : left + 7], to_uint8(images[index]))


@pytest.mark.parametrize("shape", [(4, 8, 8), (0, 8, 8, 1), (64,)])
def test_image_grid_refuses_other_shapes(shape):
    with pytest.raises(InputError, match=r"Expected images \[N, H, W, C\]"):
        image_grid(np.zeros(shape, np.uint8))
    with pytest.raises(InputError, match="columns >= 1, got 0"):
        image_grid(gray_images(1), columns=0)


# ---------------------------------------------------------------------------------------------------- PNG and GIF


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3), (4, 5, 4)])
def test_png_round_trip_and_same_bytes(tmp_path, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    save_png(tmp_path / "new" / "a.png", pixels)
    content = (tmp_path / "new" / "a.png").read_bytes()
    np.testing.assert_array_equal(opened(content), pixels.squeeze())
    assert content == png_bytes(pixels.copy())
    assert os.listdir(tmp_path / "new") == ["a.png"]


@pytest.mark.parametrize("shape", [(4,), (4, 5, 2), (2, 4, 5, 1), (0, 5), (4, 0, 3)])
def test_png_refuses_other_shapes(shape):
    with pytest.raises(InputError, match=r"Expected a picture \[H, W\] or \[H, W, C\]"):
        png_bytes(np.zeros(shape, np.uint8))


def frames_of(path) -> list[tuple[np.ndarray, int]]:
    frames = []
    with Image.open(path) as picture:
        assert picture.info["loop"] == 0  # for ever
        for index in range(picture.n_frames):
            picture.seek(index)
            frames.append((np.array(picture.convert("RGB")), picture.info["duration"]))
    return frames


def test_gif_of_arrays_and_files(tmp_path):
    levels = [np.full((6, 8), level, np.uint8) for level in (0, 100, 200)]
    save_png(tmp_path / "1.png", levels[1])
    save_gif(tmp_path / "a.gif", [levels[0], tmp_path / "1.png", str(tmp_path / "1.png"), levels[2]], 0.1)
    frames = frames_of(tmp_path / "a.gif")
    # two frames alike become one of twice the time; the last is held for 2 seconds
    assert [(frame[0, 0, 0], duration) for frame, duration in frames] == [(0, 100), (100, 200), (200, 2000)]
    assert all(frame.shape == (6, 8, 3) for frame, _ in frames)
    first = (tmp_path / "a.gif").read_bytes()
    save_gif(tmp_path / "a.gif", [levels[0], tmp_path / "1.png", str(tmp_path / "1.png"), levels[2]], 0.1)
    assert (tmp_path / "a.gif").read_bytes() == first


def test_gif_of_colors_and_gray(tmp_path):
    red = np.zeros((4, 4, 3), np.float32) + np.array([1, -1, -1], np.float32)
    save_gif(tmp_path / "a.gif", [red, np.full((4, 4, 1), 255, np.uint8)])
    (first, _), (second, _) = frames_of(tmp_path / "a.gif")
    assert (first == [255, 0, 0]).all()
    assert (second == 255).all()


def test_gif_takes_frames_evenly(tmp_path):
    # 5 of 9: 0, 2, 4, 6, 8
    frames = [np.full((4, 4), 10 * index, np.uint8) for index in range(9)]
    save_gif(tmp_path / "a.gif", frames, max_frames=5)
    assert [frame[0, 0, 0] for frame, _ in frames_of(tmp_path / "a.gif")] == [0, 20, 40, 60, 80]
    save_gif(tmp_path / "a.gif", frames, max_frames=1)
    with Image.open(tmp_path / "a.gif") as picture:
        assert np.array(picture.convert("RGB"))[0, 0, 0] == 80  # the end is what a single frame should show
    save_gif(tmp_path / "a.gif", [np.full((4, 4), i, np.uint8) for i in range(200)])
    assert len(frames_of(tmp_path / "a.gif")) == 60


def test_gif_refuses_what_cannot_be_one(tmp_path):
    small, large = np.zeros((4, 5), np.uint8), np.zeros((6, 5), np.uint8)
    with pytest.raises(InputError, match="at least one frame"):
        save_gif(tmp_path / "a.gif", [])
    with pytest.raises(InputError, match=r"one size, got 5 × 4 \(frame 1\), 5 × 6 \(frame 2\)"):
        save_gif(tmp_path / "a.gif", [small, small, large])
    with pytest.raises(InputError, match=r"Expected a picture as a frame, got .*no\.png"):
        save_gif(tmp_path / "a.gif", [tmp_path / "no.png"])
    (tmp_path / "text.png").write_text("text")
    with pytest.raises(InputError, match=r"Expected a picture as a frame, got .*text\.png"):
        save_gif(tmp_path / "a.gif", [tmp_path / "text.png"])
    with pytest.raises(InputError, match="duration > 0"):
        save_gif(tmp_path / "a.gif", [small], duration=0)
    assert not (tmp_path / "a.gif").exists()


# ---------------------------------------------------------------------------------------------------- plots

BLUE, ORANGE = np.array([0x3B, 0x6E, 0xA8]), np.array([0xE0, 0x7B, 0x00])


def near(picture: np.ndarray, color: np.ndarray) -> np.ndarray:
    """Where the picture has a tint of `color` on white: along the line from white to it."""
    depth = (255 - picture.astype(float)) @ (255 - color) / ((255 - color) @ (255 - color))
    off = np.abs(picture - (255 - depth[..., None] * (255 - color))).max(axis=-1)
    return (depth > 0.2) & (off < 25)


def test_scatter_limits_by_hand():
    # x from 0 to 2, y from 0 to 4: the wider range 4, half of it and a margin of 4/4: 3 around (1, 2)
    points = np.array([[0.0, 0.0], [2.0, 4.0], [1.0, 1.0]])
    assert scatter_limits(points) == (-2.0, 4.0, -1.0, 5.0)
    assert scatter_limits(jnp.asarray(points), margin=0.0) == (-1.0, 3.0, 0.0, 4.0)
    assert scatter_limits(np.array([[3.0, 4.0]])) == (2.25, 3.75, 3.25, 4.75)  # a single point: any width will do
    for wrong in (np.zeros((0, 2)), np.array([[np.nan, 0.0]])):
        with pytest.raises(InputError, match="one at least and all finite"):
            scatter_limits(wrong)
    with pytest.raises(InputError, match=r"Expected real_points \[N, 2\], got real_points\[3, 1\]"):
        scatter_limits(np.zeros((3, 1)))


def test_scatter_draws_points_where_they_are():
    real = np.array([[-1.0, -1.0], [1.0, 1.0]])
    picture = scatter_picture(real, np.array([[1.0, -1.0]]), limits=(-2, 2, -2, 2))
    assert picture.shape == (480, 480, 3)
    assert picture.dtype == np.uint8
    # the axes span .1 to .95 of the width and .07 to .92 of the height: 408 pixels for 4 units, 102 a unit,
    # (0, 0) at (.525 · 480, 480 − .495 · 480) = (252, 242.4)
    for color, (x, y) in ((BLUE, (-1, -1)), (BLUE, (1, 1)), (ORANGE, (1, -1))):
        column, row = round(252 + 102 * x), round(242.4 - 102 * y)
        assert near(picture[row - 1 : row + 2, column - 1 : column + 2], color).all()
    assert not near(picture[242:, :240], ORANGE).any()


def test_scatter_holds_still_whatever_is_generated():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(300, 2)) @ [[1, 2], [-0.1, 0.5]] + [1, 2]
    pictures = [
        scatter_picture(real, fake)
        for fake in (np.zeros((5, 2)), 1e30 * np.ones((5, 2)), np.full((5, 2), np.nan), np.zeros((0, 2)))
    ]
    frame = np.ones((480, 480), bool)
    frame[int(0.08 * 480) + 2 : int(0.93 * 480) - 2, 50:454] = False  # inside the axes
    frame[:39] = False  # the legend
    for picture in pictures[1:]:
        np.testing.assert_array_equal(picture[frame], pictures[0][frame])


def test_scatter_counts_what_lies_outside(monkeypatch):
    labels = []
    scatter = Axes.scatter
    monkeypatch.setattr(
        Axes, "scatter", lambda *args, **kwargs: labels.append(kwargs["label"]) or scatter(*args, **kwargs)
    )
    fake = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, -9.0], [np.nan, 0.0], [np.inf, 0.0], [1.0, 1.0]])
    scatter_picture(np.array([[-1.0, -1.0], [1.0, 1.0]]), fake)
    assert labels == ["real", "generated (4 of 6 outside)"]
    # x from −3 to 0, y from 2 to 9: only (−1, 8) is inside; (−1, 1), (−4, 5), (1, 5), (−1, 10) miss one side each
    fake = np.array([[-1, 8], [-1, 1], [-4, 5], [1, 5], [-1, 10]], np.float32)
    scatter_picture(np.zeros((1, 2)), fake, limits=(-3, 0, 2, 9))
    assert labels[-1] == "generated (4 of 5 outside)"


def test_plots_are_deterministic_and_leave_pyplot_alone():
    points = np.random.default_rng(0).normal(size=(100, 2))
    rows = [{"step": step, "disc_loss": step / 7} for step in range(5)]
    before = "matplotlib.pyplot" in sys.modules
    assert png_bytes(scatter_picture(points, -points)) == png_bytes(scatter_picture(points, -points))
    assert png_bytes(curves_picture(rows, "t")) == png_bytes(curves_picture(rows, "t"))
    assert ("matplotlib.pyplot" in sys.modules) == before


ROW = {"disc_loss": 1.4, "gen_loss": 0.7, "real_score": 0.1, "fake_score": -0.2}


@pytest.mark.parametrize("num", [1, 2, 199, 200, 1000])
def test_curves_from_few_rows_to_many(tmp_path, num):
    rows = [{"step": 10 * i, **{name: value + i % 7 for name, value in ROW.items()}} for i in range(num)]
    curves_png(tmp_path / "curves.png", rows, "digits")
    picture = opened((tmp_path / "curves.png").read_bytes())
    assert picture.shape == (600, 800, 3)
    for half in (picture[40:270], picture[320:550]):  # both panels have both curves, below their legends
        assert near(half, BLUE).any()
        assert near(half, ORANGE).any()


def test_curves_with_gaps_and_missing_metrics():
    rows = [
        {"step": 1, "disc_loss": 1.0, "gen_loss": np.nan},
        {"step": 2, "frechet_distance": 3.0},
        {"step": 3, "disc_loss": np.inf, "gen_loss": np.nan},
        {"step": 4, "disc_loss": 3e38, "gen_loss": np.nan},
    ]
    picture = curves_picture(rows)
    assert near(picture[40:], BLUE).any()
    assert not near(picture[40:], ORANGE).any()
    for nothing in ([], [{"step": 1, "frechet_distance": 2.0}]):
        with pytest.raises(InputError, match=f"got {len(nothing)} rows with none of them"):
            curves_picture(nothing)


def test_running_mean_by_hand():
    # one neighbor to each side, fewer at the ends; the gap stays and does not count
    values = np.array([1.0, 2.0, 6.0, np.nan, 4.0])
    np.testing.assert_allclose(_running_mean(values, 1), [1.5, 3.0, 4.0, np.nan, 4.0])
    np.testing.assert_allclose(_running_mean(values, 0), values)
    np.testing.assert_allclose(_running_mean(values, 9), [3.25, 3.25, 3.25, np.nan, 3.25])
