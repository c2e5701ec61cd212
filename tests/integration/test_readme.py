"""README.md tells the truth: its examples run, its links lead somewhere, its figures are the experiments', its messages
those of the scripts."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import train
from configs import PRESETS
from scripts import report_errors

from ganjax import architectures, data, io, metrics, objectives, populations, priors, steps
from ganjax.objectives import OBJECTIVES
from ganjax.types import Game

ROOT = Path(__file__).resolve().parents[2]
README, EXPERIMENTS = ROOT / "README.md", ROOT / "experiments" / "README.md"


def block(beginning):
    """The Python block of the README that begins so."""
    (found,) = (code for code in re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL) if beginning in code)
    return compile(found, "README.md", "exec")


def tables(path):
    """Rows of cells of every table, without headers."""
    for line in path.read_text().splitlines():
        if line.startswith("| ") and not set(line) <= set("|-"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


# ---------------------------------------------------------------- examples


def test_the_fifteen_lines_find_the_ring():
    code = re.search(r"<!-- example: tests run it -->\n```python\n(.*?)```", README.read_text(), re.DOTALL).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    found = metrics.mode_statistics(np.asarray(names["samples"]), data.ring_centers(), 0.05)
    assert found.modes_found >= 6


@pytest.fixture
def names():
    """What the shorter examples take for granted: the imports here, and a tiny game on the ring."""
    mlp, source = architectures.ARCHITECTURES["mlp"], data.load("ring:40")
    generator, discriminator = mlp.generator((2,), features=(4,)), mlp.discriminator((2,), features=(4,))
    prior, gen_optimizer, disc_optimizer = priors.normal(2), optax.adam(1e-3), optax.adam(1e-3)
    game = Game(generator, discriminator, objectives.non_saturating(), prior)
    keys = data_keys = jax.random.split(jax.random.key(0), 2)
    batch, settings = data.batch_at(source, keys[0], 0, 64), (jnp.array([1e-3, 1e-4]), jnp.array([1.0, 10.0]))
    modules = {
        "io": io,
        "jax": jax,
        "objectives": objectives,
        "optax": optax,
        "populations": populations,
        "steps": steps,
    }
    return locals() | modules | {"Game": Game}


def test_a_checkpoint_of_a_loop_of_ones_own(names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names["key"] = names["keys"][0]
    names["algorithm"] = steps.alternating(names["game"], names["gen_optimizer"], names["disc_optimizer"])
    state = names["algorithm"].init(names["key"], names["batch"])
    with io.Checkpoints("checkpoints") as checkpoints:
        checkpoints.save(1, state)
    code = block("restore_latest")
    exec(code, names)
    expected, _ = names["generator"].apply(steps.generator_variables(state), names["latents"])
    np.testing.assert_array_equal(names["samples"], expected)
    assert names["samples"].shape == (16, 2)


def test_many_games_at_once(names):
    exec(block("populations.init"), names)
    assert names["infos"].disc_loss.shape == (2,)
    assert np.isfinite(names["infos"].disc_loss).all()


def test_schedules_and_gradients(names):
    exec(block("steps.synchronous"), names)


# ---------------------------------------------------------------- links and figures


def test_links_lead_somewhere():
    """A lesson that isn't written yet is none, as long as there are fewer of them than the README lists."""
    missing = []
    for path in (README, EXPERIMENTS):
        for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
            file, _, anchor = link.partition("#")
            linked = path.parent / file if file else path
            if re.match(r"\w+:", link) or not linked.exists():
                missing.append(link)
            elif anchor:
                assert anchor in anchors(linked), link
    lessons = {link for link in missing if link.startswith("notebooks/")}
    assert set(missing) == lessons
    assert not lessons or len(list((ROOT / "notebooks").glob("*.ipynb"))) < 10


def anchors(path):
    """The titles of a Markdown file as they stand in links."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def gans():
    """The table of GANs: (objective's cell, presets, result)."""
    text = README.read_text().partition("## The GANs")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    for line in lines:
        objective, _, _, presets, result = (cell.strip() for cell in line.strip("|").split("|"))
        yield objective, re.findall(r"`([^`]*)`", presets), result


def test_every_objective_and_its_presets_are_in_the_table_of_gans():
    listed = [re.match(r"`([\w-]+)`", objective) for objective, _, _ in gans()]
    assert {found[1].replace("-", "_") for found in listed if found} >= set(OBJECTIVES)
    assert {preset for _, presets, _ in gans() for preset in presets} <= set(PRESETS)


@pytest.mark.parametrize(("objective", "presets", "result"), list(gans()))
def test_results_are_those_of_the_experiments(objective, presets, result):
    """Every number in a result stands in a row about the same preset, or the same objective on the ring."""
    if result == "not measured":
        return
    keys = [re.match(r"`([\w-]+)`", objective)[1]] if result.startswith("ring") else presets
    numbers = re.findall(r"\d*\.\d+|\d+", result.removeprefix("W1"))
    assert numbers
    told = [
        " ".join(row) for row in tables(EXPERIMENTS) if any(re.search(rf"`{key}`|py {key} ", row[0]) for key in keys)
    ]
    for number in numbers:
        assert any(re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", row) for row in told), (number, told)


# ---------------------------------------------------------------- when something goes wrong

MISTAKES = {
    "mnist": "IDX files of mnist",
    "mnist --data.name tfds:mnist --data.dir nowhere": "prepared data set",
    "digits --learning-rate 1": "Unrecognized",
    "digits --objective.name wgan-gp": "Batch norm under",
    "digits --data.resolution 30": "a resolution of",
    "digits --batch-size 5000": "batch_size",
    "ring --parallel.devices 9": "devices",
}


def messages():
    text = README.read_text().partition("## When something goes wrong")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


@pytest.mark.parametrize(("arguments", "words"), MISTAKES.items())
def test_a_mistake_is_told_as_the_readme_says(arguments, words, tmp_path, monkeypatch, capsys):
    """Numbers and what stands for … aside."""
    monkeypatch.chdir(tmp_path)
    (message,) = (message for message in messages() if words in message)
    try:
        code = report_errors(lambda: train.main(arguments.split()))
    except SystemExit as stopped:  # the parser's own
        code = stopped.code
    assert code == 2
    pattern = re.sub(r"\d+", r"\\d+", re.escape(message).replace("…", ".*"))
    assert re.search(pattern, capsys.readouterr().err)
    assert not any(tmp_path.iterdir())


def test_the_other_messages_stand_in_the_sources():
    sources = "".join(path.read_text() for path in (ROOT / "experiments").glob("*.py"))
    others = [message for message in messages() if not any(words in message for words in MISTAKES.values())]
    assert len(messages()) == len(others) + len(MISTAKES)
    for message in others:
        assert all(part.strip() in sources for part in message.split("…")), message
