"""What a trained run is worth, in numbers that say how they were made: python experiments/evaluate.py WORKDIR.

Images with labels are judged on the features of a small classifier trained on the same data (never "FID", which is a
number of the Inception network): distances to held-out real images, how much of them is covered, the balance of the
classes. Toys are judged against what is known of them. JSON goes to WORKDIR/evaluation.json and, unless that is a
terminal, to standard output; a table, after every number's direction, unit and protocol, to standard error.

--weights FILE adds FID and KID to the training images, and Inception score, on the standard Inception network. Its
weights convert_inception.py makes out of the published file; 50 000 samples are usual (--num-samples 50000).

--step all judges every checkpoint there is, and draws WORKDIR/evaluations.png; the JSON is evaluations.json then.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import assembly
import jax
import jax.numpy as jnp
import memory
import numpy as np
import tyro
import views
from assembly import Run, Sampler
from compiled import keep_compiled
from config import Config
from inception import Judgement, evaluate_inception, inception_network
from judges import (
    best_known,
    check_suiting,
    have_unseen,
    judge,
    judges_of,
    of_inception,
    row_of,
    rows_named,
    score,
    suiting,
)
from limits import check_numbers
from outputs import check_folder
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sample import Weights, at_step, chosen, open_run
from scripts import report_errors
from views import Scene

from ganjax.checks import InputError
from ganjax.data import to_uint8
from ganjax.io import Course, Restored, courses_picture, plain, restore_step, save_png, saved_steps, write_json
from ganjax.metrics import METRICS, Metric


@dataclass(frozen=True)
class Options:
    """What a trained run is worth, in numbers."""

    workdir: Annotated[Path, tyro.conf.Positional]
    """the workdir of a run of experiments/train.py"""
    metrics: tuple[str, ...] = ()
    """rows of ganjax.metrics.METRICS; by default all that suit the data and take seconds"""
    num_samples: int = 10_000
    """generated samples to judge"""
    seed: int = 0
    """which latents"""
    sampling_seeds: int = 1
    """judge this many sets of samples, from seed on: means and standard deviations"""
    step: int | Literal["latest", "best", "all"] = "latest"
    """which checkpoint; best: as judged while training (--eval-every)"""
    generator: Weights = "ema"
    """the averaged generator, or the raw one"""
    weights: Path | None = None
    """a file of Inception weights, for FID, KID and Inception score; images only"""
    code: tuple[Path, ...] = ()
    """files of your own that the run was made with (--objective.name FILE.py:FUNCTION): they are run"""


# of rows that the Inception network's outputs are enough for, and of those that held-out images take part in
NETWORK_INPUTS = ("features", "probabilities")
HELD_OUT_INPUTS = ("features", "classes", "bins", "likelihood")


WEAK = 0.8  # of a classifier's accuracy


class Bench:
    """A run with its judges, ready for any of its checkpoints."""

    def __init__(self, config: Config, run: Run, options: Options):
        self.config, self.run = config, run
        self.network = None if options.weights is None else inception_network(options.weights)
        if self.network is not None and not run.source.spec.is_image:
            raise InputError(f"Expected images with --weights, got {run.source.spec.name}: leave it out.")
        by_network_alone = self.network is not None and run.source.spec.num_classes is None
        self.judges = None if by_network_alone else judges_of(config, run, options.workdir)
        self.by_data = not by_network_alone
        known = suiting(config, self.judges) if self.by_data else []
        if self.network is not None:
            known += [name for name, row in METRICS.items() if row.inputs in NETWORK_INPUTS and name not in known]
        check_suiting(rows_named(options.metrics), known, config, self.judges)
        self._sample: Sampler = assembly.block_sampler(run)

    def numbers(self, state: Any, options: Options, seed: int) -> Judgement:
        """Everything that is asked for, of one set of samples, and what was done for it."""
        generator, key = chosen(state, options.generator), jax.random.key(seed)
        fake, rows = np.asarray(self._sample(generator, key, options.num_samples)), rows_named(options.metrics)
        if not np.isfinite(fake).all():
            raise InputError("Expected finite samples, got NaN or infinity: the game diverged; take an earlier --step.")
        found = judge(self.config, fake, self.judges, rows) if self.by_data else {}
        found |= {} if options.metrics else self.shown(state, options, key)
        if self.network is None:
            return Judgement(found, {})
        real = memory.samples(self.run.source)
        images = np.asarray(to_uint8(jnp.asarray(fake)))
        numbers, protocol = evaluate_inception(self.network, real, images, cache=options.workdir, metrics=rows)
        return Judgement(found | numbers, protocol)

    def protocol(self, name: str, row: Metric) -> str:
        """What has to be said beside a number."""
        said = f"{row.direction} is {'better' if row.target is None else 'best'}; {row.unit}; {row.protocol}"
        by_network = self.network is not None and self.network.name in name
        if self.judges is None or have_unseen(self.judges) or by_network or row.inputs not in HELD_OUT_INPUTS:
            return said
        return f"{said}; real samples held out from the classifier only: the generator learned from them"

    def shown(self, state: Any, options: Options, key: Any) -> dict[str, float]:
        """What the run's method promises beside samples."""
        scene = Scene(self.run, self.config, state, chosen(state, options.generator), key)
        return views.numbers_of(scene, self.judges)


def evaluation(bench: Bench, restored: Restored, options: Options) -> dict[str, Any]:
    """The numbers of one checkpoint: as they are for one sampling seed, else means and, as NAME_std, deviations."""
    seeds = list(range(options.seed, options.seed + options.sampling_seeds))
    judgements = [bench.numbers(restored.state, options, seed) for seed in seeds]
    each = [judgement.numbers for judgement in judgements]
    columns = {name: np.array([numbers[name] for numbers in each]) for name in each[0]}
    means = {name: float(np.mean(column)) for name, column in columns.items()}
    spread = {f"{name}_std": deviation(column) for name, column in columns.items() if len(seeds) > 1}
    said = {"step": restored.step, "generator": options.generator, "sampling_seeds": seeds}
    protocols = {name: bench.protocol(name, row) for name in means if (row := row_of(name))}
    protocols |= judgements[0].protocol
    return {**said, **means, **spread, "protocols": protocols}


def deviation(values: np.ndarray) -> float:
    """The sample standard deviation; NaN where a value is not finite."""
    return float(np.std(values, ddof=1)) if np.isfinite(values).all() else float("nan")


def main(options: Options) -> dict[str, Any] | list[dict[str, Any]]:
    check(options)
    config, run, restored = open_run(options.workdir, at_step(options.workdir, options.step), options.code)
    check_folder(options.workdir)
    bench = Bench(config, run, options)
    console = Console(stderr=True)
    if options.step != "all":
        for skipped in restored.skipped:
            passed_over(console, skipped.step, skipped.reason)
        result = evaluation(bench, restored, options)
        write_json(path_of(options), result)
        say(console, protocols(result))
        console.print(table(result))
        doubt(console, bench)
        return result
    results = every(console, bench, options)
    write_json(path_of(options), results)
    save_png(options.workdir / "evaluations.png", picture(results, options))
    say(console, protocols(results[0]))
    say(console, f"Picture: {options.workdir / 'evaluations.png'}")
    doubt(console, bench)
    return results


def every(console: Console, bench: Bench, options: Options) -> list[dict[str, Any]]:
    """The numbers of every checkpoint that can be judged; the others are named.

    One may be damaged, diverged, or deleted by the run that goes on, which keeps the latest.

    Raises:
      InputError: if none can be judged, with what is wrong with the newest.
    """
    folder, template = options.workdir / "checkpoints", assembly.template(bench.run, bench.config)
    results, problem = [], None
    for step in saved_steps(folder):
        try:
            results.append(evaluation(bench, restore_step(folder, template, step), options))
        except InputError as error:
            problem = error
            passed_over(console, step, str(error))
        else:
            console.print(table(results[-1]))
    if not results:
        raise problem or InputError(f"No checkpoint in {folder}.")
    return results


def passed_over(console: Console, step: int, reason: str) -> None:
    say(console, f"Passed over the checkpoint at step {step}: {reason}")


def say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, markup=False)


def doubt(console: Console, bench: Bench) -> None:
    """Says when the classifier knows too little of its classes for its features to judge by."""
    accuracy = 1.0 if bench.judges is None else bench.judges.classifier.accuracy
    if accuracy < WEAK:
        name = bench.judges.classifier.name  # type: ignore[union-attr]
        say(
            console,
            f"Beware: the {name} classifier is right about {100 * accuracy:.0f} % of the held-out images. Distances on "
            f"its features see coarse faults only, and its classes of samples are as doubtful.",
        )


def path_of(options: Options) -> Path:
    """Where the JSON goes."""
    return options.workdir / ("evaluations.json" if options.step == "all" else "evaluation.json")


def check(options: Options) -> None:
    """Raises `InputError` for what no run can be asked."""
    check_numbers({name: getattr(options, name) for name in ("num_samples", "seed", "sampling_seeds")})
    rows_named(options.metrics)
    names = of_inception(options.metrics)
    if names and options.weights is None:
        raise InputError(
            f"Expected --weights FILE with {', '.join(names)}, which is a number of the standard Inception "
            "network; experiments/convert_inception.py makes the file. Without it: --metrics frechet_distance."
        )


# ---------------------------------------------------------------- for people


def table(result: Mapping[str, Any]) -> Table:
    """One line a number: what it is, and which way is better. The unit stands in its protocol, below."""
    seeds = len(result["sampling_seeds"])
    words = f"{seeds} sampling seeds" if seeds > 1 else f"sampling seed {result['sampling_seeds'][0]}"
    made = Table(title=f"step {result['step']}, {result['generator']} generator, {words}", title_justify="left")
    for name in ("", "of", "value", "better"):
        made.add_column(name, overflow="fold", no_wrap=name != "value")
    numbers = {name: value for name, value in result.items() if isinstance(value, float)}
    for name, value in numbers.items():
        if not name.endswith("_std") and "_standard_error" not in name:
            made.add_row(*map(escape, line(name, value, numbers)))
    return made


def line(name: str, value: float, numbers: Mapping[str, float]) -> list[str]:
    """A number with what is known of its spread: over sampling seeds, or else its own standard error."""
    row, text = row_of(name), in_figures(value)
    base, bracket, label = name.partition("[")
    error = numbers.get(f"{name}_std", numbers.get(f"{base}_standard_error{bracket}{label}"))
    text = text if error is None else f"{text} ± {in_figures(error)}"
    return [base, label.rstrip("]"), text, row.direction if row else ""]


def protocols(result: Mapping[str, Any]) -> str:
    """What each number means, one after the other."""
    return "\n".join(f"{name}: {said}." for name, said in result["protocols"].items())


def in_figures(value: float) -> str:
    """Whole numbers as they are, others to four figures."""
    return f"{value:.0f}" if value.is_integer() else f"{value:.4g}"


def picture(results: Sequence[Mapping[str, Any]], options: Options) -> np.ndarray:
    """Every number that has a row, over the steps; the best step of the primary one marked."""
    steps = [result["step"] for result in results]
    names = [name for name, value in results[0].items() if isinstance(value, float) and row_of(name)]
    names = [name for name in names if not name.endswith("_std")]
    by = best_known(names)
    best = None if by is None else max(results, key=lambda result: score(result, by))["step"]
    panels = {
        name: Course(
            steps,
            [result[name] for result in results],
            [result[f"{name}_std"] for result in results] if f"{name}_std" in results[0] else (),
            best if name == by else None,
        )
        for name in names
    }
    return courses_picture(panels, f"{options.workdir.name}: {options.generator} generator")


def entry(arguments: Sequence[str]) -> int:
    def script() -> None:
        options = tyro.cli(Options, args=list(arguments), prog="evaluate.py", description=__doc__)
        result = main(options)
        if sys.stdout.isatty():  # who reads has seen the table
            print(f"Numbers and protocols: {path_of(options)}")
        else:  # what is not finite has a name: JSON has no number for it
            print(json.dumps(plain(result), indent=2, ensure_ascii=False, allow_nan=False))

    return report_errors(script)


if __name__ == "__main__":
    keep_compiled()
    sys.exit(entry(sys.argv[1:]))
