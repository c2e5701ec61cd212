"""Rows of one's own: FILE.py:FUNCTION wherever a table's name may stand, run only where the command line asks for it.

    python experiments/train.py ring --objective.name mine.py:my_loss --objective.weight 2
    python experiments/sample.py runs/ring --code mine.py

A builder is a function whose arguments have annotations and plain defaults: they become flags, as a table row's do. A
run's config.json keeps the name, and never runs it: opening a folder of somebody else's runs no code of theirs, and of
one's own only the files that this command line names.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from ganjax.checks import InputError, UnknownNameError, unknown_name
from ganjax.types import Network, Objective, Prior

SEPARATOR = ".py:"
MAKES = {"objective": Objective, "generator": Network, "discriminator": Network, "prior": Prior, "helper": Network}
TAKES = {"generator": ("sample_shape",), "discriminator": ("sample_shape",)}  # by position
PLAIN = (bool, int, float, str, tuple, type(None))  # what config.json can hold

LOADED: dict[str, ModuleType] = {}  # by file name: what this command line named


def is_own(name: str) -> bool:
    """Whether a name is FILE.py:FUNCTION, and no row of a table."""
    return SEPARATOR in name


def parts(name: str) -> tuple[Path, str]:
    """The file and the function."""
    file, _, function = name.rpartition(":")
    return Path(file), function


def is_known(name: str) -> bool:
    """Whether a name is a row's, or of a file that the command line names."""
    return not is_own(name) or parts(name)[0].name in LOADED


def run_file(file: Path) -> None:
    """Runs a file that the command line names, once in a process; its functions may then be named.

    Raises:
      InputError: if it is not there, can't be run, or another one of the same name was run before.
    """
    path = file.expanduser().resolve()
    before = LOADED.get(path.name)
    if before is None:
        LOADED[path.name] = imported(path)
    elif before.__file__ != str(path):
        raise InputError(f"Expected one file with the name {path.name}, got {before.__file__} and {path}: rename one.")


def run_files(files: Iterable[Path]) -> None:
    """`run_file` for each."""
    for file in files:
        run_file(file)


def imported(path: Path) -> ModuleType:
    """The file as a module of its own name, which no other import can find."""
    spec = importlib.util.spec_from_file_location(f"own {path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(f"There is no Python file {path}: write FILE.py:FUNCTION, the file as seen from here.")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f"{path}, line {lines[-1]}" if lines else str(path)
        raise InputError(f"Can't run {where}: {type(error).__name__}: {error}.") from error
    return module


def builder(kind: str, name: str) -> Callable[..., Any]:
    """The function that FILE.py:FUNCTION names, checked as far as it can be without a call.

    Raises:
      InputError: if the command line did not name the file, or the function's arguments can't become flags.
      UnknownNameError: if the file defines no such function.
    """
    file, function = parts(name)
    module = LOADED.get(file.name)
    if module is None:
        raise InputError(
            f"The {kind} {name} comes from a file of its own, and a run's folder runs none by itself. If you trust "
            f"{file.name}, name it on this command line: --code PATH/TO/{file.name}."
        )
    own = {name: x for name, x in vars(module).items() if inspect.isfunction(x) and x.__module__ == module.__name__}
    if function not in own:
        raise UnknownNameError(unknown_name(f"function of {file.name}", function, own))
    check_arguments(kind, name, own[function])
    return own[function]


def check_arguments(kind: str, name: str, function: Callable[..., Any]) -> None:
    """Raises `InputError` unless the arguments can become flags."""
    by_position = TAKES.get(kind, ())
    parameters = inspect.signature(function).parameters
    try:
        inspect.signature(function).bind(*by_position)
        hints = typing.get_type_hints(function)
    except (TypeError, NameError) as error:
        given = f"with {', '.join(by_position)}" if by_position else "without arguments"
        raise InputError(
            f"Expected {name} as a function that can be called {given}, got: {error}. Give every other argument a "
            "default, as in weight: float = 1.0."
        ) from error
    for argument in list(parameters.values())[len(by_position) :]:
        if argument.default is inspect.Parameter.empty:
            continue  # *args or **kwargs
        if argument.name not in hints or argument.name == "name" or not isinstance(argument.default, PLAIN):
            raise InputError(
                f"Expected each argument of {name} with an annotation, a plain default and another name than `name`, "
                f"got {argument}: write for example weight: float = 1.0."
            )


def check_made(kind: str, name: str, made: Any) -> None:
    """Raises `InputError` unless an own row gave what its kind is."""
    expected = MAKES.get(kind)
    if is_own(name) and expected is not None and not isinstance(made, expected):
        mend = ": return objectives.adversarial(loss)" if type(made).__name__ == "AdversarialLoss" else ""
        raise InputError(f"Expected {name} to return {expected.__name__}, got {type(made).__name__}{mend}.")
