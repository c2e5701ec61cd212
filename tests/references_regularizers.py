"""Regularizers in NumPy float64, written from the papers, and a discriminator whose input gradient is known by hand.

The discriminator: D(x) = v·tanh(Wx + b) + ½ Σ a x², x flattened, so ∇D(x) = Wᵀ(v ∘ (1 − tanh²(Wx + b))) + a ∘ x.
"""

import numpy as np


def discriminator(rng, size, hidden=5):
    """Its parameters: nothing symmetric, nothing zero."""
    return {
        "v": rng.normal(0.3, 1.0, hidden),
        "W": rng.normal(-0.1, 0.7, (hidden, size)),
        "b": rng.normal(0.2, 0.5, hidden),
        "a": rng.normal(0.4, 0.3, size),
    }


def score(params, sample, xp=np):
    """D of ONE sample; `xp` is numpy or jax.numpy."""
    x = sample.reshape(-1)
    return xp.sum(params["v"] * xp.tanh(params["W"] @ x + params["b"])) + 0.5 * xp.sum(params["a"] * x * x)


def score_gradients(params, samples):
    """∇D at each sample, by hand; [B, N]."""
    rows = []
    for sample in samples:
        x = sample.reshape(-1)
        slope = 1.0 - np.tanh(params["W"] @ x + params["b"]) ** 2
        rows.append(params["W"].T @ (params["v"] * slope) + params["a"] * x)
    return np.array(rows)


def gradient_norms(params, samples):
    return np.array([np.sqrt((g**2).sum()) for g in score_gradients(params, samples)])


def mixed(epsilon, real, fake):
    """ε[i]·real[i] + (1 − ε[i])·fake[i], sample by sample."""
    return np.array([e * x + (1 - e) * y for e, x, y in zip(epsilon, real, fake, strict=True)])


def unit_norm_penalty(params, points):
    return (gradient_norms(params, points) - 1.0) ** 2


def lipschitz_penalty(params, points):
    return np.array([max(0.0, norm - 1.0) ** 2 for norm in gradient_norms(params, points)])


def power_penalty(params, points, power):
    return gradient_norms(params, points) ** power


def neighborhood(uniform, real):
    """DRAGAN's points; `uniform` has one number for each entry."""
    mean = real.sum() / real.size
    deviation = np.sqrt(((real - mean) ** 2).sum() / real.size)
    return real + 0.5 * deviation * uniform


def quadratic_term(real_scores, fake_scores, real, fake, *, lambda_, order):
    """Δ²/(2λd), order 1 or 2."""
    values = []
    for r, f, x, y in zip(real_scores, fake_scores, real, fake, strict=True):
        gap = np.abs(x - y).reshape(-1)
        distance = (np.sum(gap**order) / gap.size) ** (1.0 / order)
        values.append((r - f) ** 2 / (2.0 * lambda_ * distance))
    return np.array(values)


def squared_slope(real_scores, fake_scores, real, fake):
    return np.array(
        [(r - f) ** 2 / np.mean((x - y) ** 2) for r, f, x, y in zip(real_scores, fake_scores, real, fake, strict=True)]
    )


def pulling_away(codes):
    """EBGAN's term, with its two sums written out."""
    count, total = len(codes), 0.0
    for i in range(count):
        for j in range(count):
            if i != j:
                total += (codes[i] @ codes[j] / (np.linalg.norm(codes[i]) * np.linalg.norm(codes[j]))) ** 2
    return total / (count * (count - 1))


def pearson(latents, codes):
    return np.array([np.corrcoef(z, c)[0, 1] for z, c in zip(latents, codes, strict=True)])


def categorical_bound(logits, labels):
    """log K − cross-entropy."""
    values = []
    for row, label in zip(logits, labels, strict=True):
        probabilities = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        values.append(np.log(len(row)) + np.log(probabilities[label]))
    return np.array(values)


def gaussian_log_likelihood(mean, codes):
    densities = np.exp(-((codes - mean) ** 2) / 2.0) / np.sqrt(2.0 * np.pi)
    return np.array([np.log(np.prod(row)) for row in densities])


def jensen_shannon_bound(joint_scores, product_scores):
    return np.log(1.0 / (1.0 + np.exp(-joint_scores))) + np.log(1.0 - 1.0 / (1.0 + np.exp(-product_scores)))


def lecam(real_scores, fake_scores, real_anchor, fake_anchor):
    return np.array(
        [(r - fake_anchor) ** 2 + (f - real_anchor) ** 2 for r, f in zip(real_scores, fake_scores, strict=True)]
    )


def score_change(params, samples, transformed):
    return np.array([(score(params, x) - score(params, y)) ** 2 for x, y in zip(samples, transformed, strict=True)])


def numerical_gradient(function, x, step=1e-5):
    """Central differences of a scalar function of one float64 array."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = (function(up) - function(down)) / (2 * step)
    return gradient
