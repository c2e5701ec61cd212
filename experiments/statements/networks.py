"""The trained-critic route: what a network finds on samples of case A, beside the integral."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import critics
import jax
import numpy as np
from critics import Critic, Readout, Settings, lipschitz, one_argument, two_arguments
from jaxtyping import Array, PRNGKeyArray

from ganjax import divergences, objectives
from ganjax.checks import Table
from ganjax.types import Objective
from statements.entries import Case, Entry, Estimate
from statements.pairs import CASE_A, SKEW, Mixture, Pair

SEED = 0
RARE = Settings(num_steps=6000, batch_size=8192, held_out=400_000)  # χ² lives on what q hardly ever draws


def column(side: Mixture) -> critics.Sampler:
    def sampler(key: PRNGKeyArray, num: int) -> Array:
        return side.samples(key, num)[:, None]

    return sampler


def trained(
    objective: Callable[[], Objective], readout: Readout, critic: Critic, settings: Settings
) -> Callable[[Pair], Estimate]:
    """The other route of an entry: in float32, as networks are trained."""

    def found(pair: Pair) -> Estimate:
        with jax.enable_x64(False):
            samplers = column(pair.p), column(pair.q)
            result = critics.estimate(objective(), readout, critic, *samplers, jax.random.key(SEED), settings)
        return Estimate(result.value, result.standard_error)

    return found


def case(pair: Pair, integral: Callable[[Pair], Any], found: Callable[[Pair], Estimate]) -> Case:
    return Case(pair.name, lambda: integral(pair), lambda: found(pair))


ROUTES = (
    (
        "network_js",
        1,
        "A network that learns the original game finds JSD.",
        "divergences.js by quadrature",
        "½(log 4 − E L_D) of objectives.minimax, an MLP",
        lambda pair: divergences.js(*pair.given),
        trained(objectives.minimax, Readout(float(np.log(2.0)), -0.5), one_argument(), Settings()),
    ),
    (
        "network_total_variation",
        9,
        "A network that learns the hinge game finds TV.",
        "divergences.total_variation by quadrature",
        "½(2 − E L_D) of objectives.hinge, an MLP",
        lambda pair: divergences.total_variation(*pair.given),
        trained(objectives.hinge, Readout(1.0, -0.5), one_argument(activation=jax.nn.relu), Settings()),
    ),
    (
        "network_wasserstein",
        4,
        "A network that is 1-Lipschitz by construction finds W1.",
        "divergences.wasserstein_1d_densities",
        "−E L_D of objectives.wgan, spectrally bounded layers and sorted pairs of units",
        lambda pair: divergences.wasserstein_1d_densities(*pair.given),
        trained(objectives.wgan, Readout(0.0, -1.0), lipschitz(), Settings()),
    ),
    (
        "network_pearson",
        3,
        "A network that learns the Pearson game finds χ².",
        "divergences.pearson by quadrature",
        "−E L_D of objectives.f_gan(PEARSON), an MLP",
        lambda pair: divergences.pearson(*pair.given),
        trained(lambda: objectives.f_gan(divergences.PEARSON), Readout(0.0, -1.0), one_argument(), RARE),
    ),
    (
        "network_gan_qp",
        7,
        "A network of two samples that learns GAN-QP finds its divergence.",
        "divergences.gan_qp by quadrature over pairs",
        "−E L_D of objectives.gan_qp(λ = 1), an MLP of both samples",
        lambda pair: divergences.gan_qp(*pair.squared),
        trained(lambda: objectives.gan_qp(lambda_=1.0), Readout(0.0, -1.0), two_arguments(), Settings()),
    ),
)
NETWORKS = tuple(
    Entry(
        name,
        statement,
        claim,
        "Nowozin et al. 2016, arXiv:1606.00709, section 2.2, on samples",
        theory,
        by,
        "network",
        tuple(case(pair, integral, found) for pair in (CASE_A, SKEW)),
    )
    for name, statement, claim, theory, by, integral, found in ROUTES
)


def with_networks(ledger: Table[Entry]) -> Table[Entry]:
    """The ledger with these entries behind its own."""
    return Table("entry", {**ledger, **{each.name: each for each in NETWORKS}})
