"""What is imported is declared, what is declared is imported, and nothing here reads what could run."""

import ast
import functools
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SOURCES = sorted(path for folder in ("ganjax", "experiments") for path in (ROOT / folder).rglob("*.py"))
TREES = {path: ast.parse(path.read_text()) for path in SOURCES}
OWN = {"ganjax", *(path.stem for path in SOURCES), *(path.parent.name for path in SOURCES)}
# by tensorflow-datasets, which doesn't declare them; and by the tests
IMPORTED_ELSEWHERE = {"importlib-resources", "array-record", "chex"}


def normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements):
    return {normalized(re.match(r"[\w.-]+", requirement)[0]) for requirement in requirements}


REQUIRED = declared(PROJECT["dependencies"])
OPTIONAL = {name for extra in PROJECT["optional-dependencies"].values() for name in declared(extra)}


def imports(tree):
    """The packages that a file imports, each with whether it does so as soon as it is imported itself."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        for name in names:
            yield name.partition(".")[0], node in tree.body


def foreign():
    """What is neither Python's nor this project's: the package, the file that imports it, whether at once."""
    for path, tree in TREES.items():
        for name, at_once in imports(tree):
            if name not in OWN and name not in sys.stdlib_module_names:
                yield name, path, at_once


@functools.cache
def installed():
    return packages_distributions()


def distributions(package):
    return {normalized(name) for name in installed().get(package, [package])}


def test_what_is_imported_is_declared():
    """Extras are for what a function needs, and for whole files only in the benchmarks' contestants."""
    for package, path, at_once in foreign():
        if "benchmarks" not in path.parts:
            assert distributions(package) & (REQUIRED if at_once else REQUIRED | OPTIONAL), (package, path)


def test_what_is_declared_is_imported():
    used = {name for package, _, _ in foreign() for name in distributions(package)}
    assert used & REQUIRED == REQUIRED - IMPORTED_ELSEWHERE


UNSAFE = {"pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "eval", "exec", "compile", "__import__"}
EXCEPTIONS = {"own.py": {"exec_module"}}  # a file that the command line names


def calls(tree):
    """What a file calls, dots and all."""
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_that_is_read_can_run(path):
    called = calls(TREES[path])
    unsafe = {call for call in called if call.partition(".")[0] in UNSAFE}
    unsafe |= {"exec_module" for call in called if call.endswith(".exec_module")}
    assert unsafe == EXCEPTIONS.get(path.name, set())
    assert not re.search(r"allow_pickle\s*=\s*(?!False)|weights_only\s*=\s*(?!True)", path.read_text())
