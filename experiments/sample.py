"""Samples from a trained run: python experiments/sample.py WORKDIR.

Writes a picture of samples to WORKDIR/sample.png and, with --num N, all N of them to WORKDIR/samples.npz: images as
uint8 [N, H, W, C], points as float32 [N, 2].
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import assembly
import jax
import jax.numpy as jnp
import numpy as np
import pictures
import tyro
import workdir as workdir_module
from assembly import Run
from config import Config
from limits import check_numbers
from scripts import report_errors

from ganjax import steps
from ganjax.data import to_uint8
from ganjax.io import Restored, restore_latest, restore_step, save_png
from ganjax.types import GanState, Variables

Weights = Literal["ema", "raw"]


@dataclass(frozen=True)
class Options:
    """Samples from a trained run."""

    workdir: Annotated[Path, tyro.conf.Positional]
    """the workdir of a run of experiments/train.py"""
    num: int | None = None
    """write this many samples as samples.npz, too"""
    seed: int = 0
    """which latents"""
    step: int | None = None
    """which checkpoint; by default the newest"""
    weights: Weights = "ema"
    """the averaged generator, or the raw one; a run without an average has only the raw one"""
    output: Path | None = None
    """the folder to write to; by default the workdir"""


def open_run(workdir: Path, step: int | None) -> tuple[Config, Run, Restored]:
    """A run and one of its checkpoints, read only.

    Raises:
      InputError: if there is no run, or no such checkpoint.
    """
    config = workdir_module.read_config(workdir)
    run = assembly.assemble(config)
    template, folder = assembly.template(run, config), workdir / "checkpoints"
    return config, run, restore_latest(folder, template) if step is None else restore_step(folder, template, step)


def chosen(state: GanState, weights: Weights) -> Variables:
    """The generator's variables to sample from."""
    return steps.generator_variables(state) if weights == "ema" else Variables(state.gen_params, state.gen_stats)


def main(options: Options) -> None:
    check_numbers({"num_samples": options.num or 1, "seed": options.seed})
    config, run, restored = open_run(options.workdir, options.step)
    folder = options.output or options.workdir
    folder.mkdir(parents=True, exist_ok=True)
    num = max(options.num or 0, config.num_samples)
    fake = assembly.sample(run, chosen(restored.state, options.weights), jax.random.key(options.seed), num)
    save_png(folder / "sample.png", pictures.picture(run, np.asarray(fake[: config.num_samples])))
    print(f"{folder / 'sample.png'}: {config.num_samples} samples of the generator at step {restored.step}")
    if options.num is not None:
        stored = np.asarray(fake[: options.num])
        images = len(run.source.spec.shape) == 3
        np.savez_compressed(
            folder / "samples.npz", samples=np.asarray(to_uint8(jnp.asarray(stored))) if images else stored
        )
        print(f"{folder / 'samples.npz'}: array `samples`, {list(stored.shape)}")


def entry(arguments: Sequence[str]) -> int:
    return report_errors(lambda: main(tyro.cli(Options, args=list(arguments), prog="sample.py", description=__doc__)))


if __name__ == "__main__":
    sys.exit(entry(sys.argv[1:]))
