"""For those who come from PyTorch: the same small networks from the same weights give the same losses and gradients.

The other side is written as a PyTorch programme usually is: modules, autograd, `nn.functional`.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganjax import objectives, priors
from ganjax.architectures import mlp_discriminator, mlp_generator, posterior_discriminator
from ganjax.types import DiscriminatorOutput, Play

torch = pytest.importorskip("torch")
F = torch.nn.functional

KEY = jax.random.key(7)
BATCH, SAMPLE_DIM, WIDTHS = 9, 2, (8, 7)
NOISE, CATEGORIES, CONTINUOUS = 3, 4, 2
LATENT_DIM = NOISE + CATEGORIES + CONTINUOUS


def to_torch(tree):
    """A tree of parameters as leaves that autograd follows."""
    return jax.tree.map(lambda p: torch.tensor(np.asarray(p), dtype=torch.float64, requires_grad=True), tree)


def linear(layer, x):
    return F.linear(x, layer["kernel"].T, layer["bias"])


def torch_generator(params, z):
    for name in ("Dense_0", "Dense_1"):
        z = F.relu(linear(params[name], z))
    return linear(params["Dense_2"], z)


def torch_discriminator(params, x):
    for name in ("Dense_0", "Dense_1"):
        x = F.leaky_relu(linear(params[name], x), 0.2)
    return linear(params["Dense_2"], x).squeeze(1)


def torch_posterior_discriminator(params, x):
    for name in ("Dense_0", "Dense_1"):
        x = F.leaky_relu(linear(params["Trunk_0"][name], x), 0.2)
    return linear(params["score"], x).squeeze(1), linear(params["posterior"], x)


def input_gradients(params, x):
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(torch_discriminator(params, x).sum(), x, create_graph=True)[0]


def binary(scores, target):
    return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, target))


# --- (L_D, L_G) of (disc, gen, real, z, epsilon)


def torch_wgan_gp(disc, gen, real, z, epsilon):
    fake = torch_generator(gen, z)
    between = epsilon * real + (1 - epsilon) * fake.detach()
    penalty = ((input_gradients(disc, between).norm(2, dim=1) - 1) ** 2).mean()
    d_loss = torch_discriminator(disc, fake.detach()).mean() - torch_discriminator(disc, real).mean() + 10 * penalty
    return d_loss, -torch_discriminator(disc, fake).mean()


def torch_r1(disc, gen, real, z, epsilon):
    fake = torch_generator(gen, z)
    penalty = input_gradients(disc, real).pow(2).sum(dim=1).mean()
    d_loss = binary(torch_discriminator(disc, real), 1.0) + binary(torch_discriminator(disc, fake.detach()), 0.0)
    return d_loss + 10 / 2 * penalty, binary(torch_discriminator(disc, fake), 1.0)


def torch_hinge(disc, gen, real, z, epsilon):
    fake = torch_generator(gen, z)
    d_loss = (1 - torch_discriminator(disc, real)).clamp(min=0).mean()
    d_loss = d_loss + (1 + torch_discriminator(disc, fake.detach())).clamp(min=0).mean()
    return d_loss, -torch_discriminator(disc, fake).mean()


def torch_relativistic_average(disc, gen, real, z, epsilon):
    fake = torch_generator(gen, z)

    def halves(fake, target):
        r, f = torch_discriminator(disc, real), torch_discriminator(disc, fake)
        return (binary(r - f.mean(), target) + binary(f - r.mean(), 1 - target)) / 2

    return halves(fake.detach(), 1.0), halves(fake, 0.0)


def torch_infogan(disc, gen, real, z, epsilon):
    fake = torch_generator(gen, z)
    category, continuous = z[:, NOISE : NOISE + CATEGORIES].argmax(1), z[:, NOISE + CATEGORIES :]

    def information(posterior):
        categorical = np.log(CATEGORIES) - F.cross_entropy(posterior[:, :CATEGORIES], category)
        mean = posterior[:, CATEGORIES:]
        nll = F.gaussian_nll_loss(mean, continuous, torch.ones_like(mean), full=True, reduction="none").sum(1).mean()
        return categorical + CONTINUOUS * np.log(2) - nll

    real_scores, _ = torch_posterior_discriminator(disc, real)
    fake_scores, posterior = torch_posterior_discriminator(disc, fake.detach())
    d_loss = binary(real_scores, 1.0) + binary(fake_scores, 0.0) - information(posterior)
    fake_scores, posterior = torch_posterior_discriminator(disc, fake)
    return d_loss, binary(fake_scores, 1.0) - information(posterior)


CASES = {
    "wgan_gp": (objectives.wgan_gp(), torch_wgan_gp),
    "r1": (objectives.non_saturating_r1(), torch_r1),
    "hinge": (objectives.hinge(), torch_hinge),
    "relativistic_average": (objectives.relativistic_average(), torch_relativistic_average),
    "infogan": (objectives.infogan(categories=CATEGORIES, continuous=CONTINUOUS), torch_infogan),
}


def double(tree):
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), tree)


def problem(name):
    """Networks, parameters, a batch and latents, in float64; biases are not zero."""
    real_key, latent_key, disc_key, gen_key = jax.random.split(jax.random.key(1), 4)
    real = 0.5 + 1.5 * jax.random.normal(real_key, (BATCH, SAMPLE_DIM))
    latents = double(priors.coded(NOISE, CATEGORIES, CONTINUOUS).sample(latent_key, BATCH))
    if name == "infogan":
        disc = posterior_discriminator((SAMPLE_DIM,), features=WIDTHS, num_codes=CATEGORIES + CONTINUOUS)
    else:
        disc = mlp_discriminator((SAMPLE_DIM,), features=WIDTHS)
    gen = mlp_generator((SAMPLE_DIM,), features=WIDTHS)
    disc_variables, gen_variables = disc.init(disc_key, real), gen.init(gen_key, latents)
    shifted = double(jax.tree.map(lambda p: 1.5 * p + 0.05, (disc_variables.params, gen_variables.params)))
    return (disc, gen), shifted, double(real), latents


def ours(name):
    """Losses and gradients from ganjax."""
    (disc, gen), params, real, latents = problem(name)
    objective = CASES[name][0]

    def play(disc_params, gen_params):
        def output(samples):
            return disc.apply(disc.init(KEY, samples)._replace(params=disc_params), samples)[0]

        fake = gen.apply(gen.init(KEY, latents)._replace(params=gen_params), latents)[0]
        outputs = {"real_output": output(real), "fake_output": output(fake)}
        assert isinstance(outputs["fake_output"], DiscriminatorOutput)
        return Play(real, fake, latents, (), **outputs, score_fn=lambda x: output(x[None]).scores[0])

    def disc_loss(disc_params, gen_params):
        return jnp.mean(objective.discriminator(KEY, play(disc_params, jax.lax.stop_gradient(gen_params))))

    def gen_loss(disc_params, gen_params):
        return jnp.mean(objective.generator(KEY, play(disc_params, gen_params)))

    def both(*params):
        return jax.value_and_grad(disc_loss)(*params), jax.value_and_grad(gen_loss, argnums=1)(*params)

    return jax.jit(both)(*params)


def theirs(name):
    """The same from PyTorch."""
    _, (disc, gen), real, latents = problem(name)
    disc, gen = to_torch(disc), to_torch(gen)
    _, penalty_key = jax.random.split(KEY)
    epsilon = torch.tensor(np.asarray(jax.random.uniform(penalty_key, (BATCH, 1))))
    batch = (torch.tensor(np.asarray(x)) for x in (real, latents))
    d_loss, g_loss = CASES[name][1](disc, gen, *batch, epsilon)

    def gradients(loss, params):
        leaves, structure = jax.tree.flatten(params)
        found = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True)
        filled = [torch.zeros_like(p) if g is None else g for p, g in zip(leaves, found, strict=True)]
        return jax.tree.unflatten(structure, [g.numpy() for g in filled])

    return (d_loss.item(), gradients(d_loss, disc)), (g_loss.item(), gradients(g_loss, gen))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", CASES)
def test_losses_and_parameter_gradients_are_torch_s(name):
    for (value, gradient), (torch_value, torch_gradient) in zip(ours(name), theirs(name), strict=True):
        assert value.dtype == jnp.float64
        np.testing.assert_allclose(value, torch_value, rtol=1e-5)
        assert jax.tree.structure(gradient) == jax.tree.structure(torch_gradient)
        for a, b in zip(jax.tree.leaves(gradient), jax.tree.leaves(torch_gradient), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-9)
        assert max(np.abs(b).max() for b in jax.tree.leaves(torch_gradient)) > 0.01
