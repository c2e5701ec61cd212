"""Command lines of train.py."""

import dataclasses
import typing
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from choices import TABLES, Choice, choice_type
from config import CHOICES, Config
from configs import PRESETS
from hypothesis import strategies as st

from fuzzing.words import DATA_NAMES, METRICS, SPLITS, STRAYS, TEXTS, flag, words_of

FAMILIES = ("data", "update", "parallel")
NEVER = {"workdir", "num_steps", "parallel.coordinator", "parallel.num_processes", "parallel.process_id"}
SMALL = {"channels": "2", "group_width": "2", "blocks": "1", "pieces": "2", "kernel": "3"}
NO_STEPS = ("0", "-1", "1.5", "nan", str(2**31), f"1{'0' * 400}", "", "many")


def own_settings() -> dict[str, Any]:
    """The dotted name of every setting that a config has whatever its choices, with its annotation."""
    found: dict[str, Any] = {}
    for name, annotation in typing.get_type_hints(Config).items():
        if name in FAMILIES:
            found |= {f"{name}.{below}": each for below, each in typing.get_type_hints(annotation).items()}
        elif annotation is not Choice:
            found[name] = annotation
    return found


def choices_settings() -> dict[tuple[str, str], dict[str, Any]]:
    """The same of every row of every table, by kind and name."""
    return {
        (kind, name): {f"{kind}.{field.name}": field.type for field in dataclasses.fields(row) if field.name != "name"}
        for kind in CHOICES
        for name in (each.replace("_", "-") for each in TABLES[kind])
        for row in (choice_type(kind, name),)
    }


# all of it looked up once: the type checker of the tests draws random numbers, which strategies must not
OWN, OF_CHOICES = own_settings(), choices_settings()
PRESET_NAMES = sorted(PRESETS)
NAMES_OF_PRESETS = {preset: {kind: getattr(PRESETS[preset], kind).name for kind in CHOICES} for preset in PRESET_NAMES}


class Place(NamedTuple):
    """Where a case may find data, and where it writes."""

    data: dict[str, str]  # the name of a set -> its --data.dir
    scratch: str


BASES: dict[str, tuple[str, ...]] = dict.fromkeys(PRESET_NAMES, ()) | {
    "mnist-cgan acgan": ("--objective.name=acgan", "--discriminator.name=dcgan-classifier"),
    "mnist-cgan projection": ("--objective.name=projection", "--discriminator.name=dcgan-projection"),
    "mnist-cgan resnet": (
        *("--objective.name=projection", "--generator.name=resnet-projection"),
        "--discriminator.name=resnet-projection",
    ),
}
# most cases are of these
CHEAP = [name for name in PRESET_NAMES if name.startswith(("ring", "gaussian", "mnist-mlp", "tutorial-g", "pacgan"))]
CHEAP += ["digits", "digits", "mnist-mlp", "mnist-infogan", "mnist-lapgan"]
DATA_OF = {
    "stacked": ("stacked",),
    "mnist": ("digits", "digits", "gray"),
    "cifar10": ("color", "tfds"),
    "celeba64": ("large",),
}


def command_lines(place: Place) -> st.SearchStrategy[list[str]]:
    """Presets on tiny data with tiny networks, up to two other choices, up to four settings of any kind."""
    # drawn by one number: many draws of small ones make some cases far too often
    return st.integers(0, 2**64 - 1).map(lambda number: command_line(Random(number), place))


def command_line(rng: Random, place: Place) -> list[str]:
    base = rng.choice(CHEAP if rng.random() < 0.6 else sorted(BASES))
    preset = base.split()[0]
    flags = [*BASES[base], *tiny_data(rng, preset, place)]
    names = dict(NAMES_OF_PRESETS[preset])
    for word in BASES[base]:
        names[word[2:].partition(".")[0]] = word.partition("=")[2]
    for kind in rng.sample(CHOICES, rng.choice((0, 0, 1, 1, 2))):
        known = sorted(name for each, name in OF_CHOICES if each == kind)
        names[kind] = rng.choice(known) if rng.random() < 0.97 else rng.choice(TEXTS)
        flags += flag(f"{kind}.name", names[kind])
    paths = dict(OWN)
    for kind, name in names.items():
        paths |= OF_CHOICES.get((kind, name), {})
    flags += tiny(paths)
    free = sorted(path for path in paths if path not in NEVER)
    for path in rng.sample(free, rng.choice((0, 1, 1, 2, 3, 4))):
        flags += flag(path, *words_for(rng, path, paths[path], place))
    flags += flag("num_steps", "2" if rng.random() < 0.98 else rng.choice(NO_STEPS))
    if rng.random() < 0.02:
        flags += rng.sample(STRAYS, rng.choice((1, 2)))
    return [preset, *flags]


def tiny_data(rng: Random, preset: str, place: Place) -> list[str]:
    """Flags for data that load in no time; none for presets whose own do."""
    kinds = next((kinds for start, kinds in DATA_OF.items() if start in preset), ())
    return list(DATA_FLAGS[rng.choice(kinds)](place)) if kinds else []


DATA_FLAGS: dict[str, Callable[[Place], tuple[str, ...]]] = {
    "digits": lambda place: ("--data.name=digits",),
    "gray": lambda place: ("--data.name=npz", f"--data.dir={place.data['gray']}"),
    "color": lambda place: ("--data.name=npz", f"--data.dir={place.data['color']}"),
    "large": lambda place: ("--data.name=npz", f"--data.dir={place.data['large']}"),
    "tfds": lambda place: ("--data.name=tfds:tiny", f"--data.dir={place.data['tfds']}"),
    "stacked": lambda place: (f"--data.dir={place.data['mnist']}", "--data.name=stacked-mnist:64"),
}


def tiny(paths: dict[str, Any]) -> list[str]:
    """Flags for small networks, batches and pictures."""
    found = [*flag("batch_size", "8"), *flag("num_samples", "4"), *flag("parallel.devices", "1")]
    for path in paths:
        kind, _, name = path.partition(".")
        if kind in ("generator", "discriminator", "helper"):
            if name == "features":
                found += flag(path, "8", "8")
            elif name in SMALL:
                found += flag(path, SMALL[name])
    return found


# what is sensible, but takes longer than a case may; and what a random word would never hit
SPECIAL: dict[str, tuple[str, ...]] = {
    "data.name": DATA_NAMES,
    "data.split": (*SPLITS, *TEXTS),
    "best_by": (*METRICS, *METRICS, *TEXTS),
    "eval_samples": ("64", "1", "0", "-1", "2.5", "1048577", "9" * 400),
    "update.disc_steps": ("1", "2", "0", "-1", "1001", "1e3", "9" * 400),
    "update.gen_steps": ("1", "2", "0", "-1", "1001", "9" * 400),
    "update.unroll_steps": ("0", "1", "2", "-1", "101", "9" * 400),
}


def words_for(rng: Random, path: str, annotation: Any, place: Place) -> list[str]:
    """What may follow one flag."""
    if path == "data.dir":
        return [rng.choice((*sorted(place.data.values()), *TEXTS))]
    if path == "eval_metrics":
        return [rng.choice((*METRICS, *METRICS, *TEXTS)) for _ in range(rng.choice((0, 1, 2, 3)))]
    return [rng.choice(SPECIAL[path])] if path in SPECIAL else words_of(rng, annotation)
