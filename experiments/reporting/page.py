"""The page: everything that is known of some runs, put into the template."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
from markupsafe import Markup

from reporting import gallery, scores, series, settings
from reporting.gallery import Film
from reporting.interpolations import Interpolation, interpolation
from reporting.records import Record, duration, figures, numbers_in, status
from reporting.settings import Nearest

HERE = Path(__file__).parent
STYLE, SCRIPTS = "page.css", ("charts.js", "page.js")
SECTIONS = {
    "overview": "Overview",
    "samples": "Samples",
    "interpolation": "Between latents",
    "curves": "Curves",
    "numbers": "Numbers",
    "pictures": "Pictures",
    "settings": "Settings",
}


class Fact(NamedTuple):
    """A few words, and fewer beside them."""

    words: str
    aside: str = ""


class Shown(NamedTuple):
    """A run as the template sees it.

    Attributes:
      place: its color and its column.
      facts: what the overview says of it.
      differing: in how many settings it differs from the nearest preset.
    """

    place: int
    record: Record
    facts: dict[str, Fact]
    nearest: Nearest | None
    differing: int
    film: Film
    interpolation: Interpolation

    @property
    def notes(self) -> list[str]:
        unread = [f"Pictures of samples that can't be read: {self.film.unread}."] if self.film.unread else []
        return [*self.record.notes, *unread]


def page(records: Sequence[Record], rows: int) -> str:
    """The HTML of a page about some runs.

    Args:
      records: the runs.
      rows: of latent interpolation.
    """
    found = [series.points_of(record) for record in records]
    panels, panels_total = series.panels(records, found)
    tables, pictures = scores.tables(records, found), gallery.gallery(records)
    runs = shown(records, rows)
    lines = settings.table(records, [run.nearest for run in runs])
    single = len(records) == 1
    style, script = read(STYLE), Markup("\n").join(map(read, SCRIPTS))
    template = environment().get_template("page.html")
    return template.render(
        title=records[0].name if single else f"{len(records)} runs compared",
        lede=lede(records),
        policy=policy(style, script),
        style=style,
        script=script,
        data=series.as_json(panels, records),
        single=single,
        runs=runs,
        columns=list(dict.fromkeys(name for run in runs for name in run.facts)),
        sections=[(id, words) for id, words in SECTIONS.items() if id != "pictures" or pictures.total],
        steps=sorted({frame.step for run in runs for frame in run.film.frames}),
        primary=scores.primary(tables),
        panels=panels,
        titles=[panel.title for panel in panels],
        panels_total=panels_total,
        extremes=series.extremes(found),
        tables=tables,
        gallery=pictures,
        settings=lines,
        differing=any(line.differs for group in lines.values() for line in group),
    )


def shown(records: Sequence[Record], rows: int) -> list[Shown]:
    films, made = gallery.films(records), []
    for place, (record, film) in enumerate(zip(records, films, strict=True)):
        nearest = settings.nearest(record)
        alone = settings.table([record], [nearest])
        differing = sum(line.differs for group in alone.values() for line in group)
        made.append(Shown(place, record, facts(record), nearest, differing, film, interpolation(record, rows)))
    return made


def facts(record: Record) -> dict[str, Fact]:
    """A run in a few words."""
    told = {name: settings.in_words(value) for name, value in settings.flat(record.values).items()}
    final = numbers_in(record.final)
    found = {
        "status": Fact(*status(record)),
        "objective": Fact(told.get("objective.name", "")),
        "data": Fact(told.get("data.name", "")),
        "batch size": Fact(told.get("batch_size", ""), f"seed {told.get('seed', '')}"),
    }
    if "seconds" in final:
        speed = f"{figures(final['steps_per_second'])} steps/s" if "steps_per_second" in final else ""
        found["trained for"] = Fact(duration(final["seconds"]), speed)
    return found


def lede(records: Sequence[Record]) -> str:
    """One line under the title."""
    if len(records) > 1:
        return " · ".join(record.name for record in records)
    told = facts(records[0])
    return f"{told['objective'].words} on {told['data'].words}: {told['status'].words}, {told['status'].aside}"


# ---------------------------------------------------------------- the template


def environment() -> jinja2.Environment:
    """Templates beside this file; whatever is put into them is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"allow_nan": False}
    made.filters["figures"] = figures
    return made


def read(name: str) -> Markup:
    """A file of this folder, to stand in the page as it is."""
    return Markup((HERE / name).read_text())


def policy(style: str, script: str) -> str:
    """What the page may load: itself. Its own style and script, known by their hashes, and pictures inside it."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
