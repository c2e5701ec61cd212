"""Sampling from a trained game beyond a plain draw: Markov chains, rejection, nearest neighbours, inversion.

Chains and energies are functions of ONE latent; batches are `vmap`s of them.
"""

from ganjax.samplers._chains import Energy, MalaChains, langevin, langevin_trajectory, mala, mala_trajectory
from ganjax.samplers._energies import generate_one, latent_energy, with_prior
from ganjax.samplers._inversion import Inversion, Optimizer, invert
from ganjax.samplers._nearest import Neighbors, nearest
from ganjax.samplers._rejection import Accepted, acceptance_logits, highest_score, rejection, rejection_step

__all__ = [
    "Accepted",
    "Energy",
    "Inversion",
    "MalaChains",
    "Neighbors",
    "Optimizer",
    "acceptance_logits",
    "generate_one",
    "highest_score",
    "invert",
    "langevin",
    "langevin_trajectory",
    "latent_energy",
    "mala",
    "mala_trajectory",
    "nearest",
    "rejection",
    "rejection_step",
    "with_prior",
]
