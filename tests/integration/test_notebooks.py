"""Every notebook runs from top to bottom, and its two forms hold the same cells."""

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")  # of the notebook machinery itself, not of ganjax
def test_a_notebook_runs(path):
    notebook = jupytext.read(path)
    assert len(notebook.cells) <= 25
    NotebookClient(notebook, timeout=180, kernel_name="python3").execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")
def test_the_two_forms_agree(path):
    paired = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    sources = [cell.source for cell in paired.cells]
    assert sources == [cell.source for cell in jupytext.read(path).cells]
