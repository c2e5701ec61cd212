"""The library's pages, in Markdown: a page for each room, with every public name in it, read from the source files.

Signatures stand as they are written, with links to what ganjax defines; docstrings are Markdown as they are.
"""

import re
import textwrap
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import griffe

SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields):\n((?:[ ]+.*(?:\n|$)|\n)+)", re.MULTILINE)
ITEM = re.compile(r"^(\S[^:\n]*): ", re.MULTILINE)
TO_TOOLS = re.compile(r"# *(fmt|noqa|type|pyright|ruff):?")  # comments that tell a reader nothing
LONG = 100  # characters of a value that is shown
Member = griffe.Object | griffe.Alias


def pages(root: Path) -> dict[str, str]:
    """The text of each room's page, by name."""
    package = griffe.load("ganjax", search_paths=[str(root)], resolve_aliases=True)
    assert isinstance(package, griffe.Module)
    rooms = list(rooms_below(package, frozenset()))
    where = {target(member).path: member.path for room in rooms for member in room.members if own(room, member)}
    return {room.module.path.removeprefix("ganjax."): Page(room, where).text() for room in rooms}


class Room(NamedTuple):
    """A public module and what it offers that no module above it does."""

    module: griffe.Module
    members: list[Member]


def rooms_below(module: griffe.Module, offered: frozenset[str]) -> Iterator[Room]:
    """Every public module that has something of its own to offer."""
    for inner in sorted(module.modules.values(), key=lambda inner: inner.name):
        members = [member for member in public(inner) if target(member).path not in offered]
        if inner.is_public and members:
            yield Room(inner, members)
            yield from rooms_below(inner, offered | {target(member).path for member in members})


def public(module: griffe.Module) -> list[Member]:
    """`__all__`, or where there is none every name without a leading underscore that is no import."""
    names = module.exports or [name for name, member in module.members.items() if member.is_public]
    members = [module.members[str(name)] for name in names]
    return [member for member in members if not member.is_module]


def target(member: Member) -> griffe.Object:
    return member.final_target if isinstance(member, griffe.Alias) else member


def own(room: Room, member: Member) -> bool:
    """Whether it is defined in the room's folder, and not passed on from another room."""
    return target(member).path.split(".")[1] == room.module.path.split(".")[1]


class Page:
    """One room's page.

    Args:
      room: the module and its names.
      where: for everything public, by the path where it is defined, the path to import it from.
    """

    def __init__(self, room: Room, where: dict[str, str]):
        self.room, self.where = room, where

    def text(self) -> str:
        """The room's docstring; then its names, under the docstring of the file that each stands in."""
        module = self.room.module
        parts = [f"# {module.path}", fenced("py:module", module.path), docstring(module)]
        files: dict[str, list[Member]] = {}
        for member in sorted(self.room.members, key=lambda member: target(member).lineno or 0):
            files.setdefault(target(member).module.path if own(self.room, member) else "", []).append(member)
        passed_on = files.pop("", [])
        for path, members in sorted(files.items()):
            if path != module.path:
                file = module.modules_collection[path]
                parts += [f"## {file.name.strip('_').replace('_', ' ')}", docstring(file)]
            parts += [self.entry(member) for member in members]
        if passed_on:
            links = [f"{{py:obj}}`{self.where[target(member).path]}`" for member in passed_on]
            parts += ["## from other rooms", f"Also found here: {', '.join(links)}."]
        return "\n\n".join(part for part in parts if part) + "\n"

    def entry(self, member: Member) -> str:
        """A name with its signature and its docstring."""
        thing = target(member)
        if isinstance(thing, griffe.Function):
            return fenced("py:function", member.name + self.signature(thing), docstring(thing))
        if isinstance(thing, griffe.Class):
            parts = [docstring(thing), *(self.method(thing, inner) for inner in methods(thing))]
            return fenced("py:class", member.name + self.fields(thing), "\n\n".join(parts))
        assert isinstance(thing, griffe.Attribute)
        return fenced("py:data", member.name, *constant(thing))

    def method(self, owner: griffe.Class, thing: griffe.Function | griffe.Attribute) -> str:
        text = docstring(thing)
        if isinstance(thing, griffe.Attribute):
            return fenced("py:property", f"{thing.name}", f":type: {self.shown(thing.annotation)}\n\n{text}")
        return fenced("py:method", thing.name + self.signature(thing, skip=1), text)

    def fields(self, thing: griffe.Class) -> str:
        """What makes one: its fields, or the arguments of its `__init__`."""
        made = thing.members.get("__init__")
        if isinstance(made, griffe.Function):
            return self.signature(made, skip=1, returns=False)
        listed = [
            f"{name}: {self.shown(field.annotation)}" + ("" if field.value is None else f" = {field.value}")
            for name, field in thing.attributes.items()
            if field.annotation is not None and not name.startswith("_") and "property" not in field.labels
        ]
        return f"({', '.join(listed)})" if listed else ""

    def signature(self, thing: griffe.Function, skip: int = 0, *, returns: bool = True) -> str:
        """(arguments) -> result, as they are written."""
        words, kinds = [], griffe.ParameterKind
        keyword_only = False
        for parameter in list(thing.parameters)[skip:]:
            if parameter.kind is kinds.keyword_only and not keyword_only:
                words.append("*")
            keyword_only = keyword_only or parameter.kind in (kinds.keyword_only, kinds.var_positional)
            stars = {kinds.var_positional: "*", kinds.var_keyword: "**"}.get(parameter.kind, "")
            annotation = "" if parameter.annotation is None else f": {self.shown(parameter.annotation)}"
            default = "" if parameter.default is None or stars else f" = {parameter.default}"
            words.append(f"{stars}{parameter.name}{annotation}{default}")
        result = f" -> {self.shown(thing.returns)}" if returns and thing.returns is not None else ""
        return f"({', '.join(words)}){result}"

    def shown(self, annotation: griffe.Expr | str | None) -> str:
        """An annotation: names of ganjax in full, which Sphinx links and shows short; of private ones, the meaning."""
        if annotation is None or isinstance(annotation, str):
            return annotation or ""
        return "".join(piece if isinstance(piece, str) else self.name(piece) for piece in annotation.iterate(flat=True))

    def name(self, piece: griffe.Expr) -> str:
        if piece.canonical_path in self.where or not piece.canonical_path.startswith("ganjax."):
            return self.where.get(piece.canonical_path, str(piece))
        found = self.room.module.modules_collection[piece.canonical_path]
        if isinstance(found, griffe.Alias) and not found.target_path.startswith("ganjax."):
            return str(piece)  # imported there from another library
        meant = target(found)
        if meant.path in self.where:
            return self.where[meant.path]
        return self.shown(meant.value) if isinstance(meant, griffe.Attribute) else str(piece)


def methods(thing: griffe.Class) -> list[griffe.Function | griffe.Attribute]:
    """Public methods and properties, and `__call__` where it says something."""
    return [
        member
        for name, member in thing.members.items()
        if isinstance(member, griffe.Function | griffe.Attribute)
        and ("property" in member.labels or isinstance(member, griffe.Function))
        and (not name.startswith("_") or (name == "__call__" and member.docstring is not None))
    ]


def constant(thing: griffe.Attribute) -> tuple[str, ...]:
    """A value or a type, with the comment behind it; of a table, the names of its rows."""
    value = str(thing.value)
    said = docstring(thing) or comments(Path(str(thing.filepath))).get(thing.endlineno or 0, "")
    if value.startswith("Table("):
        rows = re.findall(r"'(\w+)'(?=: )", value)
        return (f"{said}\n\nA table of " + ", ".join(f"`{row}`" for row in rows) + ".",)
    return f":value: {value}" if len(value) <= LONG else "", said


@cache
def comments(path: Path) -> dict[int, str]:
    """The text of every comment behind code, by line."""
    with path.open("rb") as file:
        tokens = [token for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]
    behind = {token.start[0]: token.string for token in tokens if token.line[: token.start[1]].strip()}
    return {line: text.removeprefix("#").strip() for line, text in behind.items() if not TO_TOOLS.match(text)}


def docstring(thing: griffe.Object) -> str:
    """A docstring as Markdown: its sections become titles, and their items lists."""
    return SECTION.sub(section, thing.docstring.value) if thing.docstring else ""


def section(found: re.Match[str]) -> str:
    title, body = found[1], textwrap.dedent(found[2]).strip()
    if title in ("Args", "Attributes", "Raises"):
        body = ITEM.sub(r"- `\1`: ", body)
    return f"**{title}**\n\n{body}\n\n"


def fenced(directive: str, argument: str, *body: str) -> str:
    """A MyST directive, its fence longer than any inside."""
    text = "\n\n".join(part for part in body if part)
    fence = ":" * (max([2, *map(len, re.findall(r"^:{3,}", text, re.MULTILINE))]) + 1)
    return f"{fence}{{{directive}}} {argument}\n{text}\n{fence}"
