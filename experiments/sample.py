"""Samples from a trained run: python experiments/sample.py WORKDIR.

Writes a picture of samples to WORKDIR/sample.png and, with --num N, all N of them to WORKDIR/samples.npz: images as
uint8 [N, H, W, C], points as float32 [N, 2].

Another sampler or a truncated prior makes a picture beside it, NAME.png, and what samples.npz holds; --interpolate,
--neighbors, --invert and --timeline add interpolation.png, neighbors.png, inversion.png and timeline.png.

From Python: sampler(WORKDIR)(key, num).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Annotated, Literal

import assembly
import jax
import jax.numpy as jnp
import numpy as np
import own
import pictures
import sampling
import tyro
import workdir as workdir_module
from assembly import Run
from compiled import keep_compiled
from config import Config
from limits import check_numbers
from outputs import check_folder
from sampling import PICTURES, SAMPLERS, Draw, Settings, Trained
from scripts import report_errors

from ganjax import steps
from ganjax.checks import InputError
from ganjax.data import to_uint8
from ganjax.io import Restored, best_step, image_grid, replace_file, restore_latest, restore_step, save_png
from ganjax.types import GanState, Key, Variables

Weights = Literal["ema", "raw"]
TIMELINE_ROWS = 8


@dataclass(frozen=True)
class Options:
    """Samples from a trained run."""

    workdir: Annotated[Path, tyro.conf.Positional]
    """the workdir of a run of experiments/train.py"""
    num: int | None = None
    """write this many samples as samples.npz, too"""
    seed: int = 0
    """which latents"""
    label: int | None = None
    """samples of this class alone, from a run conditioned on labels; by default of all in turn"""
    step: int | Literal["latest", "best"] = "latest"
    """which checkpoint; best: as judged while training (--eval-every)"""
    generator: Weights = "ema"
    """the averaged generator, or the raw one; a run without an average has only the raw one"""
    output: Path | None = None
    """the folder to write to; by default the workdir"""
    sampler: Literal["prior", "langevin", "mala", "rejection"] = "prior"
    """prior: plain draws; langevin, mala: latent chains by the discriminator; rejection: the draws that it accepts"""
    sampler_step_size: float = 0.01
    """of langevin and mala"""
    sampler_steps: int = 100
    """moves of langevin, proposals of mala"""
    sampler_gamma: float = 0.0
    """of rejection: below 0 it accepts more and corrects less"""
    truncation: float | None = None
    """keep every number of a normal latent within this bound: more typical samples, and fewer kinds of them"""
    interpolate: int | None = None
    """this many rows of the way between two latents"""
    neighbors: int | None = None
    """this many samples, and the nearest of the data to each"""
    invert: int | None = None
    """this many real samples, and the generator's nearest to each, by descent in latent space"""
    timeline: tuple[int, ...] = ()
    """the same samples at the checkpoints of these steps, a column each"""
    code: tuple[Path, ...] = ()
    """files of your own that the run was made with (--objective.name FILE.py:FUNCTION): they are run"""


def open_run(workdir: Path, step: int | None, code: Sequence[Path] = ()) -> tuple[Config, Run, Restored]:
    """A run and one of its checkpoints, read only.

    Args:
      workdir: the run's folder.
      step: which checkpoint; None for the newest.
      code: the files of one's own that the run may take functions from; they are run.

    Raises:
      InputError: if there is no run, no such checkpoint, or it needs a file that is not among `code`.
    """
    own.run_files(code)
    config = workdir_module.read_config(workdir)
    run = assembly.assemble(config)
    template, folder = assembly.template(run, config), workdir / "checkpoints"
    return config, run, restore_latest(folder, template) if step is None else restore_step(folder, template, step)


def at_step(workdir: Path, step: int | str) -> int | None:
    """The step that is meant; None for the newest.

    Raises:
      InputError: for the best one of a run that was not judged while it trained.
    """
    if step == "best":
        return best_step(workdir / "checkpoints")
    return step if isinstance(step, int) else None


def chosen(state: GanState, weights: Weights) -> Variables:
    """The generator's variables to sample from."""
    return steps.generator_variables(state) if weights == "ema" else Variables(state.gen_params, state.gen_stats)


def sampler(
    workdir: Path | str,
    step: int | Literal["latest", "best"] = "latest",
    weights: Weights = "ema",
    code: Sequence[Path | str] = (),
    label: int | None = None,
) -> Callable[[Key, int], jax.Array]:
    """What a trained run draws: (key, num) -> samples [num, ...], images in [−1, 1] or points.

    The samples of `sample.py WORKDIR --seed SEED` are those of the key jax.random.key(SEED).

    Args:
      workdir: the workdir of a run of experiments/train.py.
      step: which checkpoint; best: as judged while training.
      weights: the averaged generator's where there is one, or the raw ones.
      code: files of one's own that the run was made with; they are run.
      label: the class of all samples, of a run conditioned on labels; None for all classes in turn.

    Raises:
      InputError: if there is no run, no such checkpoint, no such class, or it needs a file that is not among `code`.
    """
    config, run, restored = open_run(Path(workdir), at_step(Path(workdir), step), [Path(file) for file in code])
    return partial(assembly.block_sampler(sampling.of_class(config, run, label)), chosen(restored.state, weights))


def wanted(options: Options) -> dict[str, int]:
    """The pictures of `sampling.PICTURES` that are asked for, with their numbers of samples."""
    numbers = {"interpolation": options.interpolate, "neighbors": options.neighbors, "inversion": options.invert}
    return {name: num for name, num in numbers.items() if num is not None}


def drawing(options: Options, game: Trained) -> Draw | None:
    """The chosen sampler of latents; None for plain draws."""
    settings = Settings(options.sampler_step_size, options.sampler_steps, options.sampler_gamma)
    return None if options.sampler == "prior" else SAMPLERS[options.sampler](game, settings)


def timeline(config: Config, run: Run, options: Options) -> np.ndarray:
    """The same samples in every column, through training from left to right; uint8 [H, W, C].

    Raises:
      InputError: in a game of points, or where a step has no checkpoint.
    """
    if not run.source.spec.is_image:
        raise InputError("Expected a run on images for --timeline, got points: samples.gif shows them in training.")
    folder, template, draw = (
        options.workdir / "checkpoints",
        assembly.template(run, config),
        assembly.block_sampler(run),
    )
    states = [restore_step(folder, template, step).state for step in options.timeline]
    key = jax.random.key(options.seed)
    columns = [np.asarray(draw(chosen(state, options.generator), key, TIMELINE_ROWS)) for state in states]
    return image_grid(np.stack(columns, axis=1).reshape(-1, *run.source.spec.shape), len(columns))


def main(options: Options) -> None:
    numbers = {name: value for name, value in vars(options).items() if name != "step"}
    check_numbers({"num_samples": 1 if options.num is None else options.num, **numbers})
    config, run, restored = open_run(options.workdir, at_step(options.workdir, options.step), options.code)
    for skipped in restored.skipped:
        print(f"Passed over the checkpoint at step {skipped.step}: {skipped.reason}", file=sys.stderr)
    run = sampling.of_class(config, run, options.label)
    generator, key = chosen(restored.state, options.generator), jax.random.key(options.seed)
    game = sampling.trained(config, run, restored.state, generator, options.truncation)
    draw = drawing(options, game)
    sampling.check_pictures(game, wanted(options))
    in_training = timeline(config, run, options) if options.timeline else None
    folder = options.output or options.workdir
    check_folder(folder)
    num = max(options.num or 0, config.num_samples, options.neighbors or 0)

    def show(name: str, picture: np.ndarray, what: str) -> None:
        save_png(folder / f"{name}.png", picture)
        print(f"{folder / f'{name}.png'}: {what} of the generator at step {restored.step}")

    shown = f"{config.num_samples} samples" + ("" if options.label is None else f" of class {options.label}")
    fake = np.asarray(assembly.sample(run, generator, key, num))  # the plain draws, whatever else is asked for
    show("sample", pictures.picture(run, fake[: config.num_samples]), shown)
    if draw is not None:
        fake = sampling.made(game, draw(key, num))
        show(options.sampler, pictures.picture(run, fake[: config.num_samples]), shown)
    elif options.truncation is not None:
        fake = np.asarray(assembly.sample(game.run, generator, key, num))
        show("truncation", pictures.picture(run, fake[: config.num_samples]), shown)
    for name, count in wanted(options).items():
        show(name, PICTURES[name](game, key, count, fake), f"{name} of {count}")
    if in_training is not None:
        save_png(folder / "timeline.png", in_training)
        print(f"{folder / 'timeline.png'}: {TIMELINE_ROWS} samples at steps {', '.join(map(str, options.timeline))}")
    if options.num is not None:
        save_samples(folder / "samples.npz", fake[: options.num])


def save_samples(path: Path, samples: np.ndarray) -> None:
    """One array, `samples`: images as bytes, points as they are."""
    content = BytesIO()
    np.savez_compressed(content, samples=np.asarray(to_uint8(jnp.asarray(samples))) if samples.ndim == 4 else samples)
    replace_file(path, content.getvalue())
    print(f"{path}: array `samples`, {list(samples.shape)}")


def entry(arguments: Sequence[str]) -> int:
    return report_errors(lambda: main(tyro.cli(Options, args=list(arguments), prog="sample.py", description=__doc__)))


if __name__ == "__main__":
    keep_compiled()
    sys.exit(entry(sys.argv[1:]))
