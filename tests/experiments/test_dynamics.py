"""The Dirac-GAN script: its numbers, its table, its figure."""

import dynamics
import numpy as np
import pytest
from PIL import Image

from ganjax import objectives, steps


@pytest.mark.usefixtures("x64")
def test_eigenvalues_of_the_regularized_and_of_the_jumping_field():
    found = dynamics.spectrum(dynamics.field_at_zero(objectives.non_saturating_r1(1.0), steps.separate))
    np.testing.assert_allclose(found, [-0.5, -0.5], atol=1e-6)
    assert dynamics.spectrum(dynamics.field_at_zero(objectives.wgan_gp(1.0), steps.separate)) is None


@pytest.mark.usefixtures("x64")
def test_one_row_and_its_panel(tmp_path):
    options = dynamics.Options(num_steps=5, step=0.1)
    row = dynamics.study(objectives.wgan(), steps.separate, options)
    assert set(row.radii) == set(dynamics.SCHEDULES)
    np.testing.assert_allclose(row.radii["synchronous"], np.sqrt(1.01), rtol=1e-9)
    # from (1, 1) together: θ + .1 φ, φ − .1 θ
    np.testing.assert_allclose(row.paths["synchronous"][:2], [[1, 1], [1.1, 0.9]], rtol=1e-9)
    assert row.paths["alternating"].shape == (6, 2)
    assert dynamics.pair(row.eigenvalues) == "0.0000 ± 1.0000i"
    rows = {"wgan": row, "jumping": row._replace(eigenvalues=None)}
    assert dynamics.table(rows, options).row_count == 2
    dynamics.figure(rows, options).savefig(tmp_path / "figure.png", dpi=40)
    assert np.asarray(Image.open(tmp_path / "figure.png").convert("L")).std() > 5


def test_every_objective_is_played_or_needs_more():
    played = dynamics.playable(dynamics.Options())
    assert set(played) - {"non_saturating, consensus"} == set(objectives.OBJECTIVES) - set(dynamics.NEEDS_MORE)


def test_a_step_that_is_not_positive_is_refused(capsys):
    assert dynamics.entry(["--step", "0"]) == 2
    assert "step > 0" in capsys.readouterr().err
