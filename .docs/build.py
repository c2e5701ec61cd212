"""Builds the documentation: python .docs/build.py

Writes build/docs/index.html. The pages are the READMEs, the notebooks with the outputs that are stored in them, and
what `library.py` reads from the docstrings; nothing of ganjax is imported or executed, and warnings are errors.
"""

import re
import shutil
import sys
from pathlib import Path

import library
from sphinx.cmd.build import main as sphinx

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGES, SITE = ROOT / "build/pages", ROOT / "build/docs"
NOTEBOOK_LINK = re.compile(r"\[([^\]]*)\]\((notebooks/\w+\.ipynb)\)")


def gather(folder: Path) -> None:
    """Lays out all pages at the paths that they have in the repository, so that the links between them hold."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "experiments/results", folder / "experiments/results")
    for path in ("experiments/README.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / path, folder / path)
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    for path in lessons:
        (folder / "notebooks").mkdir(exist_ok=True)
        shutil.copy(path, folder / "notebooks")
    rooms = library.pages(ROOT)
    (folder / "api").mkdir()
    for name, text in rooms.items():
        (folder / f"api/{name}.md").write_text(text)
    contents = {
        "Experiments": ["experiments/README"],
        "Notebooks": [f"notebooks/{path.stem}" for path in lessons],
        "The library": [f"api/{name}" for name in rooms],
        "History": ["CHANGELOG"],
    }
    front = NOTEBOOK_LINK.sub(keep_if_there, (ROOT / "README.md").read_text())
    (folder / "index.md").write_text(front + "".join(toctree(*part) for part in contents.items()))


def keep_if_there(link: re.Match[str]) -> str:
    """The link, or its text alone where the notebook isn't written yet."""
    return link[0] if (ROOT / link[2]).exists() else link[1]


def toctree(caption: str, documents: list[str]) -> str:
    listed = "\n".join(documents)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"


if __name__ == "__main__":
    gather(PAGES)
    shutil.rmtree(SITE, ignore_errors=True)
    sys.exit(sphinx(["-q", "-W", "--keep-going", "-j", "auto", "-E", "-c", str(HERE), str(PAGES), str(SITE)]))
