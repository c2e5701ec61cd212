"""What a run is: frozen dataclasses, read from a preset, the command line or a run's config.json.

A `Choice` is a row of one of the library's tables with that row's own keyword arguments as fields, so a new objective
or architecture has its command-line options, and their help, by existing.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import own
from limits import check_numbers
from optimizers import OPTIMIZERS
from penalties import PENALTIES

from ganjax.architectures import ARCHITECTURES, HELPERS
from ganjax.augmentations import AUGMENTATIONS
from ganjax.checks import InputError, Table, UnknownNameError
from ganjax.objectives import OBJECTIVES, SETTINGS, Settings
from ganjax.priors import PRIORS


def no_helper() -> None:
    """Two players and nobody else."""


TABLES: dict[str, Mapping[str, Callable[..., Any]]] = {
    "objective": OBJECTIVES,
    "generator": Table("generator", {name: row.generator for name, row in ARCHITECTURES.items()}),
    "discriminator": Table("discriminator", {name: row.discriminator for name, row in ARCHITECTURES.items()}),
    "prior": PRIORS,
    "gen_optimizer": OPTIMIZERS,
    "disc_optimizer": OPTIMIZERS,
    "helper": Table("helper network", {"none": no_helper, **HELPERS}),
    "penalty": PENALTIES,
    "augment": AUGMENTATIONS,
}


@dataclass(frozen=True)
class Choice:
    """A row of a table, by name, with the row's keyword arguments."""


def spelled(name: str) -> str:
    """A row's name as the command line spells it; one's own, FILE.py:FUNCTION, as it is."""
    return name if own.is_own(name) else name.replace("_", "-")


def builder_of(kind: str, name: str) -> Callable[..., Any]:
    """A row of a table, or one's own."""
    return own.builder(kind, name) if own.is_own(name) else TABLES[kind][name.replace("-", "_")]


@functools.cache
def choice_type(kind: str, name: str) -> type[Choice]:
    """The dataclass of one row: `name`, then each keyword argument of its builder with its annotation and default."""
    builder = builder_of(kind, name)
    names = tuple(row.replace("_", "-") for row in TABLES[kind]) + ((name,) if own.is_own(name) else ())
    hints = typing.get_type_hints(builder)
    fields: list[Any] = [("name", Literal[names], field(default=name))]
    for parameter in inspect.signature(builder).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            fields.append((parameter.name, hints[parameter.name], field(default=parameter.default)))
    made = dataclasses.make_dataclass(name.title().replace("-", ""), fields, bases=(Choice,), frozen=True)
    made.__doc__ = builder.__doc__
    return made


def choose(kind: str, name: str, **arguments: Any) -> Any:
    """Row `name` of table `kind` with some of its arguments set: choose("objective", "wgan-gp", weight=0.1)."""
    return choice_type(kind, spelled(name))(**arguments)


def arguments_of(choice: Choice) -> dict[str, Any]:
    """The keyword arguments that a choice carries for its builder."""
    return {f.name: getattr(choice, f.name) for f in dataclasses.fields(choice) if f.name != "name"}


def build(kind: str, choice: Choice, *positional: Any) -> Any:
    """Calls the chosen row's builder."""
    name: str = choice.name  # type: ignore[attr-defined]
    made = builder_of(kind, name)(*positional, **arguments_of(choice))
    own.check_made(kind, name, made)
    return made


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


def to_dict(config: Config) -> dict[str, Any]:
    """The config as JSON-ready values, without what is no part of the run: it may be moved, and to other machines."""
    values = dataclasses.asdict(config)
    for name in ("workdir", "parallel", "on_nonfinite"):
        del values[name]
    for name in ("cache", "memory", "workers", "prefetch"):  # the batches are the same
        del values["data"][name]
    return values


def from_dict(values: Mapping[str, Any], file: str = "config.json") -> Config:
    """The config that `to_dict` wrote.

    Args:
      values: what the file holds. A field that is not there keeps its default: it is of a version before that field.
      file: where they stand, for error messages.

    Raises:
      InputError: if a field or a name is not one this version knows, is missing, or has a value of another type.
    """
    return _read(Config, values, "", file)


def _read(kind: type[Any], values: Any, path: str, file: str) -> Any:
    """A dataclass out of the values at a dotted path of the file, which ends in a dot or is empty."""
    mend = "was it written by another version of ganjax, or changed by hand?"
    if not isinstance(values, Mapping):
        raise InputError(f"Expected settings as {path[:-1]} in {file}, got {values!r}: {mend}")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in values:
        if name not in fields:
            raise InputError(f"Expected no other settings in {file} than this version has, got {path}{name}: {mend}")
    hints, read = typing.get_type_hints(kind), {}
    for name, declared in fields.items():
        if name not in values:
            if declared.default is declared.default_factory is dataclasses.MISSING:
                raise InputError(f"Expected {path}{name} in {file}, got none: {mend}")
            continue
        value, annotation = values[name], hints[name]
        if annotation is Choice:
            read[name] = _read_choice(name, value, file)
        elif dataclasses.is_dataclass(annotation):
            read[name] = _read(typing.cast("type[Any]", annotation), value, f"{path}{name}.", file)
        else:
            read[name] = tuple(value) if isinstance(value, list) else value  # JSON has no tuples
            if not _is_of(annotation, read[name]):
                words = annotation.__name__ if typing.get_origin(annotation) is None else str(annotation)
                words = words.removeprefix("typing.")
                raise InputError(f"Expected {words} as {path}{name} in {file}, got {value!r}: {mend}")
    return kind(**read)


def _read_choice(kind: str, values: Any, file: str) -> Choice:
    """A row of a table, of the type that goes by its name."""
    rest = dict(values) if isinstance(values, Mapping) else {}
    name = rest.pop("name", None)
    if not isinstance(name, str):
        raise InputError(f"Expected settings with a name as {kind} in {file}, got {values!r}.")
    try:
        row = choice_type(kind, spelled(name))
    except UnknownNameError as error:
        raise InputError(f"Expected a {kind}.name of this version in {file}, got another. {error}") from error
    return _read(row, rest, f"{kind}.", file)


def _is_of(annotation: Any, value: Any) -> bool:
    """Whether a value is of a field's type; a whole number is a float, and True is no number."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return value in arguments
    if origin in (typing.Union, types.UnionType):
        return any(_is_of(each, value) for each in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_of(arguments[0], each) for each in value)
    if isinstance(value, bool):
        return annotation is bool
    return isinstance(value, int | float if annotation is float else annotation)


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """One line for each setting in which two config dictionaries differ."""
    lines = []
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name, "(absent)"), new.get(name, "(absent)")
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            lines += differences(before, after, f"{prefix}{name}.")
        elif before != after:
            lines.append(f"{prefix}{name}: {before} there, {after} here")
    return lines


def with_named_choices(config: Config, arguments: Sequence[str]) -> Config:
    """The preset with every choice that the command line names, so that the named row's own fields can be parsed.

    A choice that keeps its name keeps the preset's values; one that changes starts from the new row's defaults, and a
    new objective brings its own `disc_steps` and `clip` (flags still override them). A file that is named is run.

    Raises:
      UnknownNameError: if a table has no such row.
      InputError: if FILE.py:FUNCTION can't be a row.
    """
    for kind in CHOICES:
        name = named(arguments, kind)
        if name is not None and name != getattr(config, kind).name:
            if own.is_own(name):
                own.run_file(own.parts(name)[0])
            config = dataclasses.replace(config, **{kind: choose(kind, name)})
            if kind == "objective":
                config = dataclasses.replace(config, update=recommended_update(config))
    return config


def recommended_update(config: Config) -> Update:
    """The update with the discriminator's moves and the clipping that the objective's paper used."""
    settings = SETTINGS.get(config.objective.name.replace("-", "_"), Settings())  # type: ignore[attr-defined]
    disc_steps = settings.disc_steps if config.update.schedule == "alternating" else 1
    return dataclasses.replace(config.update, disc_steps=disc_steps, clip=settings.clip)


def named(arguments: Sequence[str], kind: str) -> str | None:
    """The value of --KIND.name among raw arguments, in any of the spellings that the parser takes; the last wins."""
    flags, found = (f"--{kind}.name", f"--{kind.replace('_', '-')}.name"), None
    for i, argument in enumerate(arguments):
        flag, equals, value = argument.partition("=")
        if flag in flags:
            found = value if equals else (arguments[i + 1] if i + 1 < len(arguments) else None)
    return found


def check_codes(config: Config) -> None:
    """Raises `InputError` if InfoGAN's objective reads other codes than the prior draws: noise would pass for one."""
    if config.objective.name != "infogan":  # type: ignore[attr-defined]
        return
    read, drawn = (
        {name: getattr(choice, name, 0) for name in ("categories", "continuous")}
        for choice in (config.objective, config.prior)
    )
    if read != drawn:
        raise InputError(
            f"Expected --prior.name coded with --prior.categories {read['categories']} and --prior.continuous "
            f"{read['continuous']}, as the objective reads them, got {config.prior}."
        )


NEEDED_CONDITIONS = {"acgan": "labels", "projection": "labels", "lapgan": "pyramid"}


def check(config: Config) -> None:
    """Raises `InputError` for settings that no run can have, whatever the data."""
    check_numbers(to_dict(config))
    needed = NEEDED_CONDITIONS.get(config.objective.name, config.data.condition)  # type: ignore[attr-defined]
    if config.data.condition != needed:
        raise InputError(
            f"The objective {config.objective.name} needs --data.condition {needed}, "  # type: ignore[attr-defined]
            f"got {config.data.condition}."
        )
    if config.data.condition == "pyramid" and config.objective.name != "lapgan":  # type: ignore[attr-defined]
        raise InputError(
            "Expected --objective.name lapgan with --data.condition pyramid, "
            f"got {config.objective.name}: other objectives would play all levels as one."  # type: ignore[attr-defined]
        )
    if config.data.condition == "pyramid" and config.augment.name != "none":  # type: ignore[attr-defined]
        raise InputError(
            "Expected --augment.name none with --data.condition pyramid: the coarse images that the levels are judged "
            "by would not be augmented with them."
        )
    moves = (config.update.disc_steps, config.update.gen_steps)
    check_codes(config)
    if config.keep_every is not None and config.keep_every % config.checkpoint_every:
        raise InputError(
            f"Expected --keep-every to be a multiple of --checkpoint-every {config.checkpoint_every}, got "
            f"{config.keep_every}: only what is saved can stay."
        )
    if config.update.schedule != "alternating" and moves != (1, 1):
        raise InputError(
            f"Expected update.disc-steps 1 and update.gen-steps 1 under the {config.update.schedule} schedule, got "
            f"{moves[0]} and {moves[1]}: its moves are its own; use --update.schedule alternating."
        )
