"""What a run adds up between two rows of its metrics."""

from __future__ import annotations

from typing import Any

from ganjax.types import StepInfo


class Tally:
    """Sums of what the steps reported since the last row of metrics, what else belongs in the next row, the seconds
    trained, and how often in a row the run went back to the same checkpoint; goes into checkpoints."""

    def __init__(
        self,
        sums: dict[str, float] | None = None,
        steps: int = 0,
        seconds: float = 0.0,
        rollbacks: int = 0,
        beside: dict[str, float] | None = None,
    ):
        self.sums, self.beside = ({name: float(x) for name, x in (given or {}).items()} for given in (sums, beside))
        self.steps, self.seconds, self.rollbacks = steps, seconds, rollbacks

    def add(self, info: StepInfo, length: int, seconds: float) -> None:
        for name, mean in info._asdict().items():
            self.sums[name] = self.sums.get(name, 0.0) + float(mean) * length
        self.steps, self.seconds = self.steps + length, self.seconds + seconds

    def take(self) -> dict[str, float]:
        """The means since the last call, and what belongs beside them; {} where no step was counted."""
        if not self.steps:
            return {}
        row = {name: total / self.steps for name, total in self.sums.items()} | self.beside
        self.sums, self.beside, self.steps = {}, {}, 0
        return row

    def roll_back(self) -> None:
        """Forgets the sums of steps that do not count any more."""
        self.sums, self.steps, self.rollbacks = {}, 0, self.rollbacks + 1

    def as_dict(self) -> dict[str, Any]:
        # JSON has no NaN: a sum that is not finite travels as its name
        sums, beside = ({name: str(x) for name, x in given.items()} for given in (self.sums, self.beside))
        counts = {"steps": self.steps, "seconds": self.seconds, "rollbacks": self.rollbacks}
        return {"sums": sums, "beside": beside, **counts}
