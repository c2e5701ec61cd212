"""Independent versions in NumPy float64, written from the papers in the papers' own forms.

Nothing here is stable, fast or general: D is a sigmoid, log is log. Scores of moderate size only.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import special


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


def normal_density(x, mean=0.0):
    return np.exp(-0.5 * (x - mean) ** 2) / np.sqrt(2 * np.pi)


def panels(*edges, nodes=200):
    """Gauss–Legendre points and weights on each interval between neighboring edges: put an edge on every kink."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    pairs = list(pairwise(edges))
    points = [0.5 * (b - a) * x + 0.5 * (a + b) for a, b in pairs]
    weights = [0.5 * (b - a) * w for a, b in pairs]
    return np.concatenate(points), np.concatenate(weights)


# --- losses
# (discriminator, generator) of raw scores C(x) = r, C(G(z)) = f; each maximised value is negated.


def _standard_discriminator(r, f):  # Goodfellow et al. 2014, eq. 1
    return -np.log(sigmoid(r)) - np.log(1 - sigmoid(f))


def _relativistic_pair(r, f):  # Jolicoeur-Martineau 2018: D(x_r, x_f) = sigmoid(C(x_r) − C(x_f))
    return -np.log(sigmoid(r - f)), -np.log(sigmoid(f - r))


def _average(first, second):
    """The author's programmes average the loss on the reals and the loss on the fakes."""
    return (first + second) / 2


def _rasgan_discriminator(r, f):
    real_probability = sigmoid(r - np.mean(f))
    fake_probability = sigmoid(f - np.mean(r))
    return _average(-np.log(real_probability), -np.log(1 - fake_probability))


def _rasgan_generator(r, f):
    real_probability = sigmoid(r - np.mean(f))
    fake_probability = sigmoid(f - np.mean(r))
    return _average(-np.log(1 - real_probability), -np.log(fake_probability))


def _ralsgan_discriminator(r, f):
    return _average((r - f.mean() - 1) ** 2, (f - r.mean() + 1) ** 2)


def _ralsgan_generator(r, f):
    return _average((r - f.mean() + 1) ** 2, (f - r.mean() - 1) ** 2)


def _rahinge_discriminator(r, f):
    return _average(np.maximum(0, 1 - (r - f.mean())), np.maximum(0, 1 + (f - r.mean())))


def _rahinge_generator(r, f):
    return _average(np.maximum(0, 1 + (r - f.mean())), np.maximum(0, 1 - (f - r.mean())))


def lsgan(a, b, c):  # Mao et al. 2016, eq. 2
    return lambda r, f: (r - b) ** 2 / 2 + (f - a) ** 2 / 2, lambda r, f: (f - c) ** 2 / 2


def ebgan(m):  # Zhao et al. 2016, eq. 1 and 2, of the energies −r and −f
    return lambda r, f: (-r) + np.maximum(0, m - (-f)), lambda r, f: -f


def fgan(name, practical=False):  # Nowozin et al. 2016, eq. 6
    g, conjugate = F_DIVERGENCES[name].activation, F_DIVERGENCES[name].conjugate

    def generator(r, f):
        return -g(f) if practical else -conjugate(g(f))

    return lambda r, f: -(g(r) - conjugate(g(f))), generator


def losses():
    """name -> (discriminator, generator), with each builder's default hyperparameters."""
    return {
        "minimax": (_standard_discriminator, lambda r, f: np.log(1 - sigmoid(f))),
        "non_saturating": (_standard_discriminator, lambda r, f: -np.log(sigmoid(f))),
        # Huszár 2016: descend E log (1 − D)/D
        "kl": (_standard_discriminator, lambda r, f: np.log((1 - sigmoid(f)) / sigmoid(f))),
        "least_squares": lsgan(0, 1, 1),
        # Miyato et al. 2018, eq. 16: maximise min(0, −1 + r) + min(0, −1 − f)
        "hinge": (lambda r, f: -np.minimum(0, -1 + r) - np.minimum(0, -1 - f), lambda r, f: -f),
        "wasserstein": (lambda r, f: -(r - f), lambda r, f: -f),
        "margin": ebgan(10),
        "relativistic": (lambda r, f: _relativistic_pair(r, f)[0], lambda r, f: _relativistic_pair(r, f)[1]),
        "relativistic_average": (_rasgan_discriminator, _rasgan_generator),
        "relativistic_average_least_squares": (_ralsgan_discriminator, _ralsgan_generator),
        "relativistic_average_hinge": (_rahinge_discriminator, _rahinge_generator),
        "f_gan": fgan("jensen_shannon"),
        "sigmoid_mse": (
            lambda r, f: ((sigmoid(r) - 1) ** 2 + sigmoid(f) ** 2) / 2,
            lambda r, f: (sigmoid(f) - 1) ** 2 / 2,
        ),
    }


# --- f-divergences
# Nowozin et al. 2016, tables 1 and 2 and the supplement's longer ones.


class Divergence(NamedTuple):
    f: object  # of u = p/q
    conjugate: object  # of t
    activation: object  # of the raw score
    critic: object  # T*(u)
    integrand: object  # of the two densities, written without f
    score: object  # the raw score v with g(v) = T*, of log p/q
    at_one: float  # f(1)
    shift: float  # ∫ integrand of N(0,1) against N(1,1)


def _lambert(x):
    return special.lambertw(x).real


_E = float(np.e)
_JSD = 0.1114214822
F_DIVERGENCES = {
    "total_variation": Divergence(
        f=lambda u: np.abs(u - 1) / 2,
        conjugate=lambda t: t,
        activation=lambda v: np.tanh(v) / 2,
        critic=lambda u: np.sign(u - 1) / 2,
        integrand=lambda p, q: np.abs(p - q) / 2,
        score=lambda log_ratio: 50 * np.sign(log_ratio),  # tanh 50 = 1 in float64
        at_one=0,
        shift=0.3829249226,
    ),
    "kl": Divergence(
        f=lambda u: u * np.log(u),
        conjugate=lambda t: np.exp(t - 1),
        activation=lambda v: v,
        critic=lambda u: 1 + np.log(u),
        integrand=lambda p, q: p * np.log(p / q),
        score=lambda log_ratio: 1 + log_ratio,
        at_one=0,
        shift=0.5,
    ),
    "reverse_kl": Divergence(
        f=lambda u: -np.log(u),
        conjugate=lambda t: -1 - np.log(-t),
        activation=lambda v: -np.exp(-v),
        critic=lambda u: -1 / u,
        integrand=lambda p, q: q * np.log(q / p),
        score=lambda log_ratio: log_ratio,
        at_one=0,
        shift=0.5,
    ),
    "pearson": Divergence(
        f=lambda u: (u - 1) ** 2,
        conjugate=lambda t: t**2 / 4 + t,
        activation=lambda v: v,
        critic=lambda u: 2 * (u - 1),
        integrand=lambda p, q: (p - q) ** 2 / q,
        score=lambda log_ratio: 2 * (np.exp(log_ratio) - 1),
        at_one=0,
        shift=_E - 1,
    ),
    "neyman": Divergence(
        f=lambda u: (1 - u) ** 2 / u,
        conjugate=lambda t: 2 - 2 * np.sqrt(1 - t),
        activation=lambda v: 1 - np.exp(-v),
        critic=lambda u: 1 - u**-2,
        integrand=lambda p, q: (p - q) ** 2 / p,
        score=lambda log_ratio: 2 * log_ratio,
        at_one=0,
        shift=_E - 1,
    ),
    "squared_hellinger": Divergence(
        f=lambda u: (np.sqrt(u) - 1) ** 2,
        conjugate=lambda t: t / (1 - t),
        activation=lambda v: 1 - np.exp(-v),
        critic=lambda u: (np.sqrt(u) - 1) * np.sqrt(1 / u),
        integrand=lambda p, q: (np.sqrt(p) - np.sqrt(q)) ** 2,
        score=lambda log_ratio: log_ratio / 2,
        at_one=0,
        shift=0.2350061948,
    ),
    "jeffreys": Divergence(
        f=lambda u: (u - 1) * np.log(u),
        conjugate=lambda t: _lambert(np.exp(1 - t)) + 1 / _lambert(np.exp(1 - t)) + t - 2,
        activation=lambda v: v,
        critic=lambda u: 1 + np.log(u) - 1 / u,
        integrand=lambda p, q: (p - q) * np.log(p / q),
        score=lambda log_ratio: 1 + log_ratio - np.exp(-log_ratio),
        at_one=0,
        shift=1.0,
    ),
    "jensen_shannon": Divergence(
        f=lambda u: -(u + 1) * np.log((1 + u) / 2) + u * np.log(u),
        conjugate=lambda t: -np.log(2 - np.exp(t)),
        activation=lambda v: np.log(2) - np.log(1 + np.exp(-v)),
        critic=lambda u: np.log(2 * u / (u + 1)),
        integrand=lambda p, q: p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q)),
        score=lambda log_ratio: log_ratio,
        at_one=0,
        shift=2 * _JSD,
    ),
    "gan": Divergence(
        f=lambda u: u * np.log(u) - (u + 1) * np.log(u + 1),
        conjugate=lambda t: -np.log(1 - np.exp(t)),
        activation=lambda v: -np.log(1 + np.exp(-v)),
        critic=lambda u: np.log(u / (u + 1)),
        integrand=lambda p, q: p * np.log(p / (p + q)) + q * np.log(q / (p + q)),
        score=lambda log_ratio: log_ratio,
        at_one=-np.log(4),
        shift=-1.1634513968,
    ),
}
