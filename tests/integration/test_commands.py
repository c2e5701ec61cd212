"""Every command of the READMEs: understood by the script that it names, and run for a few steps on made data.

The commands run as they stand, with flags behind them that cut them short, in a folder that has the data, the pictures
and the runs that they name. One that is not of a script in experiments/ must be known to `commands.NOT_RUN`.
"""

import importlib
import os
import re

import jax
import places
import pytest
import sampling
import train
from commands import ROOT, commands, cut, spans, understood
from scripts import report_errors
from workdir import LOCKS

COMMANDS = list(commands())
RUN = [command for command in COMMANDS if command.script and not command.not_run]
# one of each kind; all others take minutes together
FAST = {
    "python experiments/train.py --list",
    "python experiments/train.py digits --help",
    "python experiments/train.py ring",
    "python experiments/sample.py runs/digits --num 1000",
    "python experiments/evaluate.py WORKDIR --step best",
    "python experiments/prepare_data.py mnist --from DIR",
}


def identified(listed):
    """Each command once, as a parameter; slow but for the fast ones."""
    once = {command.name: command for command in listed}
    return [
        pytest.param(command, id=name, marks=() if name in FAST else pytest.mark.slow) for name, command in once.items()
    ]


def test_there_are_commands():
    assert len(COMMANDS) > 40
    assert {command.name for command in RUN} >= FAST


@pytest.mark.parametrize("command", [*COMMANDS, *spans()], ids=lambda command: f"{command.place} {command.name}")
def test_a_command_is_understood(command):
    if command.script is None:
        assert command.not_run, f"{command.place}: no rule for {command.text!r}; give it one in tests/commands.py"
        for path in re.findall(r"\S*tests/\S*", command.text):
            assert (ROOT / path).exists()
        return
    assert (ROOT / "experiments" / f"{command.script}.py").exists()
    if "--help" in command.arguments:
        with pytest.raises(SystemExit) as stopped:
            understood(command.script, command.arguments)
        assert stopped.value.code == 0
    else:
        understood(command.script, command.arguments)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    places.make(folder)
    return folder


@pytest.fixture
def here(place, tmp_path, monkeypatch):
    """An own folder with links to all that there is."""
    for path in place.iterdir():
        os.symlink(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(place / "DATA_DIR"))
    monkeypatch.setenv("GANJAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sampling, "INVERT_STEPS", 20)
    yield tmp_path
    while LOCKS:
        LOCKS.pop().close()


def runs_of(command):
    """The runs that a command looks at."""
    names = [word for word in command.arguments if word == "WORKDIR" or word.startswith("runs/")]
    return names if command.script != "train" else []


def run(script, arguments):
    """The exit code."""
    try:
        if script == "train":
            return report_errors(lambda: train.main(arguments))
        return importlib.import_module(script).entry(arguments)
    except SystemExit as stopped:
        return stopped.code


@pytest.mark.parametrize("command", identified(RUN))
def test_a_command_runs(command, here, monkeypatch, capsys):
    if command.script == "prepare_data":
        monkeypatch.setenv("TFDS_DATA_DIR", str(here / "prepared"))
    arguments = command.arguments
    steps = [int(word) for word in arguments if word.isdecimal()] if "--timeline" in arguments else [1, 2]
    for name in runs_of(command):
        places.write_run(here / name, cut("train", places.preset_of(name)), steps)
    before = set(here.rglob("*"))
    assert run(command.script, cut(command.script, arguments)) == 0, capsys.readouterr().err
    assert set(here.rglob("*")) - before or {"--list", "--help"} & set(arguments)


def test_the_three_lines(here):
    """What README.md shows of Python on a trained run."""
    places.write_run(here / "runs/digits", cut("train", ["digits"]), [1])
    names = {}
    code = re.search(r"```python\n(import jax, sample .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    assert len([line for line in code.splitlines() if line]) == 3
    exec(compile(code, "README.md", "exec"), names)
    assert names["images"].shape == (16, 8, 8, 1)
    assert float(jax.numpy.abs(names["images"]).max()) <= 1
