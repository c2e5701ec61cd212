"""Whole GANs in NumPy float64, written from the papers, over players small enough to be written out.

`Board` is what one evaluation of the game shows; L_D and L_G of every objective are functions of it, one number a
sample. The discriminator's score, and its gradient by hand, are those of `references_regularizers`; its other outputs
are linear maps of the flattened sample, put through tanh where that makes them less alike.
"""

from typing import NamedTuple

import numpy as np
import references as scores_only
import references_regularizers as ref


class Board(NamedTuple):
    disc: dict  # the discriminator's parameters
    gen: dict
    helper: dict
    real: np.ndarray  # [B, ...]
    latents: np.ndarray  # [B, Z], the last ones a one-hot code of 3, then 2 numbers in (−1, 1)
    labels: np.ndarray  # [B]
    draws: dict  # whatever the penalties draw: epsilon [B], uniform [B, ...], …

    @property
    def fake(self):
        return generate(self.gen, self.latents, self.real.shape)

    @property
    def real_scores(self):
        return np.array([ref.score(self.disc, x) for x in self.real])

    @property
    def fake_scores(self):
        return np.array([ref.score(self.disc, x) for x in self.fake])


CATEGORIES, CONTINUOUS = 3, 2


def players(rng, size, latent_dim):
    """Parameters (discriminator, generator, helper) for samples of `size` numbers: nothing symmetric, nothing zero."""
    disc = ref.discriminator(rng, size) | {
        "codes": rng.normal(0.2, 0.8, (latent_dim, size)),
        "posterior": rng.normal(-0.3, 0.7, (CATEGORIES + CONTINUOUS, size)),
        "class_logits": rng.normal(0.1, 1.1, (4, size)),
    }
    gen = {"A": rng.normal(0.1, 0.6, (size, latent_dim)), "s": rng.normal(-0.4, 0.3, size)}
    helper = {
        "t": rng.normal(0.2, 1.0, 4),
        "X": rng.normal(0.1, 0.7, (4, size)),
        "Z": rng.normal(-0.2, 0.9, (4, latent_dim)),
    }
    disc["level_scores"] = np.random.default_rng(size).normal(-0.1, 0.9, (3, size))  # the board's other draws stay
    return disc, gen, helper


def generate(gen, latents, shape, xp=np):
    """G(z) = 2 tanh(Az) + s."""
    return (2.0 * xp.tanh(latents @ gen["A"].T) + gen["s"][None, :]).reshape(shape)


def features(disc, samples, xp=np):
    """Everything the discriminator says beside scores: `codes`, `posterior`, `class_logits`, `level_scores`."""
    flat = samples.reshape(samples.shape[0], -1)
    return {
        "codes": xp.tanh(flat @ disc["codes"].T),
        "posterior": flat @ disc["posterior"].T,
        "class_logits": flat @ disc["class_logits"].T,
        "level_scores": flat @ disc["level_scores"].T,
    }


def statistics(helper, samples, latents, xp=np):
    """T(x, z) = t·tanh(Xx + Zz)."""
    flat = samples.reshape(samples.shape[0], -1)
    return xp.tanh(flat @ helper["X"].T + latents @ helper["Z"].T) @ helper["t"]


# --- each GAN as (L_D, L_G) of a board


def of_scores(loss):
    """A pair of functions of the scores."""
    discriminator, generator = loss
    return (
        lambda b: discriminator(b.real_scores, b.fake_scores),
        lambda b: generator(b.real_scores, b.fake_scores),
    )


def with_penalty(loss, penalty):
    discriminator, generator = of_scores(loss)
    return lambda b: discriminator(b) + penalty(b), generator


def between(b):
    return ref.mixed(b.draws["epsilon"], b.real, b.fake)


def unit_slope(weight):  # Gulrajani et al. 2017, eq. 3
    return lambda b: weight * ref.unit_norm_penalty(b.disc, between(b))


def at_most_unit_slope(weight):  # Petzka et al. 2017
    return lambda b: weight * ref.lipschitz_penalty(b.disc, between(b))


def power_at_end_points(k, p):  # Wu et al. 2017, as its programme: (k/2)(‖∇D(x)‖^p + ‖∇D(G(z))‖^p)
    return lambda b: k / 2 * (ref.power_penalty(b.disc, b.real, p) + ref.power_penalty(b.disc, b.fake, p))


def power_between(k, p):
    return lambda b: k * ref.power_penalty(b.disc, between(b), p)


def power_inside_each(k, p):
    def penalty(b):
        real_epsilon, real_partners = b.draws["inside_real"]
        fake_epsilon, fake_partners = b.draws["inside_fake"]
        on_real = ref.mixed(real_epsilon, b.real, b.real[real_partners])
        on_fake = ref.mixed(fake_epsilon, b.fake, b.fake[fake_partners])
        return k / 2 * (ref.power_penalty(b.disc, on_real, p) + ref.power_penalty(b.disc, on_fake, p))

    return penalty


def half_r1(gamma):  # Mescheder et al. 2018, eq. 9
    return lambda b: gamma / 2 * ref.gradient_norms(b.disc, b.real) ** 2


def half_r1_and_r2(gamma):  # Huang et al. 2024
    return lambda b: (
        gamma / 2 * ref.gradient_norms(b.disc, b.real) ** 2 + gamma / 2 * ref.gradient_norms(b.disc, b.fake) ** 2
    )


def dragan_slope(weight):  # Kodali et al. 2017
    return lambda b: weight * ref.unit_norm_penalty(b.disc, ref.neighborhood(b.draws["uniform"], b.real))


def gan_qp(lambda_, order):  # Su 2018: D maximises Δ − Δ²/(2λd), G minimises Δ
    def discriminator(b):
        quadratic = ref.quadratic_term(b.real_scores, b.fake_scores, b.real, b.fake, lambda_=lambda_, order=order)
        return -(b.real_scores - b.fake_scores - quadratic)

    return discriminator, lambda b: b.real_scores - b.fake_scores


def ebgan(margin, repelling_weight):  # Zhao et al. 2016, eq. 1, 2, and the pulling-away term in G alone
    def energies(b):
        return -b.real_scores, -b.fake_scores

    def discriminator(b):
        real_energy, fake_energy = energies(b)
        return real_energy + np.maximum(0.0, margin - fake_energy)

    def generator(b):
        return energies(b)[1] + repelling_weight * ref.pulling_away(features(b.disc, b.fake)["codes"])

    return discriminator, generator


def infogan(weight, categories=CATEGORIES, continuous=CONTINUOUS):  # Chen et al. 2016, eq. 5 and 6
    """Codes at the end of the latents; H(Cat(K)) = log K, H(U(−1, 1)) = log 2 each."""

    def bound(b):
        codes = b.latents[:, b.latents.shape[1] - categories - continuous :]
        posterior = features(b.disc, b.fake)["posterior"]
        value = np.zeros(len(codes))
        if categories:
            value = value + ref.categorical_bound(posterior[:, :categories], codes[:, :categories].argmax(1))
        if continuous:
            value = value + ref.gaussian_log_likelihood(posterior[:, categories:], codes[:, categories:])
            value = value + continuous * np.log(2.0)
        return value

    discriminator, generator = of_scores(scores_only.losses()["non_saturating"])
    return lambda b: discriminator(b) - weight * bound(b), lambda b: generator(b) - weight * bound(b)


def ogan(correlation_weight, slope_weight):  # Su 2019, of energies: LOW on real samples
    def parts(b):
        real_energy, fake_energy = -b.real_scores, -b.fake_scores
        return real_energy, fake_energy, ref.pearson(b.latents, features(b.disc, b.fake)["codes"])

    def discriminator(b):
        real_energy, fake_energy, rho = parts(b)
        slope = ref.squared_slope(real_energy, fake_energy, b.real, b.fake)
        return real_energy - fake_energy + slope_weight * slope - correlation_weight * rho

    def generator(b):
        real_energy, fake_energy, rho = parts(b)
        return fake_energy - real_energy - correlation_weight * rho

    return discriminator, generator


def meg(weight, information_weight):  # Kumar et al. 2019, of energies
    def discriminator(b):
        gradient_norms = ref.gradient_norms(b.disc, b.real)
        return -b.real_scores - (-b.fake_scores) + weight * gradient_norms**2

    def generator(b):
        others = np.concatenate([b.latents[-1:], b.latents[:-1]])  # every sample with its neighbor's latents
        joint = statistics(b.helper, b.fake, b.latents)
        product = statistics(b.helper, b.fake, others)
        return -b.fake_scores - information_weight * ref.jensen_shannon_bound(joint, product)

    return discriminator, generator


def acgan(weight):  # Odena et al. 2016: D maximises L_S + L_C, G maximises L_C − L_S
    def log_likelihood(b, samples):
        logits = features(b.disc, samples)["class_logits"]
        return np.array([row[y] - np.log(np.exp(row).sum()) for row, y in zip(logits, b.labels, strict=True)])

    discriminator, generator = of_scores(scores_only.losses()["non_saturating"])
    return (
        lambda b: discriminator(b) - weight * (log_likelihood(b, b.real) + log_likelihood(b, b.fake)),
        lambda b: generator(b) - weight * log_likelihood(b, b.fake),
    )


def lapgan():  # Denton et al. 2015, eq. 4 at each level; D is a probability
    def probabilities(b, samples):
        return 1.0 / (1.0 + np.exp(-features(b.disc, samples)["level_scores"]))

    def discriminator(b):
        return -(np.log(probabilities(b, b.real)) + np.log(1.0 - probabilities(b, b.fake))).sum(axis=1) / 3

    return discriminator, lambda b: -np.log(probabilities(b, b.fake)).sum(axis=1) / 3


def cases():
    """label -> (row, settings of the row's builder, (L_D, L_G)); every row with its defaults and with others."""
    plain = scores_only.losses()
    wasserstein, non_saturating = plain["wasserstein"], plain["non_saturating"]
    same_name = [
        "minimax",
        "non_saturating",
        "kl",
        "least_squares",
        "sigmoid_mse",
        "hinge",
        "relativistic",
        "relativistic_average",
        "relativistic_average_least_squares",
        "relativistic_average_hinge",
    ]
    found = {name: (name, {}, of_scores(plain[name])) for name in same_name}
    for name in scores_only.F_DIVERGENCES:
        found[f"f_gan {name}"] = ("f_gan", {"divergence": name}, of_scores(scores_only.fgan(name)))
    practical = {"divergence": "pearson", "practical": True}
    return found | {
        "f_gan": ("f_gan", {}, of_scores(scores_only.fgan("jensen_shannon"))),
        "f_gan practical": ("f_gan", practical, of_scores(scores_only.fgan("pearson", practical=True))),
        "least_squares χ²": ("least_squares", {"a": -1.0, "b": 1.0, "c": 0.0}, of_scores(scores_only.lsgan(-1, 1, 0))),
        "wgan": ("wgan", {}, of_scores(wasserstein)),
        "wgan_gp": ("wgan_gp", {}, with_penalty(wasserstein, unit_slope(10.0))),
        "wgan_gp toy": ("wgan_gp", {"weight": 0.1}, with_penalty(wasserstein, unit_slope(0.1))),
        "wgan_lp": ("wgan_lp", {}, with_penalty(wasserstein, at_most_unit_slope(10.0))),
        "wgan_lp toy": ("wgan_lp", {"weight": 0.3}, with_penalty(wasserstein, at_most_unit_slope(0.3))),
        "wgan_div": ("wgan_div", {}, with_penalty(wasserstein, power_at_end_points(2.0, 6))),
        "wgan_div between": (
            "wgan_div",
            {"k": 0.7, "p": 3.0, "points": "interpolates"},
            with_penalty(wasserstein, power_between(0.7, 3)),
        ),
        "wgan_div inside": (
            "wgan_div",
            {"k": 0.7, "p": 3.0, "points": "inside_each"},
            with_penalty(wasserstein, power_inside_each(0.7, 3)),
        ),
        "gan_qp": ("gan_qp", {}, gan_qp(10.0, 1)),
        "gan_qp l2": ("gan_qp", {"lambda_": 0.7, "distance": "l2"}, gan_qp(0.7, 2)),
        "non_saturating_r1": ("non_saturating_r1", {}, with_penalty(non_saturating, half_r1(10.0))),
        "non_saturating_r1 small": ("non_saturating_r1", {"gamma": 0.3}, with_penalty(non_saturating, half_r1(0.3))),
        "dragan": ("dragan", {}, with_penalty(non_saturating, dragan_slope(10.0))),
        "dragan small": ("dragan", {"weight": 0.3}, with_penalty(non_saturating, dragan_slope(0.3))),
        "r3gan": ("r3gan", {}, with_penalty(plain["relativistic"], half_r1_and_r2(1.0))),
        "r3gan steep": ("r3gan", {"gamma": 3.0}, with_penalty(plain["relativistic"], half_r1_and_r2(3.0))),
        "ebgan": ("ebgan", {}, ebgan(10.0, 0.1)),
        "ebgan near": ("ebgan", {"margin": 0.5, "repelling_weight": 0.8}, ebgan(0.5, 0.8)),
        "ebgan alone": ("ebgan", {"margin": 0.5, "repelling_weight": 0.0}, ebgan(0.5, 0.0)),
        "infogan": ("infogan", {"categories": 3, "continuous": 2}, infogan(1.0)),
        "infogan weak": ("infogan", {"weight": 0.3, "categories": 3, "continuous": 2}, infogan(0.3)),
        "ogan": ("ogan", {}, ogan(0.5, 0.25)),
        "ogan other": ("ogan", {"correlation_weight": 0.9, "slope_weight": 0.1}, ogan(0.9, 0.1)),
        "meg": ("meg", {}, meg(0.1, 1.0)),
        "meg images": ("meg", {"weight": 10.0, "information_weight": 0.4}, meg(10.0, 0.4)),
        "acgan": ("acgan", {}, acgan(1.0)),
        "acgan weak": ("acgan", {"weight": 0.3}, acgan(0.3)),
        "projection": ("projection", {}, of_scores(plain["hinge"])),
        "lapgan": ("lapgan", {}, lapgan()),
    }
