"""Imports point down only, and the heavy libraries stay in their rooms."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "ganjax"
FLOORS = [
    {"types"},
    {"checks"},
    {"numerics", "batches", "pyramids"},
    {"divergences", "priors", "architectures", "augmentations"},
    {"losses", "regularizers", "metrics"},
    {"objectives"},
    {"steps"},
    {"parallel", "populations", "samplers"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
LEAVES = {"data", "io"}
FOUNDATION = {"types", "checks", "numerics", "batches", "pyramids"}
ROOMS_OF = {
    "flax": {"architectures"},
    "optax": {"steps"},
    "orbax": {"io"},
    "tensorboardX": {"io"},
    "PIL": {"io", "data"},
}
FILES = sorted(ROOT.rglob("*.py"))


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the import absolute"
            assert [alias.name for alias in node.names] != ["*"], f"{path}: star import"
            if node.module == "ganjax":
                yield from (f"ganjax.{alias.name}" for alias in node.names)
            else:
                yield node.module


def room_of(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def may_import(room, other):
    if room == other or (other in FOUNDATION and (room in LEAVES or FLOOR[other] <= FLOOR[room])):
        return True
    if room in LEAVES or other in LEAVES:
        return False
    return FLOOR[other] < FLOOR[room]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    room = room_of(path)
    for name in imports(path):
        package, *rest = name.split(".")
        if package == "ganjax" and rest and room != "__init__":
            assert may_import(room, rest[0]), f"{path.name} in {room} imports ganjax.{rest[0]}"
        assert room in ROOMS_OF.get(package, {room}), f"{path.name} in {room} imports {package}"


def test_every_room_has_a_floor():
    rooms = {room_of(path) for path in FILES} - {"__init__"}
    assert rooms <= set(FLOOR) | LEAVES


def test_the_walk_can_fail():
    assert not may_import("losses", "regularizers")
    assert not may_import("losses", "steps")
    assert not may_import("steps", "data")
    assert not may_import("checks", "losses")
    assert may_import("objectives", "regularizers")
