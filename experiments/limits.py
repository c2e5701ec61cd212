"""What the numbers of a config may be, by name, whichever row of whichever table they belong to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ganjax.checks import InputError


class Range(NamedTuple):
    """least <= value <= most, or least < value where `open_below`."""

    least: float
    most: float = math.inf
    open_below: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float):
            return False
        return (self.least < value if self.open_below else self.least <= value) and value <= self.most

    def __str__(self) -> str:
        least, most = (
            f"{int(x)}" if math.isfinite(x) and float(x).is_integer() else f"{x:g}" for x in (self.least, self.most)
        )
        below = f"{'>' if self.open_below else '>='} {least}"
        return below if self.most == math.inf else f"{below} and <= {most}"


POSITIVE, WEIGHT, DECAY = Range(0, open_below=True), Range(0), Range(0, 0.999_999_999)
COUNT, LARGE_COUNT = Range(1, 2**31 - 1), Range(1, 2**20)

RANGES: dict[str, Range] = {
    **dict.fromkeys(("num_steps", "log_every", "sample_every", "checkpoint_every", "eval_every"), COUNT),
    **dict.fromkeys(("keep_checkpoints", "keep_every"), COUNT),
    **dict.fromkeys(("batch_size", "num_samples", "eval_samples", "steps_per_call", "accumulate", "crop"), LARGE_COUNT),
    **dict.fromkeys(("channels", "kernel", "num_codes", "code_dim", "latent_dim", "pieces"), Range(1, 2**16)),
    **dict.fromkeys(("blocks", "group_width", "group_size", "num_classes", "coarsest_dim"), Range(1, 2**16)),
    **dict.fromkeys(("learning_rate", "eps", "clip", "ratio", "lambda_", "margin", "init_std", "bound"), POSITIVE),
    **dict.fromkeys(("sampler_step_size", "truncation"), POSITIVE),
    **dict.fromkeys(("interpolate", "neighbors", "invert"), Range(1, 1000)),
    **dict.fromkeys(("weight", "gamma", "k", "consensus", "eps_root", "l2"), WEIGHT),
    **dict.fromkeys(("repelling_weight", "information_weight", "correlation_weight", "slope_weight"), WEIGHT),
    **dict.fromkeys(("b1", "b2", "decay", "momentum", "ema_decay", "dropout"), DECAY),
    **dict.fromkeys(("input_dropout", "final_momentum"), DECAY),
    **dict.fromkeys(("init_range", "least_learning_rate"), POSITIVE),
    "learning_rate_decay": Range(1),
    "momentum_steps": COUNT,
    "packing": Range(1, 1000),
    "levels": Range(1, 12),
    "seed": Range(0, 2**31 - 1),
    **dict.fromkeys(("disc_steps", "gen_steps"), Range(1, 1000)),
    "unroll_steps": Range(0, 100),
    "sampler_steps": Range(1, 1_000_000),
    "sampling_seeds": Range(1, 1000),
}


def check_numbers(values: Mapping[str, Any]) -> None:
    """Raises `InputError` for a number of a config's dictionary that is not finite, or out of its name's range."""
    for path, value in numbers(values):
        name = path.rpartition(".")[2]
        if not math.isfinite(value):
            raise InputError(f"Expected a finite number for {flag(path)}, got {value}.")
        if name in RANGES and value not in RANGES[name]:
            raise InputError(f"Expected {flag(path)} {RANGES[name]}, got {value}.")


def numbers(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int | float]]:
    """Every number in nested dictionaries, with its dotted name."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{prefix}{name}", value


def flag(path: str) -> str:
    """A dotted name as the command line spells it."""
    return path.replace("_", "-")
