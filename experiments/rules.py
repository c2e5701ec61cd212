"""Which settings of a run go together, whatever its data."""

from __future__ import annotations

from config import Config
from limits import check_numbers
from recorded import to_dict

from ganjax.checks import InputError


def check_codes(config: Config) -> None:
    """Raises `InputError` if InfoGAN's objective reads other codes than the prior draws: noise would pass for one."""
    if config.objective.name != "infogan":  # type: ignore[attr-defined]
        return
    read, drawn = (
        {name: getattr(choice, name, 0) for name in ("categories", "continuous")}
        for choice in (config.objective, config.prior)
    )
    if read != drawn:
        raise InputError(
            f"Expected --prior.name coded with --prior.categories {read['categories']} and --prior.continuous "
            f"{read['continuous']}, as the objective reads them, got {config.prior}."
        )


NEEDED_CONDITIONS = {"acgan": "labels", "projection": "labels", "lapgan": "pyramid"}


def check(config: Config) -> None:
    """Raises `InputError` for settings that no run can have, whatever the data."""
    check_numbers(to_dict(config))
    needed = NEEDED_CONDITIONS.get(config.objective.name, config.data.condition)  # type: ignore[attr-defined]
    if config.data.condition != needed:
        raise InputError(
            f"The objective {config.objective.name} needs --data.condition {needed}, "  # type: ignore[attr-defined]
            f"got {config.data.condition}."
        )
    if config.data.condition == "pyramid" and config.objective.name != "lapgan":  # type: ignore[attr-defined]
        raise InputError(
            "Expected --objective.name lapgan with --data.condition pyramid, "
            f"got {config.objective.name}: other objectives would play all levels as one."  # type: ignore[attr-defined]
        )
    if config.data.condition == "pyramid" and config.augment.name != "none":  # type: ignore[attr-defined]
        raise InputError(
            "Expected --augment.name none with --data.condition pyramid: the coarse images that the levels are judged "
            "by would not be augmented with them."
        )
    moves = (config.update.disc_steps, config.update.gen_steps)
    check_codes(config)
    if config.keep_every is not None and config.keep_every % config.checkpoint_every:
        raise InputError(
            f"Expected --keep-every to be a multiple of --checkpoint-every {config.checkpoint_every}, got "
            f"{config.keep_every}: only what is saved can stay."
        )
    if config.update.schedule != "alternating" and moves != (1, 1):
        raise InputError(
            f"Expected update.disc-steps 1 and update.gen-steps 1 under the {config.update.schedule} schedule, got "
            f"{moves[0]} and {moves[1]}: its moves are its own; use --update.schedule alternating."
        )
