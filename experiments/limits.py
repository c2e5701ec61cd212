"""What the numbers of a config may be, by name, whichever row of whichever table they belong to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ganjax.checks import InputError

GREATEST, LEAST = (2 - 2**-23) * 2.0**127, 2.0**-126  # of float32's normal numbers; what is smaller becomes 0


class Range(NamedTuple):
    """least <= value <= most, or least < value where `open_below`; of a real number, as float32 has it."""

    least: float
    most: float = math.inf
    open_below: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float):
            return False
        seen = value if isinstance(value, int) else in_float32(value)
        return (self.least < seen if self.open_below else self.least <= seen) and seen <= self.most

    def __str__(self) -> str:
        least, most = (
            f"{int(x)}" if math.isfinite(x) and float(x).is_integer() else f"{x:.9g}" for x in (self.least, self.most)
        )
        below = f"{'>' if self.open_below else '>='} {least}"
        return below if self.most == math.inf else f"{below} and <= {most}"


def in_float32(value: float) -> float:
    """What a device makes of a number that is not beyond its greatest."""
    return float(np.float32(value)) if abs(value) >= LEAST else 0.0


POSITIVE, WEIGHT, DECAY = Range(0, open_below=True), Range(0), Range(0, 1 - 2**-24)
COUNT, LARGE_COUNT = Range(1, 2**31 - 1), Range(1, 2**20)
ANY = Range(-(2**31), 2**31 - 1)  # whole numbers without a row
MOST_ENTRIES = 100  # of a setting that is several numbers or names

RANGES: dict[str, Range] = {
    **dict.fromkeys(("num_steps", "log_every", "sample_every", "checkpoint_every", "eval_every"), COUNT),
    **dict.fromkeys(("keep_checkpoints", "keep_every"), COUNT),
    **dict.fromkeys(("batch_size", "num_samples", "eval_samples", "steps_per_call", "accumulate", "crop"), LARGE_COUNT),
    **dict.fromkeys(("channels", "num_codes", "code_dim", "latent_dim", "pieces"), Range(1, 2**16)),
    **dict.fromkeys(("noise_dim", "categories", "continuous"), Range(0, 2**16)),
    **dict.fromkeys(("features", "group_width", "group_size", "num_classes", "coarsest_dim"), Range(1, 2**16)),
    **dict.fromkeys(("blocks", "kernel"), Range(1, 16)),  # compilation takes minutes beyond
    **dict.fromkeys(("learning_rate", "eps", "clip", "ratio", "lambda_", "margin", "init_std", "bound"), POSITIVE),
    **dict.fromkeys(("sampler_step_size", "truncation"), POSITIVE),
    **dict.fromkeys(("interpolate", "neighbors", "invert"), Range(1, 1000)),
    **dict.fromkeys(("weight", "gamma", "k", "consensus", "eps_root", "l2"), WEIGHT),
    **dict.fromkeys(("repelling_weight", "information_weight", "correlation_weight", "slope_weight"), WEIGHT),
    **dict.fromkeys(("b1", "b2", "decay", "momentum", "ema_decay", "dropout"), DECAY),
    **dict.fromkeys(("input_dropout", "final_momentum"), DECAY),
    **dict.fromkeys(("init_range", "least_learning_rate"), POSITIVE),
    **dict.fromkeys(("devices", "num_processes"), Range(1, 2**16)),
    "process_id": Range(0, 2**16),
    "heartbeat_timeout": COUNT,
    "learning_rate_decay": Range(1),
    "momentum_steps": COUNT,
    "packing": Range(1, 1000),
    "levels": Range(1, 12),
    "seed": Range(0, 2**31 - 1),
    **dict.fromkeys(("disc_steps", "gen_steps"), Range(1, 1000)),
    "unroll_steps": Range(0, 100),
    "sampler_steps": Range(1, 1_000_000),
    **dict.fromkeys(("sampling_seeds", "seeds", "rounds"), Range(1, 1000)),
    **dict.fromkeys(("step", "seconds"), POSITIVE),
    "penalty": WEIGHT,
}


def check_numbers(values: Mapping[str, Any]) -> None:
    """Raises `InputError` for a number of a config's dictionary that no device has, or that is out of its name's range,
    and for a setting of too many entries."""
    for path, value in settings(values):
        entries = value if isinstance(value, list | tuple) else [value]
        if len(entries) > MOST_ENTRIES:
            raise InputError(f"Expected at most {MOST_ENTRIES} entries of {flag(path)}, got {len(entries)}.")
        for entry in entries:
            if isinstance(entry, int | float) and not isinstance(entry, bool):
                check_number(path, entry)


def check_number(path: str, value: float) -> None:
    """Raises `InputError` for a number that can't be the setting of this dotted name."""
    known = RANGES.get(path.rpartition(".")[2])
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"Expected a finite number for {flag(path)}, got {value}.")
    if isinstance(value, float) and abs(value) > GREATEST:
        raise InputError(f"Expected {flag(path)} within ±{GREATEST:.3g}, which is float32's greatest, got {value}.")
    if known is None and isinstance(value, int):
        known = ANY
    if known is not None and value not in known:
        raise InputError(f"Expected {flag(path)} {known}, got {value}.")


def settings(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting in nested dictionaries, with its dotted name."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from settings(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def flag(path: str) -> str:
    """A dotted name as the command line spells it."""
    return path.replace("_", "-")
