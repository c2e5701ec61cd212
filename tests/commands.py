"""The commands that the READMEs give: which there are, which of them are not run here, and how the others are cut
short."""

import importlib
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import train
import tyro
from configs import PRESETS

ROOT = Path(__file__).resolve().parents[1]
FILES = ("README.md", "experiments/README.md")
SCRIPT = re.compile(r"(?:.*/)?experiments/(\w+)\.py")
INDENTED = re.compile(r" {4}((?:python3?|pip|pytest|srun|gcloud|bash) .*)")  # blocks of code without a fence
SPAN = re.compile(r"`(python experiments/[^`]*|pytest [^`]*)`")
PATTERN = re.compile(r"…|\[|my-")  # in a span that shows how a command looks

# what is understood here and not run, by a word that stands in it
NOT_RUN = {
    "venv": "makes an environment; .ci/run follows it",
    "pip": "needs an index of packages",
    "pytest": "is what runs this",
    ".docs/build.py": "is run by .ci/run",
    "srun": "needs a SLURM cluster",
    "gcloud": "needs a TPU pod",
    "--download": "needs a network; test_prepare_data.py has a server of its own",
    "--parallel.process-id": "needs two processes at a time: test_processes.py",
    "inception.npz": "needs 91 MB of published weights: test_inception.py",
}


class Command(NamedTuple):
    """A command, where it stands, and its words."""

    place: str
    text: str
    words: list[str]

    @property
    def name(self) -> str:
        return " ".join(self.words)

    @property
    def script(self) -> str | None:
        """The script of experiments/ that it runs, the first of them; None where it runs something else."""
        return next((found[1] for word in self.words if (found := SCRIPT.fullmatch(word))), None)

    @property
    def arguments(self) -> list[str]:
        """What the script is given."""
        first = next(i for i, word in enumerate(self.words) if SCRIPT.fullmatch(word))
        return [word.replace("PRESET", "digits") for word in self.words[first + 1 :]]

    @property
    def not_run(self) -> str | None:
        """Why it isn't run here."""
        return next((why for word, why in NOT_RUN.items() if any(word in each for each in self.words)), None)


def commands():
    """Every command of the blocks: all lines of ```bash, and indented ones that begin like a command."""
    for file in FILES:
        fence = None
        for number, line in enumerate((ROOT / file).read_text().splitlines(), 1):
            if line.startswith("```"):
                fence = None if fence is not None else line.removeprefix("```")
                continue
            indented = INDENTED.fullmatch(line) if fence is None else None
            text = line if fence == "bash" else indented[1] if indented else ""
            yield from (Command(f"{file}:{number}", text, words) for words in split(text))


def split(text):
    """The words of each of the commands that && joins."""
    words = shlex.split(text, comments=True)
    while "&&" in words:
        end = words.index("&&")
        yield words[:end]
        words = words[end + 1 :]
    if words:
        yield words


def spans():
    """Commands within sentences and tables, as far as they are whole."""
    for file in FILES:
        for text in SPAN.findall((ROOT / file).read_text()):
            if not PATTERN.search(text):
                yield Command(file, text, shlex.split(text))


def understood(script, arguments):
    """What the script's own parser makes of the arguments: a config, options, or nothing where it only tells.

    Ends with `SystemExit` on flags that it doesn't know.
    """
    if script == "train":
        return None if arguments == ["--list"] else train.parse(arguments)
    return tyro.cli(importlib.import_module(script).Options, args=arguments, prog=script)


# ---------------------------------------------------------------- cut short

NARROW = {"channels": 2, "features": 8, "blocks": 1, "group_width": 2, "pieces": 2}
SHORT = {"num-steps": 2, "steps-per-call": 2, "log-every": 2, "sample-every": 2, "batch-size": 8, "num-samples": 4}
CUTS = {
    "evaluate": ["--num-samples", "200"],
    "parzen": ["--num-samples", "200"],
    "sample": ["--sampler-steps", "2"],
    "compare": ["--objectives", "hinge", "--num-steps", "2", "--seeds", "1", "--num-samples", "100"],
    "sweep": ["--num-steps", "2", "--seeds", "1", "--num-samples", "300"],
    "dynamics": ["--num-steps", "5"],
    "benchmark": ["--only", "gaussian", "--rounds", "1", "--seconds", "0.01"],
    "derivations": ["--only", "d_star"],
}


def cut(script, arguments):
    """The arguments with others behind them that make it a matter of seconds."""
    if script != "train" or arguments == ["--list"] or "--help" in arguments:
        return [*arguments, *CUTS.get(script, [])]
    named = [] if arguments and arguments[0] in PRESETS else ["digits"]
    config = train.parse(arguments)
    flags = {**SHORT, "checkpoint-every": 2}
    for player in ("generator", "discriminator"):
        for setting, value in NARROW.items():
            if hasattr(getattr(config, player), setting):
                flags[f"{player}.{setting.replace('_', '-')}"] = value
    if config.eval_every is not None:
        flags |= {"eval-every": 2, "eval-samples": 200}
    if config.parallel.devices is None and config.parallel.mode == "auto":
        flags["parallel.devices"] = 1
    return [*named, *arguments, *(word for flag, value in flags.items() for word in (f"--{flag}", str(value)))]
