"""The picture of a game on the line."""

import numpy as np
import pytest

from ganjax.checks import InputError
from ganjax.io import density_picture, kernel_density

LINE = np.linspace(-4.0, 6.0, 201)
REAL = np.exp(-0.5 * (LINE - 1) ** 2) / np.sqrt(2 * np.pi)
SAMPLES = np.random.default_rng(0).normal(1.0, 0.5, 3000)


def test_the_kernel_estimate_integrates_to_one_and_finds_the_density():
    found = kernel_density(SAMPLES, LINE)
    np.testing.assert_allclose(np.sum(found) * (LINE[1] - LINE[0]), 1.0, atol=1e-3)
    truth = np.exp(-2 * (LINE - 1) ** 2) * np.sqrt(2 / np.pi)
    assert np.max(np.abs(found - truth)) < 0.06
    assert not kernel_density(np.zeros(0), LINE).any()
    # all samples in one place: a peak as wide as the line's own spacing h = .05, of height 1/(h √2π)
    assert np.max(kernel_density(np.full(10, 1.0), LINE)) == pytest.approx(1 / (0.05 * np.sqrt(2 * np.pi)), rel=1e-3)


def test_silvermans_bandwidth_by_hand():
    """Samples 0 and 2: σ = 1, quartiles ½ and 1½, so h = .9 · min(1, 1/1.34) · 2^−.2 = .584722."""
    h = 0.9 / 1.34 * 2**-0.2
    expected = 2 * np.exp(-0.5 * (1 / h) ** 2) / (2 * h * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(kernel_density(np.array([0.0, 2.0]), np.array([0.0, 1.0, 1.5]))[1:2], expected)


def colors(picture):
    """How many pixels are orange (generated), blue (data) and gray (discriminator, arrows)."""
    r, g, b = (picture[..., i].astype(int) for i in range(3))
    return {
        "generated": int(((r > 180) & (b < 90)).sum()),
        "data": int(((b > r + 60) & (b > 120)).sum()),
        "dark": int(((r < 70) & (g < 70) & (b < 70)).sum()),
    }


def test_everything_is_drawn():
    plain = colors(density_picture(LINE, REAL, SAMPLES))
    assert plain["generated"] > 300
    assert plain["data"] > 100
    latents = np.linspace(-1, 1, 9)
    arrows = colors(density_picture(LINE, REAL, SAMPLES, latents=latents, destinations=latents * 2))
    assert arrows["dark"] > plain["dark"] + 400
    judged = density_picture(LINE, REAL, SAMPLES, discriminator=np.full(201, 0.5))
    assert judged.shape == (400, 560, 3)
    assert judged.dtype == np.uint8
    assert (judged != density_picture(LINE, REAL, SAMPLES)).any(axis=2).sum() > 300


def test_a_diverged_generator_is_drawn_too():
    wild = np.array([np.nan, np.inf, 50.0, 1.0])
    latents = np.array([-1.0, 0.0, 0.5, 1.0])
    picture = density_picture(LINE, REAL, wild, latents=latents, destinations=wild)
    assert (picture != density_picture(LINE, REAL, wild[-1:], latents=latents, destinations=wild)).any()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"line": LINE[::-1]}, "increasing"),
        ({"real_density": REAL[:-1]}, r"real_density\[201\], .* got real_density\[200\]"),
        ({"discriminator": REAL[:3]}, r"discriminator\[201\]"),
        ({"latents": REAL[:3]}, "as many latents as destinations"),
    ],
)
def test_what_does_not_fit_is_refused(changed, message):
    given = {"line": LINE, "real_density": REAL, "fake_samples": SAMPLES} | changed
    with pytest.raises(InputError, match=message):
        density_picture(**given)
