"""A run's settings as config.json holds them: JSON-ready values, written, read with every field checked, compared."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from choices import Choice, choice_type, spelled
from config import Config

from ganjax.checks import InputError, UnknownNameError

MEND = "was it written by another version of ganjax, or changed by hand?"


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
    _check_names(kind, values, path, file)
    hints = typing.get_type_hints(kind)
    return kind(**{name: _read_field(hints[name], value, f"{path}{name}", file) for name, value in values.items()})


def _check_names(kind: type[Any], values: Any, path: str, file: str) -> None:
    """Raises `InputError` unless each value is a field's, and each field without a default has one."""
    if not isinstance(values, Mapping):
        raise InputError(f"Expected settings as {path[:-1]} in {file}, got {values!r}: {MEND}")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in values:
        if name not in fields:
            raise InputError(f"Expected no other settings in {file} than this version has, got {path}{name}: {MEND}")
    for name, field in fields.items():
        if name not in values and field.default is field.default_factory is dataclasses.MISSING:
            raise InputError(f"Expected {path}{name} in {file}, got none: {MEND}")


def _read_field(annotation: Any, value: Any, path: str, file: str) -> Any:
    """A field's value, of its type."""
    if annotation is Choice:
        return _read_choice(path, value, file)
    if dataclasses.is_dataclass(annotation):
        return _read(typing.cast("type[Any]", annotation), value, f"{path}.", file)
    read = tuple(value) if isinstance(value, list) else value  # JSON has no tuples
    if not _is_of(annotation, read):
        words = annotation.__name__ if typing.get_origin(annotation) is None else str(annotation)
        raise InputError(f"Expected {words.removeprefix('typing.')} as {path} in {file}, got {value!r}: {MEND}")
    return read


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
