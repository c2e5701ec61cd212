"""Functions of one's own in a row's place: flags, the same numbers, clear errors, and nothing run unasked."""

import json

import assembly
import evaluate
import jax
import numpy as np
import own
import parzen
import pytest
import report
import sample
import train
import workdir
from cells import product
from choices import choice_type
from configs import PRESETS
from recorded import to_dict
from scripts import report_errors

from ganjax.checks import InputError, UnknownNameError

SMALL = ["ring", "--generator.features", "4", "--discriminator.features", "4", "--batch-size", "8"]

HINGE = """
from pathlib import Path

from jax.nn import relu

from ganjax import architectures, losses, objectives
from ganjax.types import AdversarialLoss, Network, Objective

Path(__file__).with_suffix(".ran").touch()


def my_hinge(margin: float = 1.0) -> Objective:
    return objectives.adversarial(AdversarialLoss(
        lambda real, fake: relu(margin - real) + relu(margin + fake),
        lambda real, fake: -fake,
    ))


def my_mlp(sample_shape: tuple[int, ...], width: int = 4) -> Network:
    return architectures.mlp_generator(sample_shape, features=(width,))
"""


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch):
    """What a fresh process knows."""
    monkeypatch.setattr(own, "LOADED", {})
    choice_type.cache_clear()
    yield
    choice_type.cache_clear()
    while workdir.LOCKS:
        workdir.LOCKS.pop().close()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(HINGE)
    return path


def written(tmp_path, text):
    path = tmp_path / "other.py"
    path.write_text(text)
    return path


def losses_of(*arguments):
    config = train.parse([*SMALL, *map(str, arguments)])
    run = assembly.assemble(config)
    batch = jax.random.normal(jax.random.key(3), (8, 2))
    _, info = jax.jit(run.algorithm.step)(assembly.init(run, config), batch)
    return np.array([info.disc_loss, info.gen_loss])


def test_an_objective_of_ones_own_plays_as_a_row_does(file):
    hinge = losses_of("--objective.name", "hinge")
    np.testing.assert_array_equal(losses_of("--objective.name", f"{file}:my_hinge"), hinge)
    wider = losses_of("--objective.name", f"{file}:my_hinge", "--objective.margin", "3")
    # both scores are within the margins, so the two hinges hold 2 more each, and the generator's loss doesn't know
    np.testing.assert_allclose(wider - hinge, [4, 0], atol=1e-6)


def test_any_table_may_be_left_for_ones_own(file):
    ring = ["--generator.name", f"{file}:my_mlp", "--generator.width", "4"]
    arguments = ["ring", *ring, "--discriminator.features", "4", "--batch-size", "8"]
    config = train.parse(arguments)
    assert assembly.assemble(config).source.spec.name == "ring"
    assert to_dict(config)["generator"] == {"name": f"{file}:my_mlp", "width": 4}


def test_a_sweep_takes_them_beside_rows(file):
    cells = product("ring", PRESETS, objectives=(f"{file}:my_hinge", "least_squares"))
    assert [cell.config.objective.name for cell in cells] == [f"{file}:my_hinge", "least-squares"]


@pytest.fixture
def run_of_a_stranger(file, tmp_path):
    """A folder whose config names mine.py, and a process that was not told of it."""
    config = train.parse([*SMALL, "--objective.name", f"{file}:my_hinge", "--objective.margin", "2"])
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(to_dict(config)))
    file.with_suffix(".ran").unlink()
    own.LOADED.clear()
    choice_type.cache_clear()
    return folder


@pytest.mark.parametrize("entry", [sample.entry, evaluate.entry, None], ids=["sample", "evaluate", "parzen"])
def test_a_folder_runs_no_file_unless_the_command_line_names_it(entry, run_of_a_stranger, file, capsys):
    def read(*arguments):
        if entry is not None:
            return entry([str(run_of_a_stranger), *arguments])
        code = tuple(type(file)(path) for path in arguments[1:])
        return report_errors(lambda: parzen.main(parzen.Options(run_of_a_stranger, code=code)))

    assert read() == 2
    assert "--code PATH/TO/mine.py" in capsys.readouterr().err
    assert not file.with_suffix(".ran").exists()
    assert read("--code", str(file)) == 2
    assert "checkpoint" in capsys.readouterr().err  # it came as far as that
    assert file.with_suffix(".ran").exists()


def test_training_in_a_strangers_folder_compares_and_runs_nothing(run_of_a_stranger, file):
    with pytest.raises(InputError, match=r"objective.name: .*mine.py:my_hinge there, non-saturating here"):
        train.main([*SMALL, "--workdir", str(run_of_a_stranger)])
    assert not file.with_suffix(".ran").exists()


def test_a_config_is_read_where_its_file_has_moved(run_of_a_stranger, file, tmp_path):
    moved = tmp_path / "elsewhere" / "mine.py"
    moved.parent.mkdir()
    file.rename(moved)
    own.run_file(moved)
    config = workdir.read_config(run_of_a_stranger)
    assert config.objective.margin == 2.0
    assert to_dict(config)["objective"]["name"] == f"{file}:my_hinge"


def test_two_files_of_one_name_are_refused(file, tmp_path):
    other = tmp_path / "other" / "mine.py"
    other.parent.mkdir()
    other.write_text(HINGE)
    own.run_file(file)
    own.run_file(file)
    with pytest.raises(InputError, match=r"Expected one file with the name mine\.py"):
        own.run_file(other)


def test_only_what_the_file_defines_can_be_named(file):
    own.run_file(file)
    with pytest.raises(UnknownNameError, match=r"function of mine.py 'my_hing'. Did you mean 'my_hinge'"):
        own.builder("objective", "mine.py:my_hing")
    with pytest.raises(UnknownNameError, match=r"function of mine.py 'relu'"):
        own.builder("objective", "mine.py:relu")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ny = x + jnp", r"Can't run .*other.py, line 2: NameError: name 'jnp' is not defined"),
        ("def f(:\n", r"Can't run .*other.py: SyntaxError: .*line 1"),
        (
            "def f(weight): ...",
            "called without arguments, got: missing a required argument: 'weight'. Give every other argument a default",
        ),
        ("def f(weight=1.0): ...", r"with an annotation, a plain default .*, got weight=1.0: write"),
        ("def f(weights: list = []): ...", r"a plain default .*, got weights: list = \[\]: write"),
        ("def f(name: str = 'a'): ...", "another name than `name`"),
        ("def f(weight: 'flaot' = 1.0): ...", "got: name 'flaot' is not defined"),
        ("def f(): return 1", r"Expected .*other.py:f to return Objective, got int\."),
        (
            "from ganjax import losses\ndef f(): return losses.hinge()",
            r"other.py:f to return Objective, got AdversarialLoss: return objectives.adversarial\(loss\)",
        ),
    ],
)
def test_what_cannot_be_a_row_says_why(text, message, tmp_path):
    path = written(tmp_path, text)
    with pytest.raises(InputError, match=message):
        assembly.build_objective(train.parse(["ring", "--objective.name", f"{path}:f"]))


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"There is no Python file .*/nowhere.py: write FILE.py:FUNCTION"):
        train.parse(["ring", "--objective.name", "nowhere.py:f"])


def test_what_a_run_of_ones_own_drew_is_drawn_again(file, tmp_path, capsys):
    """Trained, then sampled from in Python, and its page made, by processes that are told of the file."""
    folder, asked = tmp_path / "run", ["--objective.name", f"{file}:my_hinge", "--num-steps", "2", "--num-samples", "4"]
    train.main([*SMALL, *asked, "--workdir", str(folder)])
    page = folder / "report.html"
    for code, drawn in (((), False), ((file,), True)):
        own.LOADED.clear()
        choice_type.cache_clear()
        assert report.entry([str(folder), *(f"--code={path}" for path in code)]) == 0
        assert ("--code PATH/TO/mine.py" in page.read_text()) != drawn
        if not drawn:
            with pytest.raises(InputError, match="--code PATH/TO/mine"):
                sample.sampler(folder)
    assert sample.sampler(folder, code=[str(file)])(jax.random.key(0), 3).shape == (3, 2)
    capsys.readouterr()
