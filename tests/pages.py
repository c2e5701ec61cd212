"""Runs' folders made by hand, and report.py's page about them, read as a parser reads it."""

import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import report
import train
from PIL import Image
from recorded import to_dict

from ganjax.io import MetricsLog, save_png, write_json

VOID = {"meta", "link", "img", "input", "br"}
ROWS = {100: {"disc_loss": 1.25, "gen_loss": 0.5}, 200: {"disc_loss": 1.5, "gen_loss": -0.75}}


def run_in(folder, *arguments, rows=None, frames=(0, 100, 200), values=None, final=True):
    """A workdir as train.py leaves it, without training: the config, rows of metrics, pictures of samples."""
    write_json(folder / "config.json", values or to_dict(train.parse(arguments or ("ring", "--num-steps", "200"))))
    with MetricsLog(folder) as log:
        for step, row in (rows or ROWS).items():
            log.write(step, row)
    for step in frames:
        save_png(folder / "samples" / f"step_{step:08d}.png", np.full((40, 40, 1), step % 256, np.uint8))
    if final:
        write_json(folder / "final.json", {"step": 200, "seconds": 90.0, "steps_per_second": 2.5})
    return folder


def page_of(*folders, interpolate=0):
    """The page of some runs, parsed."""
    output = folders[0] / "out" / "page.html"
    report.main(report.Options(folders, output, interpolate))
    return Page(output.read_text())


class Page(HTMLParser):
    """A page's elements, in order, each with its attributes and all the text within.

    Raises AssertionError where an element is not closed in its turn, or an attribute stands twice.
    """

    def __init__(self, text):
        super().__init__()
        self.source, self.elements, self._open = text, [], []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {[element['tag'] for element in self._open]}"

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), f"twice: {attributes}"
        element = {"tag": tag, "text": "", **{name: value or "" for name, value in attributes}}
        self.elements.append(element)
        self._part()
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert tag not in VOID
        assert self._open.pop()["tag"] == tag, f"</{tag}> closes something else, at {self.getpos()}"
        self._part()

    def _part(self):
        """The texts of two elements are two words."""
        for element in self._open:
            element["text"] += " "

    def handle_data(self, text):
        for element in self._open:
            element["text"] += text

    def all(self, tag, **attributes):
        return [e for e in self.elements if e["tag"] == tag and all(e.get(k) == v for k, v in attributes.items())]

    def one(self, tag, **attributes):
        (element,) = self.all(tag, **attributes)
        return element

    @property
    def data(self):
        return json.loads(self.one("script", id="data")["text"])

    def section(self, name):
        return re.sub(r"[ \n]+", " ", self.one("section", id=name)["text"])


def decoded(picture):
    """The pixels of a picture in a page, [H, W, 3]."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.uri.partition(",")[2]))).convert("RGB"))
