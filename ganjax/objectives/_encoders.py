"""GANs whose discriminator is more than a score: it encodes, reconstructs, or names the latents."""

from __future__ import annotations

import math

from jaxtyping import Array, Float

from ganjax import losses, regularizers
from ganjax.checks import InputError, check_non_negative
from ganjax.types import Key, Losses, Objective, Play


def ebgan(margin: float = 10.0, repelling_weight: float = 0.1) -> Objective:
    """EBGAN with its repelling term; the energy is E = −D, the auto-encoder's reconstruction error ‖Dec(Enc(x)) − x‖.

        L_D = E(x) + max(m − E(G(z)), 0)
        L_G = E(G(z)) + w · mean over i ≠ j of cos²(S_i, S_j),  S = Enc(G(z))

    Zhao et al. 2016, arXiv:1609.03126, eq. 1 and 2, section 2.4. In the paper real samples score low; here high.
    Needs `codes`, where the repelling term has weight.

    Args:
      margin: m, the energy that fake samples are pushed up to.
      repelling_weight: w; 0 for none.
    """
    loss = losses.margin(margin)

    def discriminator(key: Key, play: Play) -> Losses:
        del key
        return loss.discriminator(play.real_scores, play.fake_scores)

    def generator(key: Key, play: Play) -> Losses:
        del key
        repelling = repelling_weight * regularizers.repelling(play.fake_output.features["codes"])
        return loss.generator(play.real_scores, play.fake_scores) + repelling

    if not repelling_weight:
        return Objective(discriminator, lambda key, play: loss.generator(play.real_scores, play.fake_scores))
    return Objective(discriminator, generator, needs=("codes",))


def infogan(weight: float = 1.0, categories: int = 10, continuous: int = 2) -> Objective:
    """InfoGAN: the non-saturating game with −λ(E log Q(c | G(z, c)) + H(c)) in both losses.

        L_D = sp(−D(x)) + sp(D(G(z, c))) − λ(log Q(c | G(z, c)) + H(c))
        L_G = sp(−D(G(z, c))) − λ(log Q(c | G(z, c)) + H(c))

    Latents are [noise, one-hot categorical code, continuous codes on (−1, 1)], as `priors.coded` draws them. The
    discriminator's `posterior` [B, categories + continuous] holds Q's logits, then means of unit-variance Gaussians.
    Chen et al. 2016, arXiv:1606.03657, eq. 5 and 6.

    Args:
      weight: λ.
      categories: K of the categorical code; 0 for none.
      continuous: how many continuous codes; 0 for none.

    Raises:
      InputError: when there is no code at all; from its functions, when the latents hold fewer numbers than the codes
        or the posterior isn't [B, categories + continuous], as with packing.
    """
    check_non_negative(categories=categories, continuous=continuous)
    if not categories + continuous:
        raise InputError("Expected categories or continuous codes, got none of both: without a code it is no InfoGAN.")
    loss = losses.non_saturating()

    def information(play: Play) -> Losses:
        return code_information(play.fake_output.features["posterior"], play.latents, categories, continuous)

    def discriminator(key: Key, play: Play) -> Losses:
        del key
        return loss.discriminator(play.real_scores, play.fake_scores) - weight * information(play)

    def generator(key: Key, play: Play) -> Losses:
        del key
        return loss.generator(play.real_scores, play.fake_scores) - weight * information(play)

    return Objective(discriminator, generator, needs=("posterior",))


def code_information(
    posterior: Float[Array, "B _N"], latents: Float[Array, "_M _Z"], categories: int, continuous: int
) -> Losses:
    """log Q(c | x) + H(c), summed over a categorical code and the continuous ones behind it. Per sample."""
    if len(posterior) != len(latents):
        raise InputError(
            f"Expected a posterior for each of the {len(latents)} samples, got {len(posterior)}: with packing, the "
            "discriminator sees several of them as one. Take packing 1."
        )
    num_codes = categories + continuous
    if posterior.shape[1] != num_codes or latents.shape[1] < num_codes:
        raise InputError(
            f"Expected posterior[B, {num_codes}] and latents that end in {num_codes} codes, "
            f"got posterior{list(posterior.shape)} and latents{list(latents.shape)}: "
            "give the objective, the prior and the discriminator the same codes (--objective.categories, "
            "--objective.continuous, --prior.categories, --prior.continuous, --discriminator.num-codes)."
        )
    codes = latents[:, -num_codes:]
    total = 0.0 * posterior[:, 0]
    if categories:
        total += regularizers.categorical_information(posterior[:, :categories], codes[:, :categories])
    if continuous:
        entropy = continuous * math.log(2)  # of U(−1, 1), in nats
        total += regularizers.gaussian_information(posterior[:, categories:], codes[:, categories:], entropy=entropy)
    return total


def ogan(correlation_weight: float = 0.5, slope_weight: float = 0.25) -> Objective:
    """O-GAN: the discriminator is an encoder E whose average is the score, and whose rest must agree with the latents.

        L_D = −Δ + λ₁ Δ²/mean (x − G(z))² − λ₂ ρ(z, E(G(z))),   Δ = avg E(x) − avg E(G(z))
        L_G = Δ − λ₂ ρ(z, E(G(z)))

    ρ is Pearson's correlation over the latent axis, which the average does not enter: score and encoder don't compete.
    Two latents have ρ = ±1 and no gradient: take three or more. Su 2019, arXiv:1903.01931, and its programme, whose
    weights are the defaults. In the paper real samples score low; here high. Needs `codes` = E(x), as many as latents.

    Args:
      correlation_weight: λ₂.
      slope_weight: λ₁.

    Raises:
      InputError: from its functions, unless codes and latents have one shape.
    """

    def correlation(play: Play) -> Losses:
        codes = play.fake_output.features["codes"]
        if codes.shape != play.latents.shape:
            raise InputError(
                f"Expected as many codes as latents, got codes{list(codes.shape)} for latents"
                f"{list(play.latents.shape)}: set the encoder's code_dim (--discriminator.code-dim) to the latent "
                "dimension."
            )
        return regularizers.correlation(play.latents, codes)

    def discriminator(key: Key, play: Play) -> Losses:
        del key
        slope = regularizers.squared_slope(play.real_scores, play.fake_scores, play.real, play.fake)
        gap = play.real_scores - play.fake_scores
        return -gap + slope_weight * slope - correlation_weight * correlation(play)

    def generator(key: Key, play: Play) -> Losses:
        del key
        return play.real_scores - play.fake_scores - correlation_weight * correlation(play)

    return Objective(discriminator, generator, needs=("codes",))
