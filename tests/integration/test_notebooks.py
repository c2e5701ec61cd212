"""Notebooks are numbered and begin alike, run from top to bottom, and their two forms hold the same cells."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.py"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
pytestmark = pytest.mark.filterwarnings("ignore")  # of the notebook machinery itself, not of ganjax


def executed(path):
    """The form that holds outputs."""
    return nbformat.read(path.with_suffix(".ipynb"), as_version=4)


def test_they_are_numbered_from_one():
    numbers = [path.stem.partition("_")[0] for path in NOTEBOOKS]
    assert numbers == [f"{number:02d}" for number in range(1, len(NOTEBOOKS) + 1)]
    assert [path.stem for path in sorted(FOLDER.glob("*.ipynb"))] == [path.stem for path in NOTEBOOKS]


@each
def test_they_begin_and_end_alike(path):
    notebook, first = jupytext.read(path), jupytext.read(NOTEBOOKS[0])
    title, install, *_, last = notebook.cells
    assert title.cell_type == last.cell_type == "markdown"
    assert title.source.startswith(f"# {int(path.stem[:2])}. ")
    assert (install.cell_type, install.source) == ("code", first.cells[1].source)
    assert last.source.startswith("## Try\n")
    assert notebook.metadata == first.metadata
    assert len(notebook.cells) <= 25


def test_the_first_cell_installs_where_ganjax_is_missing_and_only_there(monkeypatch):
    install, calls = jupytext.read(NOTEBOOKS[0]).cells[1].source, []
    shell = SimpleNamespace(run_line_magic=lambda *arguments: calls.append(arguments))
    exec(install, {"get_ipython": lambda: shell})
    assert not calls
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    exec(install, {"get_ipython": lambda: shell})
    [(magic, arguments)] = calls
    assert (magic, arguments.split("//")[0]) == ("pip", "install -q git+https:")


@each
def test_a_notebook_runs(path):
    NotebookClient(jupytext.read(path), timeout=180, kernel_name="python3").execute()


@each
def test_the_two_forms_agree(path):
    text, paired = jupytext.read(path), executed(path)
    assert [(cell.cell_type, cell.source) for cell in paired.cells] == [(c.cell_type, c.source) for c in text.cells]
    assert paired.metadata.jupytext.formats == "ipynb,py:percent"


@each
def test_the_outputs_are_of_one_run_without_errors(path):
    code = [cell for cell in executed(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert not any("execution" in cell.metadata for cell in code)  # clock times, which would change with every run
