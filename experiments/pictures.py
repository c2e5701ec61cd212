"""The pictures of a run: a grid of images, or a scatter of points, always from the same latents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import assembly
import densities
import numpy as np
from assembly import Run
from config import Config
from PIL import Image

from ganjax import parallel, steps
from ganjax.io import Course, courses_picture, curves_png, image_grid, save_gif, save_png, scatter_picture
from ganjax.types import GanState

JUDGED = "eval/"  # what the names of a judgment's numbers start with


def snapshot(run: Run, config: Config, state: GanState, workdir: Path) -> np.ndarray:
    """Samples of the (averaged) generator now, written to samples/step_XXXXXXXX.png; the picture as uint8 [H, W, C]."""
    array = frame(run, config, state)
    save_png(workdir / "samples" / f"step_{int(state.step):08d}.png", array)
    return array


def frame(run: Run, config: Config, state: GanState) -> np.ndarray:
    """What a snapshot shows: samples, or for a game on the line all there is to know of it."""
    if densities.suits(run, config):
        return densities.density_frame(run, config, state)
    # on one device, whatever the run's: in a run of several processes only one of them makes pictures
    generator = parallel.on_host(steps.generator_variables(state))
    return picture(run, np.asarray(assembly.sample(run, generator, run.sample_key, config.num_samples)))


def picture(run: Run, fake: np.ndarray) -> np.ndarray:
    """uint8 [H, W, C]: images [N, H, W, C] as a grid, points [N, 2] or [N, 1] over as many real ones."""
    if fake.ndim == 4:
        return image_grid(fake)
    draw = run.source.draw(run.sample_key, 0, len(fake))
    real = np.asarray(run.source.gather(run.source.arrays, draw).samples)
    return densities.of_samples(real, fake) if fake.shape[1:] == (1,) else scatter_picture(real, fake)


def is_whole(picture: Path) -> bool:
    """Whether a picture is as it was written: PNG has checksums."""
    try:
        with Image.open(picture, formats=["PNG"]) as opened:
            opened.verify()
    except Exception:  # damage meets any error of Pillow
        return False
    return True


def film_and_curves(workdir: Path, rows: list[dict[str, Any]]) -> None:
    """samples.gif from the snapshots; curves.png, and where the run was judged evaluations.png, from the metrics."""
    frames = sorted((workdir / "samples").glob("step_" + "[0-9]" * 8 + ".png"))
    if whole := [frame for frame in frames if is_whole(frame)]:  # none where there was no room for them
        save_gif(workdir / "samples.gif", whole)
    if rows:  # likewise
        curves_png(workdir / "curves.png", rows)
    judged = [row for row in rows if any(name.startswith(JUDGED) for name in row)]
    names = [name for name in judged[0] if name.startswith(JUDGED) and "_standard_error" not in name] if judged else []
    if names:
        steps = [row["step"] for row in judged]
        panels = {name.removeprefix(JUDGED): Course(steps, [row.get(name, np.nan) for row in judged]) for name in names}
        save_png(workdir / "evaluations.png", courses_picture(panels, workdir.name))
