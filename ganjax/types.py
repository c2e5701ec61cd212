"""The nouns that every signature uses: arrays with shapes, what a network gives, what one play of the game produced.

Axes: `B` batch, `H W C` image, `Z` latent, `F` features, `K` classes. Images are NHWC in [−1, 1].
Real always comes first. Scores are high on real samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
from jaxtyping import Array, Float, PRNGKeyArray

PyTree = Any
Key = PRNGKeyArray
Scores = Float[Array, "..."]  # raw discriminator outputs, [B]; elementwise functions take any shape
Losses = Float[Array, "..."]  # unreduced: the caller takes the batch mean
Samples = Float[Array, "B ..."]  # [B, H, W, C] images or [B, F] points
Latents = Float[Array, "B ..."]  # [B, Z]
Condition = PyTree  # labels [B], a coarse image [B, H, W, C], …, or () for none
ScoreFn = Callable[..., Float[Array, ""]]  # ONE sample (and its condition, where there is one) to a scalar


class AdversarialLoss(NamedTuple):
    """What each player minimises, as functions of scores alone. Never reduced: the caller takes the mean.

    Attributes:
      discriminator: (real_scores, fake_scores) -> losses of the same shape.
      generator: (real_scores, fake_scores) -> losses of the same shape.
    """

    discriminator: Callable[[Scores, Scores], Losses]
    generator: Callable[[Scores, Scores], Losses]


class DiscriminatorOutput(NamedTuple):
    """What a discriminator says of a batch.

    Attributes:
      scores: [B], high on real samples; raw, without a final sigmoid.
      features: whatever else the network offers, by name: a dict with some of `codes`, `reconstruction`,
        `posterior`, `embedding`, …; empty for a plain discriminator.
    """

    scores: Scores
    features: PyTree = ()


class Play(NamedTuple):
    """Everything that one evaluation of the game produced: all that an objective may look at.

    Attributes:
      real: real samples, [B, ...].
      fake: generated samples, [B, ...]; stopped when the discriminator plays.
      latents: what `fake` was generated from, [B, Z].
      condition: what both networks were given beside their input, batch first, or ().
      real_output: the discriminator's output on `real`.
      fake_output: the discriminator's output on `fake`.
      score_fn: the current discriminator as a function of one sample (and, in a conditional game, that sample's
        condition), for penalties on its gradient. In evaluation mode: it updates no statistics.
      helper_fn: the game's helper network as a function of its inputs, or None where the game has none.
      step: how many steps were taken before this one, for what happens every n-th step.
    """

    real: Samples
    fake: Samples
    latents: Latents
    condition: Condition
    real_output: DiscriminatorOutput
    fake_output: DiscriminatorOutput
    score_fn: ScoreFn
    helper_fn: Callable[..., PyTree] | None = None
    step: Array | int = 0

    @property
    def real_scores(self) -> Scores:
        """The scores in `real_output`."""
        return self.real_output.scores

    @property
    def fake_scores(self) -> Scores:
        """The scores in `fake_output`."""
        return self.fake_output.scores

    @property
    def context(self) -> tuple[Condition, ...]:
        """What `score_fn` takes after the sample, nothing or the condition: r1(score_fn, real, *play.context)."""
        return context(self.condition)


def context(condition: Condition) -> tuple[Condition, ...]:
    """What the networks are given beside their input, to splat into a call: nothing, or the condition."""
    return () if isinstance(condition, tuple) and not condition else (condition,)


class Objective(NamedTuple):
    """What each player of a named GAN minimises, as functions of a `Play`. Never reduced.

    Attributes:
      discriminator: (key, play) -> losses, one a sample (or a scalar for a quantity of the whole batch).
      generator: (key, play) -> losses.
      needs: names that `DiscriminatorOutput.features` must hold, checked when a game is initialized.
      needs_helper: whether the game must have a helper network, checked likewise.
    """

    discriminator: Callable[[Key, Play], Losses]
    generator: Callable[[Key, Play], Losses]
    needs: tuple[str, ...] = ()
    needs_helper: bool = False


class Variables(NamedTuple):
    """A network's arrays.

    Attributes:
      params: what an optimizer moves.
      stats: what a forward pass in training mode updates: batch norm's averages, spectral norm's vectors; or ().
    """

    params: PyTree
    stats: PyTree = ()


class NetworkInit(Protocol):
    """(key, *inputs) -> Variables."""

    def __call__(self, key: Key, *inputs: Array) -> Variables: ...


class NetworkApply(Protocol):
    """(variables, *inputs, train=False, key=None) -> (output, stats)."""

    def __call__(
        self, variables: Variables, *inputs: Array, train: bool = False, key: Key | None = None
    ) -> tuple[PyTree, PyTree]: ...


class Network(NamedTuple):
    """The library's only view of a network: a pair of pure functions.

    Attributes:
      init: (key, *inputs) -> Variables. A generator's inputs are (latents, *condition), a discriminator's
        (samples, *condition).
      apply: (variables, *inputs, train=False, key=None) -> (output, stats). With `train`, batch norm uses the batch
        and `stats` holds the updated statistics; without, `stats` returns as it came. `key` feeds dropout.
      samples_per_score: how many samples a discriminator judges with one score; more than 1 where it is packed.
    """

    init: NetworkInit
    apply: NetworkApply
    samples_per_score: int = 1


class Prior(NamedTuple):
    """A latent distribution.

    Attributes:
      sample: (key, num) -> latents [num, *shape].
      shape: the shape of one latent.
      energy: −log density of ONE latent up to a constant, infinite where there is none; None for a distribution
        without a density, such as one of one-hot codes.
    """

    sample: Callable[[Key, int], Latents]
    shape: tuple[int, ...]
    energy: Callable[[Array], Array] | None = None


class Game(NamedTuple):
    """Two networks, what each minimises, and the latents it is played on.

    Attributes:
      helper: a third network that moves with the generator: a statistics network, an encoder, a separate posterior.
        It keeps no statistics.
    """

    generator: Network
    discriminator: Network
    objective: Objective
    prior: Prior
    helper: Network | None = None


class Batch(NamedTuple):
    """Real samples and, in a conditional game, the condition that goes with each; `()` for none."""

    samples: Samples
    condition: Condition = ()

    @property
    def context(self) -> tuple[Condition, ...]:
        """What the networks are given beside their input: nothing, or the condition."""
        return context(self.condition)


class GanState(NamedTuple):
    """A game in progress: arrays only, so that it is donated, mapped over and checkpointed whole.

    Attributes:
      step: how many steps were taken, int32.
      key: the run's key; a step's randomness is fold_in(key, step), so a resumed run is the same run.
      gen_params, gen_stats, gen_opt_state: the generator's (with the helper's, where the game has one, beside it).
      disc_params, disc_stats, disc_opt_state: the discriminator's.
      gen_ema_params, gen_ema_stats: the averaged generator, or () where none is kept.
      helper_params: the helper's, or ().
    """

    step: Array
    key: Key
    gen_params: PyTree
    gen_stats: PyTree
    gen_opt_state: PyTree
    disc_params: PyTree
    disc_stats: PyTree
    disc_opt_state: PyTree
    gen_ema_params: PyTree = ()
    gen_ema_stats: PyTree = ()
    helper_params: PyTree = ()


class StepInfo(NamedTuple):
    """What one step says of itself: batch means, scalars."""

    disc_loss: Array
    gen_loss: Array
    real_score: Array
    fake_score: Array


class Deal(NamedTuple):
    """What is dealt for one evaluation of the game: all its randomness, none of which depends on the players.

    Kept apart from the players so that a loop can deal many steps ahead in one vectorized draw: drawn step by step
    inside a scan, the random numbers of a tiny game cost several times the game itself.

    Attributes:
      step: the step it is dealt for, int32.
      latents: [B, Z].
      key: for dropout and for what the objective draws.
    """

    step: Array
    latents: Latents
    key: Key


class Algorithm(NamedTuple):
    """A way to move both players: `step` is all that a loop of one's own needs.

    Attributes:
      init: (key, batch) -> GanState. Raises `InputError` when the networks, the objective and the batch don't fit.
      deal: (key, step, batch_size) -> the randomness of that step, a tree of `Deal`.
      advance: (state, deal, batch) -> (state, StepInfo). Pure.
      num_batches: how many batches one step consumes, side by side along the leading axis: disc_steps for an
        alternating schedule, whose half steps each see fresh samples.
    """

    init: Callable[[Key, Any], GanState]
    deal: Callable[[Key, Array, int], PyTree]
    advance: Callable[[GanState, PyTree, Any], tuple[GanState, StepInfo]]
    num_batches: int = 1

    def step(self, state: GanState, batch: Any) -> tuple[GanState, StepInfo]:
        """(state, batch) -> (state, StepInfo). Pure; its randomness is a function of state.key and state.step alone."""
        batch_size = jax.tree.leaves(batch)[0].shape[0] // self.num_batches
        return self.advance(state, self.deal(state.key, state.step, batch_size), batch)
