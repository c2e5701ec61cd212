"""Command lines, settings and files that nobody would write on purpose, for the tests that throw them at the scripts.

What a script may do with any of them: its work, or one message and exit code 2. `outcome` runs a script in this process
and says which; everything else that comes out of it is a bug.
"""

import contextlib
import copy
import dataclasses
import faulthandler
import gc
import io
import signal
import sys
import types
import typing
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Literal, NamedTuple

import config as config_module
import jax
import workdir as workdir_module
from config import Choice, Config
from configs import PRESETS
from hypothesis import strategies as st

SECONDS = 120  # that a case may take, before it counts as hanging

# ---------------------------------------------------------------- running one case


class Outcome(NamedTuple):
    """How a script ended: its exit code, and what it said."""

    code: int
    out: str
    err: str


def outcome(script: Callable[[], int]) -> Outcome:
    """A script's end. Its exceptions pass through: none may leave it."""
    # as the interpreter opens them
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace", write_through=True)
    try:
        with within_seconds(SECONDS), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = script()
    except SystemExit as stopped:  # the parser's own
        code = stopped.code if isinstance(stopped.code, int) else 1
    finally:
        for handle in workdir_module.LOCKS:
            handle.close()
        workdir_module.LOCKS.clear()
    told = (typing.cast(io.BytesIO, stream.buffer).getvalue().decode() for stream in (out, err))
    return Outcome(code, *told)


@contextlib.contextmanager
def within_seconds(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in what takes longer; ends the process where not even that is heard."""

    def hanging(number: int, frame: types.FrameType | None) -> None:
        raise TimeoutError(f"took longer than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, hanging)
    signal.setitimer(signal.ITIMER_REAL, seconds, 5)  # again, if the first is lost in a place that drops errors
    faulthandler.dump_traceback_later(2 * seconds, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_refusal(ended: Outcome) -> bool:
    """Whether it was refused, as things are to be refused: code 2 and one message on stderr."""
    if ended.code != 2:
        return False
    one = ended.err.count("error: ") == 1 and ended.err.startswith("error: ")
    parsers = ended.err.count("For full helptext, ") == 1
    assert one or parsers, ended
    assert "Traceback" not in ended.err
    return True


def forget_compiled() -> None:
    """Frees what hundreds of compiled programs hold."""
    jax.clear_caches()
    gc.collect()


# ---------------------------------------------------------------- values of settings

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


# ---------------------------------------------------------------- command lines of train.py

FAMILIES = ("data", "update", "parallel")
NEVER = {"workdir", "num_steps", "parallel.coordinator", "parallel.num_processes", "parallel.process_id"}
SMALL = {"channels": "2", "group_width": "2", "blocks": "1", "pieces": "2", "kernel": "3"}
NO_STEPS = ("0", "-1", "1.5", "nan", str(2**31), f"1{'0' * 400}", "", "many")
STRAYS = ("--", "-h2", "extra", "--num-stepz=3", "--seed", "--data", "--objective", "--data.", "=", "--=", "é", "")


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
        for kind in config_module.CHOICES
        for name in (each.replace("_", "-") for each in config_module.TABLES[kind])
        for row in (config_module.choice_type(kind, name),)
    }


# all of it looked up once: the type checker of the tests draws random numbers, which strategies must not
OWN, OF_CHOICES = own_settings(), choices_settings()
PRESET_NAMES = sorted(PRESETS)
NAMES_OF_PRESETS = {
    preset: {kind: getattr(PRESETS[preset], kind).name for kind in config_module.CHOICES} for preset in PRESET_NAMES
}


def flag(path: str, *words: str) -> tuple[str, ...]:
    name = f"--{path.replace('_', '-')}"
    return (f"{name}={words[0]}",) if len(words) == 1 else (name, *words)


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
    for kind in rng.sample(config_module.CHOICES, rng.choice((0, 0, 1, 1, 2))):
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


# ---------------------------------------------------------------- command lines of the scripts that read a run

# what is sensible, but takes longer than a case may
OPTIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("num", "num_samples"), ("64", "1", "5", "0", "-1", "2.5", "1048577", "9" * 400)),
    **dict.fromkeys(("interpolate", "neighbors", "invert"), ("1", "3", "0", "-1", "1001", "9" * 400)),
    "sampler_steps": ("1", "3", "0", "-1", "1000001"),
    "sampling_seeds": ("1", "2", "0", "-1", "1001"),
    "step": ("1", "2", "0", "-1", "latest", "best", "all", "newest", "", "9" * 400),
    "metrics": METRICS,
}


def options_lines(options: type[Any], workdirs: Sequence[str], scratch: str) -> st.SearchStrategy[list[str]]:
    """Command lines of a script with these options, whose first argument is a run's folder."""
    hints = typing.get_type_hints(options)
    del hints["workdir"]

    def line(rng: Random) -> list[str]:
        words = [rng.choice(workdirs) if rng.random() < 0.95 else rng.choice(NO_FOLDERS)]
        for name in rng.sample(sorted(hints), rng.choice((0, 1, 2, 3, 4))):
            words += flag(name, *option_words(rng, name, hints[name], scratch))
        return words + (rng.sample(STRAYS, 1) if rng.random() < 0.02 else [])

    return st.integers(0, 2**64 - 1).map(lambda number: line(Random(number)))


NO_FOLDERS = (
    "",
    "/nowhere/at/all",
    "/dev/null",
    "~nobody-lives-here",
    "x" * 5000,
    "a\nb",
    "\udcff",
    "ünïcödé",
    "/proc",
)


def option_words(rng: Random, name: str, annotation: Any, scratch: str) -> list[str]:
    """What may follow one of their flags."""
    if name == "output":
        return [rng.choice((f"{scratch}/some/where", "/dev/null/x", "/proc/x", f"{scratch}/{'x' * 300}", ""))]
    if name == "weights":
        return [rng.choice(NO_FOLDERS)]
    if name == "metrics":
        return [rng.choice(METRICS if rng.random() < 0.9 else TEXTS) for _ in range(rng.choice((0, 1, 2)))]
    return [rng.choice(OPTIONS[name])] if name in OPTIONS else words_of(rng, annotation)


# ---------------------------------------------------------------- settings in config.json

VALUES = (
    None,
    True,
    0,
    -1,
    1,
    2,
    3,
    1.5,
    10**30,
    -1e300,
    float("nan"),
    float("inf"),
    "",
    "x",
    "ring",
    "hinge",
    "\0",
    [],
)
VALUES += ([1], [8, 8], [0], ["x"], [[1]], [1] * 101, {}, {"name": "adam"}, {"name": None}, {"a": {"b": 1}}, "9" * 5000)


def changed_settings(values: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """What a config.json may say after somebody, or a broken disk, has changed it."""
    return st.integers(0, 2**64 - 1).map(lambda number: changed(Random(number), values))


def changed(rng: Random, values: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(values)
    for _ in range(rng.choice((1, 1, 2, 3))):
        inside = rng.choice([made, *(each for each in made.values() if isinstance(each, dict))])
        name, chance = rng.choice([*inside, "new"]), rng.random()
        if chance < 0.1:
            inside.pop(name, None)
        else:
            inside[name] = copy.deepcopy(rng.choice(VALUES))
    return made
