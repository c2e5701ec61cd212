"""What may follow a flag on a command line: something sensible, and now and then something else."""

import types
import typing
from random import Random
from typing import Any, Literal

WHOLE = (0, 1, -1, 2, 3, 4, 5, 8, 16, 100)
WHOLE_BEYOND = (1024, 2**16, 2**20, 2**31 - 1, 2**31, -(2**31), 2**63, 10**30, -(10**400), 10**400)
REAL = (0.0, 1.0, -1.0, 0.5, 1e-3, 10.0, -0.0, 0.999_999_999)
REAL_BEYOND = (1e-45, 1e-310, 1e30, 1e39, 1e308, -1e308, float("nan"), float("inf"), float("-inf"), 2**70, 10**400)
NO_NUMBERS = ("", " ", "many", "1.5", "1e400", "0x10", "1_0", "٣", "None", "True", "--", "1 2", "\N{MINUS SIGN}1")
TEXTS = (
    "",
    " ",
    "None",
    "nonsense",
    "ünïcödé ✓ 中文",
    "[bold]x[/oops]",
    "x" * 5000,
    "/nowhere/at/all",
    "/dev/null",
    "/dev/zero",
    "~nobody-lives-here/x",
    "~",
    "-",
    "a\nb",
    "%s {} {0!r}",
    "\udcff",  # a byte that is no text, as the system hands it over
)
DATA_NAMES = (
    *(
        "digits",
        "mnist",
        "stacked-mnist",
        "npz",
        "parquet",
        "folder",
        "tfds:tiny",
        "ring",
        "grid",
        "gaussian",
        "normal",
    ),
    *("two-moons", "swiss-roll", "ring:8", "ring:0", "ring:-1", "ring:", "ring:x", "ring:1.5", "ring:²", "ring:٣٢"),
    *("ring:99999999999", f"ring:{'9' * 5000}", "stacked-mnist:64", "stacked-mnist:0", "stacked-mnist:99999999999"),
    *("digits:3", "tfds", "tfds:", "tfds:nothing", "tfds:../tiny", "tfds:tiny/1.0.0", "folder:x", "npz:images", "Ring"),
)
SPLITS = ("train", "test", "train[:50%]", "train[4:]", "train[:0]", "train[", "validation", "train+test", "all")
METRICS = ("frechet-distance", "reverse_kl", "modes-found", "precision", "fid", "support-size", "classes_found")


def word_of(rng: Random, annotation: Any) -> str:
    """What may follow a flag of that type on the command line: something sensible, and now and then something else."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is type(None):
        return "None"
    if origin in (typing.Union, types.UnionType):
        return word_of(rng, rng.choice(arguments))
    if origin is Literal:
        return str(rng.choice(arguments)) if rng.random() < 0.95 else rng.choice(TEXTS)
    if annotation is bool:
        return rng.choice(("True", "False")) if rng.random() < 0.95 else rng.choice(NO_NUMBERS)
    if annotation in (int, float):
        usual, beyond = (WHOLE, WHOLE_BEYOND) if annotation is int else (REAL, REAL_BEYOND)
        chance = rng.random()
        return spelled(rng.choice(usual if chance < 0.7 else beyond)) if chance < 0.95 else rng.choice(NO_NUMBERS)
    return rng.choice(TEXTS)


def words_of(rng: Random, annotation: Any) -> list[str]:
    """The same of a flag that takes one or several."""
    if typing.get_origin(annotation) is tuple:
        return [word_of(rng, typing.get_args(annotation)[0]) for _ in range(rng.choice((0, 1, 2, 3, 101)))]
    return [word_of(rng, annotation)]


def spelled(number: float) -> str:
    return str(number) if isinstance(number, float) or abs(number) < 10**300 else f"{'-' * (number < 0)}1{'0' * 400}"


# what belongs to no setting
STRAYS = ("--", "-h2", "extra", "--num-stepz=3", "--seed", "--data", "--objective", "--data.", "=", "--=", "é", "")


def flag(path: str, *words: str) -> tuple[str, ...]:
    name = f"--{path.replace('_', '-')}"
    return (f"{name}={words[0]}",) if len(words) == 1 else (name, *words)
