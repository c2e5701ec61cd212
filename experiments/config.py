"""What a run is: frozen dataclasses, filled by a preset, the command line or a run's config.json."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Literal

from choices import TABLES, Choice, choose


@dataclass(frozen=True)
class Data:
    """What is learned from."""

    name: str = "digits"
    """digits, mnist, npz, parquet, folder (of pictures, or a zip), tfds:NAME, or a toy: ring, ring:1000 (points)"""
    dir: str | None = None
    """the folder that holds it; digits and the toys need none"""
    split: str = "train"
    """the part to learn from"""
    crop: int | None = None
    """keep the square of this many pixels in the middle of each image, before resizing; 108 to 178 for CelebA"""
    resolution: int | None = None
    """resize images to this many pixels a side, what is not square cropped to a square first; None for as they are"""
    channels: Literal[1, 3] | None = None
    """1: gray, 3: color; by default as they are, a folder's as its first picture"""
    flip: bool = False
    """mirror each image left to right with probability 1/2, anew each time it is shown"""
    on_error: Literal["error", "skip"] = "error"
    """a picture file that can't be read: stop, or leave it out and say so (folders and archives)"""
    cache: bool = True
    """keep decoded pictures in $GANJAX_CACHE (or ~/.cache/ganjax) where decoding took over 5 s. No part of the run"""
    memory: Literal["auto", "device", "stream"] = "auto"
    """device: all in memory; stream: read from disk, the same batches; auto: stream over 4 GiB. No part of the run"""
    workers: int | None = None
    """threads that read a stream; by default one a core, at most 16. No part of the run"""
    prefetch: int | None = None
    """batches that a stream reads ahead; by default as many as take 256 MiB. No part of the run"""
    condition: Literal["none", "labels", "pyramid"] = "none"
    """what both networks are told: nothing, the labels, or (LAPGAN) the coarse image of each level of a pyramid"""
    levels: int = 3
    """of the pyramid; the image's sides must divide by 2^(levels - 1)"""


@dataclass(frozen=True)
class Update:
    """Who moves when."""

    schedule: Literal[
        "alternating",
        "synchronous",
        "extragradient",
        "optimistic",
        "heun",
        "runge-kutta",
        "unrolled",
        "real-then-fake",
    ] = "alternating"
    """alternating: the discriminator moves first; real-then-fake: it moves by each batch; the others: from one point"""
    gradients: Literal["separate", "single-loss", "shared-forward", "fused"] = "separate"
    """the way to the gradients; all give the same numbers, fused the fastest where each score depends on one sample"""
    ratio: float = 1.0
    """the generator's weight in the single loss; adaptive optimizers ignore it"""
    unroll_steps: int = 5
    """the discriminator's moves that the generator looks through (unrolled only)"""
    consensus: float = 0.0
    """weight of consensus optimization's pull toward points where no player wants to move; 0 for none"""
    accumulate: int = 1
    """compute each gradient over this many equal parts of a batch, one after the other"""
    disc_steps: int = 1
    """the discriminator's moves a step (alternating only)"""
    gen_steps: int = 1
    """the generator's moves a step, each with fresh latents (alternating only)"""
    clip: float | None = None
    """keep the discriminator's parameters in [-clip, clip]: WGAN's Lipschitz constraint"""
    ema_decay: float | None = 0.999
    """average the generator with this decay (warmed up) and sample from the average; None for no average"""


@dataclass(frozen=True)
class Parallel:
    """Which devices play. Not a part of what the run is: it may go on with others."""

    mode: Literal["auto", "jit", "shard-map", "pmap"] = "auto"
    """who splits a batch over devices: the compiler (jit; auto where there are several), or each device its rows"""
    devices: int | None = None
    """how many; by default all there are"""
    optimizer: Literal["replicated", "sharded"] = "replicated"
    """sharded: each device keeps a part of the optimizers' state (jit only)"""
    coordinator: str | None = None
    """several processes: host:port of process 0, or auto to ask the cluster (SLURM, Open MPI, Kubernetes, TPU)"""
    num_processes: int | None = None
    """how many processes there are; auto knows"""
    process_id: int | None = None
    """which one this is, from 0; auto knows"""
    heartbeat_timeout: int = 60
    """seconds after which a silent process counts as dead, and the others stop"""


@dataclass(frozen=True)
class Config:
    """A run."""

    data: Data
    prior: Choice
    generator: Choice
    discriminator: Choice
    objective: Choice
    gen_optimizer: Choice
    disc_optimizer: Choice
    helper: Choice = field(default_factory=lambda: choose("helper", "none"))
    penalty: Choice = field(default_factory=lambda: choose("penalty", "none"))
    augment: Choice = field(default_factory=lambda: choose("augment", "none"))
    packing: int = 1
    """samples that the discriminator judges together (PacGAN); the batch size must divide by it"""
    update: Update = Update()
    batch_size: int = 64
    """samples a player sees at a time"""
    num_steps: int = 1000
    """generator steps"""
    seed: int = 0
    """every random number of the run follows from it"""
    log_every: int = 100
    """steps between rows of metrics.jsonl"""
    sample_every: int = 500
    """steps between pictures of the same latents"""
    checkpoint_every: int = 1000
    """steps between checkpoints"""
    steps_per_call: int = 50
    """steps in one compiled call; the progress bar and Ctrl-C answer between calls"""
    keep_checkpoints: int = 3
    """how many of the latest checkpoints stay; the best one stays too"""
    keep_every: int | None = None
    """steps between checkpoints that stay for ever, a multiple of checkpoint-every; None for none"""
    num_samples: int = 100
    """samples in a picture"""
    eval_every: int | None = None
    """steps between judgments of the averaged generator, as evaluate.py judges; the best checkpoint stays"""
    eval_samples: int = 5000
    """generated samples in a judgment"""
    eval_metrics: tuple[str, ...] = ()
    """which numbers to judge by, as in evaluate.py; by default all that suit the data"""
    best_by: str | None = None
    """which of them makes a checkpoint the best; by default frechet_distance, or on toys reverse_kl"""
    on_nonfinite: Literal["stop", "rollback"] = "stop"
    """numbers that are no longer finite: stop and say where, or go on from the last checkpoint past what led there"""
    parallel: Parallel = Parallel()
    workdir: str | None = None
    """where the run writes; by default runs/PRESET"""


CHOICES = tuple(f.name for f in dataclasses.fields(Config) if f.name in TABLES)
