"""Everything with a public name says what it is, and names only arguments and fields that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "ganjax"
FILES = sorted(ROOT.rglob("*.py"))
TAKING = ("__init__", "__call__")
IDS = [str(path.relative_to(ROOT)) for path in FILES]


def described(path):
    """(name, node) of a file and of every function, class, method and property with a public name in it."""
    module = ast.parse(path.read_text())
    yield path.name, module
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            inner = node.body if isinstance(node, ast.ClassDef) else []
            methods = [each for each in inner if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")]
            yield from ((f"{node.name}.{method.name}", method) for method in methods)


def section(node, title):
    """The names that a section of a docstring lists, without the stars of *arguments."""
    text = ast.get_docstring(node) or ""
    found = re.search(rf"^{title}:\n((?:  .*(?:\n|$)|\n)+)", text, re.MULTILINE)
    heads = re.findall(r"^  (\S[^:\n]*): ", found[1], re.MULTILINE) if found else []
    return {name.strip("*` ") for head in heads for name in head.split(",")}


def arguments(node):
    """What a function takes; of a class what makes an instance, or what calls one."""
    if isinstance(node, ast.ClassDef):
        taking = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name in TAKING]
        return fields(node).union(*map(arguments, taking))
    listed = node.args.posonlyargs + node.args.args + node.args.kwonlyargs + [node.args.vararg, node.args.kwarg]
    return {each.arg for each in listed if each is not None}


def fields(node):
    """What instances of a class have by declaration."""
    declared = {each.target.id for each in node.body if isinstance(each, ast.AnnAssign)}
    set_in_methods = {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self"
    }
    return declared | set_in_methods


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_public_names_have_docstrings(path):
    assert [name for name, node in described(path) if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_docstrings_name_what_is_there(path):
    for name, node in described(path):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            assert section(node, "Args") <= arguments(node), name
        if isinstance(node, ast.ClassDef):
            assert section(node, "Attributes") <= fields(node), name


def test_the_comparison_can_fail():
    told = ast.parse('def f(a):\n    """F.\n\n    Args:\n      a: one.\n      b: not there.\n    """').body[0]
    assert section(told, "Args") - arguments(told) == {"b"}
