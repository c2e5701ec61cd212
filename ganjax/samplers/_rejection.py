"""Discriminator rejection sampling: of what the generator makes, keep what the discriminator takes for data.

Azadi et al. 2018, arXiv:1810.06758.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Shaped

from ganjax.checks import InputError, check_positive
from ganjax.types import Key, Scores

Propose = Callable[[Key, int], Array]  # (key, num) -> [num, ...]: a prior's `sample`, say
ScoreBatch = Callable[[Array], Scores]  # what was proposed, [num, ...], to scores [num]


class Accepted(NamedTuple):
    """What `rejection` gives.

    Attributes:
      samples: [num, ...].
      acceptance_rate: accepted of all that were proposed.
      max_score: the greatest score seen.
    """

    samples: Shaped[Array, "num ..."]
    acceptance_rate: float
    max_score: float


def acceptance_logits(scores: Scores, max_score: ArrayLike, *, gamma: ArrayLike = 0.0, epsilon: float = 1e-8) -> Scores:
    """F, whose sigmoid is the probability to accept: F = d − log(1 − exp(d − ε)) − γ with d = D − D_max.

    Elementwise. For γ = 0 and ε → 0, σ(F) = exp(D − D_max): where D = log p/q and D_max is its maximum, what is
    accepted of q has the law p exactly. γ < 0 accepts more and corrects less. Azadi et al. 2018, arXiv:1810.06758.

    Args:
      scores: raw scores D, log p/q at the optimum of the classic losses.
      max_score: D_max; greater scores count as it.
      gamma: γ.
      epsilon: ε, which keeps F finite at D_max.
    """
    below = jnp.minimum(scores - max_score, 0.0)
    shifted = below - epsilon
    # log(1 − e^t): each form where it keeps its digits
    log_rest = jnp.where(shifted > -math.log(2.0), jnp.log(-jnp.expm1(shifted)), jnp.log1p(-jnp.exp(shifted)))
    return below - log_rest - gamma


def rejection_step(
    key: Key, scores: Float[Array, "B"], max_score: ArrayLike, *, gamma: ArrayLike = 0.0, epsilon: float = 1e-8
) -> tuple[Bool[Array, "B"], Float[Array, ""]]:
    """Which of a batch of proposals are accepted, and the greatest score known by now. Jittable; of fixed shape.

    Per sample, but for the maximum, which is the batch's. A NaN score is not accepted.

    Args:
      key: for the choices.
      scores: the proposals', [B].
      max_score: the greatest score known before.
      gamma, epsilon: as in `acceptance_logits`.

    Returns:
      A mask [B], and a scalar.
    """
    highest = jnp.fmax(max_score, jnp.nanmax(scores))
    probability = jax.nn.sigmoid(acceptance_logits(scores, highest, gamma=gamma, epsilon=epsilon))
    # of a NaN the sigmoid of a compiled program may be any number
    accepted = ~jnp.isnan(scores) & (jax.random.uniform(key, scores.shape, scores.dtype) < probability)
    return accepted, highest


def highest_score(
    key: Key, propose: Propose, score: ScoreBatch, *, num: int = 10_000, batch_size: int = 1000
) -> Float[Array, ""]:
    """D_max from a first look at `num` proposals (rounded up to whole batches): the paper's 10 000.

    Per batch.
    """
    check_positive(num=num, batch_size=batch_size)
    highest = jax.jit(lambda key: jnp.nanmax(score(propose(key, batch_size))))
    rounds = [highest(jax.random.fold_in(key, i)) for i in range(-(-num // batch_size))]
    return jnp.nanmax(jnp.stack(rounds))


def rejection(
    key: Key,
    propose: Propose,
    score: ScoreBatch,
    num: int,
    *,
    max_score: ArrayLike,
    gamma: float = 0.0,
    epsilon: float = 1e-8,
    batch_size: int = 1000,
    max_batches: int = 1000,
) -> Accepted:
    """`num` accepted proposals. A loop on the host around one compiled step: not itself jittable.

        latents = rejection(key, game.prior.sample, score_of_latents, 500, max_score=highest_score(…)).samples

    Where a score exceeds the maximum known so far, the maximum rises from there on, as in the paper: what was accepted
    before was thinned a little too little. Azadi et al. 2018, arXiv:1810.06758.

    Args:
      key: for proposals and choices.
      propose: (key, num) -> proposals [num, ...], samples or the latents that make them.
      score: proposals [num, ...] -> raw scores [num].
      num: how many to collect.
      max_score: from `highest_score`, or the known maximum.
      gamma, epsilon: as in `acceptance_logits`.
      batch_size: proposals at a time.
      max_batches: when to give up.

    Raises:
      InputError: if a number is not positive, or `num` were not accepted within `max_batches` batches.
    """
    check_positive(num=num, batch_size=batch_size, max_batches=max_batches)

    @jax.jit
    def attempt(key: Key, highest: Array) -> tuple[Array, Array, Array]:
        proposal_key, choice_key = jax.random.split(key)
        proposals = propose(proposal_key, batch_size)
        return proposals, *rejection_step(choice_key, score(proposals), highest, gamma=gamma, epsilon=epsilon)

    highest, kept, found = jnp.asarray(max_score, jnp.float32), [], 0
    for i in range(max_batches):
        proposals, mask, highest = attempt(jax.random.fold_in(key, i), highest)
        # on the host: there are as many shapes as numbers of accepted proposals, and each would be compiled
        kept.append(np.asarray(proposals)[np.asarray(mask)])
        found += len(kept[-1])
        if found >= num:
            samples = jnp.asarray(np.concatenate(kept)[:num])
            return Accepted(samples, found / ((i + 1) * batch_size), float(highest))
    raise InputError(
        f"Expected {num} accepted samples, got {found} of {max_batches * batch_size} proposals with scores up to "
        f"{float(highest):.4g}: lower gamma (now {gamma:g}), which corrects less, or raise max_batches."
    )
