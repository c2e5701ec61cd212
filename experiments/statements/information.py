"""Statement 10: what a recognition network's likelihood says of mutual information."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganjax import divergences, regularizers
from statements.entries import Case, Entry, Estimate
from statements.pairs import PAIRS, Pair
from statements.tabulated import board, minimum

INFOGAN = "Chen et al. 2016, arXiv:1606.03657"
NUM_SAMPLES = 400_000


class Channel(NamedTuple):
    """x = c + n: a code and noise, both normal."""

    signal: float
    noise: float

    @property
    def gain(self) -> float:
        """E[c | x] = gain · x."""
        return self.signal / (self.signal + self.noise)

    @property
    def posterior_variance(self) -> float:
        return self.gain * self.noise


CHANNELS = {"1, ¼": Channel(1.0, 0.25), "2.5, .7": Channel(2.5, 0.7)}
TABLES = {
    "3 by 4": np.array([[0.02, 0.10, 0.05, 0.20], [0.15, 0.01, 0.10, 0.02], [0.05, 0.20, 0.03, 0.07]]),
    "2 by 3": np.array([[0.30, 0.05, 0.01], [0.04, 0.20, 0.40]]),
}  # p(c, x): codes down, samples across


def likelihoods(channel: Channel, gain: jax.Array | float, codes: jax.Array, noise: jax.Array) -> jax.Array:
    """The library's bound, one term a sample, for Q(c|x) = N(gain·x, the posterior's variance).

    `gaussian_information` has variance 1, so codes are measured in the posterior's standard deviations. Information
    does not change with the unit, the entropy does.
    """
    unit = channel.posterior_variance**0.5
    entropy = 0.5 * np.log(2 * np.pi * np.e * channel.signal) - np.log(unit)
    return regularizers.gaussian_information(gain * (codes + noise) / unit, codes / unit, entropy=entropy)


def sampled(channel: Channel, gain: float) -> Estimate:
    code_key, noise_key = jax.random.split(jax.random.key(3))
    codes, noise = (
        jnp.sqrt(variance) * jax.random.normal(key, (NUM_SAMPLES, 1))
        for key, variance in ((code_key, channel.signal), (noise_key, channel.noise))
    )
    terms = np.asarray(likelihoods(channel, gain, codes, noise))
    return Estimate(terms.mean(), terms.std() / np.sqrt(NUM_SAMPLES))


def best_linear(channel: Channel) -> jax.Array:
    """The bound's greatest value over Q's gain; expectations by Gauss and Hermite's rule, exact for squares."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    codes, noise = (jnp.asarray(each.reshape(-1, 1)) for each in np.meshgrid(nodes, nodes))
    both = jnp.asarray(np.outer(weights, weights).ravel() / weights.sum() ** 2)
    codes, noise = codes * np.sqrt(channel.signal), noise * np.sqrt(channel.noise)
    return -minimum(lambda gain: -(both @ likelihoods(channel, gain, codes, noise)), jnp.zeros(())).value


def entropy(shares: np.ndarray) -> float:
    return float(-np.sum(shares * np.log(shares)))


def table_information(table: np.ndarray) -> float:
    """I(c; x) = H(c) + H(x) − H(c, x)."""
    return entropy(table.sum(1)) + entropy(table.sum(0)) - entropy(table)


def best_posterior(table: np.ndarray) -> jax.Array:
    """The categorical bound's greatest value over one row of logits for each x."""
    codes, samples = (jnp.asarray(each.ravel()) for each in np.indices(table.shape))
    weights = jnp.asarray(table.ravel())

    def loss(logits: jax.Array) -> jax.Array:
        terms = regularizers.categorical_information(logits[samples], codes, entropy=entropy(table.sum(1)))
        return -(weights @ terms)

    return -minimum(loss, jnp.zeros((table.shape[1], table.shape[0]))).value


def real_or_fake(pair: Pair) -> jax.Array:
    """The same for t ~ Bernoulli(½), which says whether x is drawn from p or from q."""
    on = board(pair)
    weights = 0.5 * jnp.concatenate([on.q, on.p])
    labels = jnp.repeat(jnp.arange(2), on.points.size)

    def loss(scores: jax.Array) -> jax.Array:
        logits = jnp.tile(jnp.stack([jnp.zeros_like(scores), scores], axis=1), (2, 1))
        return -(weights @ regularizers.categorical_information(logits, labels))

    return -minimum(loss, jnp.zeros_like(on.points)).value


def js_bound(pair: Pair) -> Estimate:
    """The label's information from samples: mean log σ(±log p/q) + log 2, half of them from either side."""
    keys = jax.random.split(jax.random.key(4))
    log_p, log_q = pair.both
    log2 = jnp.log(2.0)
    terms = []
    for key, side, label in ((keys[0], pair.p, 1), (keys[1], pair.q, 0)):
        x = side.samples(key, NUM_SAMPLES // 2)
        scores = log_p(x) - log_q(x)
        logits = jnp.stack([jnp.zeros_like(scores), scores], axis=1)
        labels = jnp.full(scores.shape, label)
        terms.append(np.asarray(regularizers.categorical_information(logits, labels, entropy=log2)))
    halves = [each.std() / np.sqrt(each.size) for each in terms]
    return Estimate(0.5 * (terms[0].mean() + terms[1].mean()), 0.5 * np.hypot(*halves))


def on_pairs(found: Callable[[Pair], Any]) -> tuple[Case, ...]:
    return tuple(Case(pair.name, lambda p=pair: divergences.js(*p.given), lambda p=pair: found(p)) for pair in PAIRS)


ENTRIES = (
    Entry(
        "information_at_the_posterior",
        10,
        "InfoGAN's bound is I(c; x) where Q is the posterior; for x = c + n that is ½ log(1 + s/n): ½ log 5 at 1, ¼.",
        f"{INFOGAN}, eq. 4 and 5; Barber and Agakov 2003",
        "divergences.mutual_information_gaussian",
        "regularizers.gaussian_information on 400 000 samples, Q the posterior",
        "sampling",
        tuple(
            Case(
                name,
                lambda c=channel: divergences.mutual_information_gaussian(c.signal, c.noise),
                lambda c=channel: sampled(c, c.gain),
            )
            for name, channel in CHANNELS.items()
        ),
    ),
    Entry(
        "information_off_the_posterior",
        10,
        "Elsewhere it falls short by E KL(posterior‖Q).",
        f"{INFOGAN}, eq. 4; Barber and Agakov 2003",
        "I(c; x) − (gain error)²(s + n)/2v, v the posterior's variance, Q's gain .3 too low",
        "regularizers.gaussian_information on 400 000 samples",
        "sampling",
        tuple(
            Case(
                name,
                lambda c=channel: (
                    divergences.mutual_information_gaussian(c.signal, c.noise)
                    - 0.09 * (c.signal + c.noise) / (2 * c.posterior_variance)
                ),
                lambda c=channel: sampled(c, c.gain - 0.3),
            )
            for name, channel in CHANNELS.items()
        ),
    ),
    Entry(
        "information_found",
        10,
        "Maximised over Q the Gaussian bound is I(c; x).",
        f"{INFOGAN}, lemma 5.1",
        "divergences.mutual_information_gaussian",
        "regularizers.gaussian_information maximised over Q's gain",
        "optimization",
        tuple(
            Case(
                name,
                lambda c=channel: divergences.mutual_information_gaussian(c.signal, c.noise),
                lambda c=channel: best_linear(c),
            )
            for name, channel in CHANNELS.items()
        ),
        tolerance=1e-8,
    ),
    Entry(
        "categorical_information",
        10,
        "Maximised over Q the categorical bound is I(c; x) = H(c) + H(x) − H(c, x).",
        f"{INFOGAN}, eq. 5",
        "entropies of the table p(c, x)",
        "regularizers.categorical_information maximised over logits for each x",
        "optimization",
        tuple(
            Case(name, lambda t=table: table_information(t), lambda t=table: best_posterior(t))
            for name, table in TABLES.items()
        ),
        tolerance=1e-8,
    ),
    Entry(
        "real_or_fake",
        10,
        "For t ~ Bernoulli(½) choosing a real or a fake sample, I(x; t) = JSD(p, q).",
        "Lin 1991, Divergence Measures Based on the Shannon Entropy",
        "divergences.js by quadrature",
        "regularizers.categorical_information maximised over a tabulated score",
        "optimization",
        on_pairs(real_or_fake),
        tolerance=1e-6,
    ),
    Entry(
        "real_or_fake_sampled",
        10,
        "So the log-likelihood of the label, averaged over samples, estimates JSD(p, q).",
        "Lin 1991, Divergence Measures Based on the Shannon Entropy",
        "divergences.js by quadrature",
        "regularizers.categorical_information at log p/q on 400 000 samples",
        "sampling",
        on_pairs(js_bound),
    ),
)
