"""Energies of a trained game, as functions of one latent.

Two laws of z have been sampled from a trained pair G, D (scores high on real samples):

    U(z) = −D(G(z))                  latent_energy: what MEG's chains use, and what its programmes compute
    U(z) = −D(G(z)) − log prior(z)   with_prior(latent_energy(…), prior): DDLS

The second is right where D is a log ratio, log p_data / p_generated, as the classic losses make it: G(z) then has the
law p_generated · exp(D), the data's. The first drops the prior: nothing ties the law of G(z) to the data's, and where D
is bounded exp(−U) has no integral, so that a chain that runs for long leaves the latents that G knows. It is a
refinement, a few steps from draws of the prior.

Kumar et al. 2019, arXiv:1901.08508; Che et al. 2020, arXiv:2003.06060.
"""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Array, Float

from ganjax.checks import InputError
from ganjax.samplers._chains import Energy
from ganjax.steps._play import score_one
from ganjax.types import Condition, Game, Network, Prior, Variables


def generate_one(generator: Network, variables: Variables, *condition: Condition) -> Callable[[Array], Array]:
    """The generator in evaluation mode as a function of ONE latent to one sample.

    Per sample.

    Args:
      generator: the network.
      variables: `steps.generator_variables(state)`.
      *condition: in a conditional game, that of the one sample: a label [], not labels [B].
    """

    def generate(latent: Array) -> Array:
        inputs = (latent, *condition)
        return generator.apply(variables, *(_batch_of_one(x) for x in inputs))[0][0]

    return generate


def latent_energy(game: Game, generator: Variables, discriminator: Variables, *condition: Condition) -> Energy:
    """MEG's energy of a latent, U(z) = −D(G(z)): low where the discriminator believes what the generator makes of z.

    Per sample. Both networks in evaluation mode. Compose: `with_prior(latent_energy(…), game.prior)` is DDLS.
    Kumar et al. 2019, arXiv:1901.08508.

    Args:
      game: whose networks.
      generator: `steps.generator_variables(state)`.
      discriminator: `Variables(state.disc_params, state.disc_stats)`.
      *condition: in a conditional game, that of the one sample.

    Raises:
      InputError: if the discriminator scores packs of samples, not each alone.
    """
    if game.discriminator.samples_per_score != 1:
        raise InputError(
            "Expected a discriminator that scores each sample alone, got one that scores packs of "
            f"{game.discriminator.samples_per_score}: an energy needs a game trained without packing."
        )
    generate = generate_one(game.generator, generator, *condition)
    score = score_one(game.discriminator, discriminator)
    return lambda latent: -score(generate(latent), *condition)


def with_prior(energy: Energy, prior: Prior) -> Energy:
    """The energy of both: U(z) − log prior(z), up to a constant. Infinite where the prior has no density.

    Per sample. With `latent_energy` this is DDLS; for a standard normal prior it adds ‖z‖²/2. Unadjusted Langevin sees
    the gradient alone, and so not the edge of a bounded prior: take `mala` there. Che et al. 2020, arXiv:2003.06060.

    Raises:
      InputError: if the prior has no density.
    """
    prior_energy = prior.energy
    if prior_energy is None:
        raise InputError("Expected a prior with a density, got one without `energy`: take a normal or uniform prior.")

    def energy_of_both(latent: Array) -> Float[Array, ""]:
        return energy(latent) + prior_energy(latent)

    return energy_of_both


def _batch_of_one(x: Array) -> Array:
    return x[None]
