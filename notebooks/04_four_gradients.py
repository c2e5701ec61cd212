# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. One loss, four gradients, many ways to move
#
# Two players, two losses, so two gradients: $(\partial_\theta L_G,\ \partial_\varphi L_D)$ with $\theta$ the
# generator's parameters and $\varphi$ the discriminator's. That pair is the game's *vector field*. This notebook
# computes it in four ways that agree, then follows it in many ways that don't.

# %%
from importlib.util import find_spec

if find_spec("ganjax") is None:  # in Colab; OWNER is whose repository this notebook comes from
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/OWNER/ganjax")

# %%
import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

from ganjax import architectures, data, objectives, priors, steps
from ganjax.losses import LOSSES
from ganjax.types import Batch, Game, Prior

jax.config.update("jax_enable_x64", True)
REAL, FAKE, THIRD = "#3b6ea8", "#e07b00", "#2a8c55"

# %% [markdown]
# ## One scalar for two players
#
# With $\mathrm{sg}$ for `stop_gradient` and $\ell_D, \ell_G$ for the losses of scores,
#
# $$L(\theta, \varphi) = \ell_D(D(x), D(\mathrm{sg}\,G(z)))
# + \lambda\,[\,\ell_G(D(x), D(G(z))) - \ell_G(D(x), D(\mathrm{sg}\,G(z)))\,].$$
#
# The bracket is 0 in value. Both its terms see the same $\varphi$, so its slope in $\varphi$ cancels; only the first
# sees $\theta$. So the one gradient of $L$ is $(\lambda\,\partial_\theta L_G,\ \partial_\varphi L_D)$, and one
# optimizer that descends $L$ plays the game. For the non-saturating loss, with $f' = D(\mathrm{sg}\,G(z))$: $L =
# \mathrm{sp}(-r) + \mathrm{sp}(f') + \lambda[\mathrm{sp}(-f) - \mathrm{sp}(-f')]$; for WGAN $-r + f' + \lambda(f' -
# f)$.
#
# Here it is for every loss of the library, on the smallest GAN there is: $G = \theta$, $D(x) = \varphi x$.

# %%
x, theta, phi = 0.7, 1.5, 0.8


def one_scalar(loss, theta, phi):
    real, live, held = phi * x, phi * theta, phi * jax.lax.stop_gradient(theta)
    bracket = loss.generator(real, live) - loss.generator(real, held)
    return loss.discriminator(real, held) + bracket, bracket


print(f"{'':35s} bracket    ∂L/∂θ   ∂L_G/∂θ     ∂L/∂φ   ∂L_D/∂φ")
for name, builder in LOSSES.items():
    loss = builder()
    together, bracket = jax.grad(lambda w, loss=loss: one_scalar(loss, *w), has_aux=True)(jnp.array([theta, phi]))
    of_gen = jax.grad(lambda theta, loss=loss: loss.generator(jnp.asarray(phi * x), phi * theta))(theta)
    of_disc = jax.grad(lambda phi, loss=loss: loss.discriminator(phi * x, phi * theta))(phi)
    np.testing.assert_allclose(together, [of_gen, of_disc], rtol=1e-12, atol=1e-15)
    print(f"{name:35s} {bracket:7g} {together[0]:9.5f} {of_gen:9.5f} {together[1]:9.5f} {of_disc:9.5f}")

# %% [markdown]
# ## Four ways to one field
#
# | `steps.…` | what it does |
# |---|---|
# | `separate` | two losses, two gradients (Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1) |
# | `single_loss(ratio)` | the scalar above |
# | `shared_forward` | one forward pass of the whole game, pulled back twice, with cotangents $(1, 0)$ and $(0, 1)$ |
# | `fused` | one forward and *one* backward pass |
#
# `fused` works where each sample is scored by itself: what arrives at sample $i$ from $L_D$ and from $L_G$ are both
# multiples of $\partial D(x_i)/\partial x_i$, so at the border between the networks the first is rescaled by
# $(\partial L_G/\partial f_i) / (\partial L_D/\partial f_i)$ and goes on as the second (Shen et al. 2021,
# arXiv:2103.00430). Where the divisor is 0, as on hinge's flat part, it is floored.
#
# Two small networks, four objectives, float64: the largest difference from `separate`, relative to the field's largest
# entry.

# %%
WAYS = {
    "separate": steps.separate,
    "single_loss": steps.single_loss(),
    "shared_forward": steps.shared_forward,
    "fused": steps.fused,
}
ring = data.load("ring")
batch = Batch(data.batch_at(ring, jax.random.key(0), 0, 64).samples.astype(jnp.float64))
mlp = architectures.ARCHITECTURES["mlp"]


def network_game(objective, features=(16,)):
    generator, discriminator = (build((2,), features=features) for build in (mlp.generator, mlp.discriminator))
    return Game(generator, discriminator, objective, priors.normal(2))


sgd = optax.sgd(0.1), optax.sgd(0.1)
algorithm = steps.synchronous(network_game(objectives.non_saturating()), *sgd)
state = algorithm.init(jax.random.key(1), batch)
deal = algorithm.deal(state.key, state.step, 64)
state = jax.tree.map(lambda leaf: leaf.astype(jnp.float64) if leaf.dtype == jnp.float32 else leaf, state)


def fields(objective):
    """The same field, [ways, parameters]."""
    flows = [steps.vector_field(network_game(objective), state, deal, batch, way) for way in WAYS.values()]
    return jax.jit(lambda point: jnp.stack([flow.function(point) for flow in flows]))(flows[0].point)


print(f"{'':21s}" + "".join(f"{name:>16s}" for name in WAYS))
for name in ("non_saturating", "hinge", "wgan_gp", "gan_qp"):
    found = fields(objectives.OBJECTIVES[name]())
    differences = jnp.abs(found - found[0]).max(axis=1) / jnp.abs(found[0]).max()
    print(f"{name:21s}" + "".join(f"{difference:16.1e}" for difference in differences))

# %% [markdown]
# ## What each costs
#
# The same numbers at another price: floating-point operations of one compiled step, by the compiler's own count.
# `alternating` needs two evaluations of the field, since the players move one after the other; *synchronous* steps one.

# %%
game = network_game(objectives.non_saturating(), features=(128, 128))
algorithms = {"separate, alternating": steps.alternating(game, *sgd)}
algorithms |= {f"{name}, synchronous": steps.synchronous(game, *sgd, gradients=way) for name, way in WAYS.items()}
flops = {}
for name, algorithm in algorithms.items():
    state = jax.eval_shape(algorithm.init, jax.random.key(0), batch)
    flops[name] = jax.jit(algorithm.step).lower(state, batch).compile().cost_analysis()["flops"]
figure, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
bars = axis.barh(list(flops), [count / 1e6 for count in flops.values()], color=[REAL] + 4 * [THIRD])
axis.bar_label(bars, fmt="%.1f", padding=3)
axis.invert_yaxis()
axis.set(xlabel="MFLOP a step, MLP 128-128, batch 64", xlim=(0, 1.12 * max(flops.values()) / 1e6))
plt.show()

# %% [markdown]
# ## A game that can be seen whole
#
# The *Dirac-GAN* (Mescheder et al. 2018, arXiv:1801.04406, section 2): the data are one point at 0, the generator puts
# a point at $\theta$, the discriminator scores $D(x) = \varphi x$. Its vector field $v = -(\partial_\theta L_G,
# \partial_\varphi L_D)$ is a flow in the plane with the equilibrium $(0, 0)$. For the non-saturating loss its Jacobian
# there is $\frac12\begin{pmatrix}0 & 1\\ -1 & 0\end{pmatrix}$, with eigenvalues $\pm\frac i2$: it turns, and neither
# comes nor goes. For WGAN they are $\pm i$; R1 with weight $\frac\gamma2$ makes them $-\frac\gamma2 \pm
# \sqrt{\frac{\gamma^2}4 - \frac14}$; consensus optimization with weight $\gamma$ (Mescheder et al. 2017,
# arXiv:1705.10461) $-\frac\gamma4 \pm \frac i2$.

# %%
POINT = Batch(jnp.zeros((2, 1)))


def dirac(objective, start=(0.0, 0.0)):
    theta, phi = (jnp.asarray(x, jnp.float64) for x in start)
    return Game(
        generator=architectures.stateless(lambda key, z: theta, lambda theta, z: z + theta),
        discriminator=architectures.stateless(lambda key, x: phi, lambda phi, x: phi * x[:, 0]),
        objective=objective,
        prior=Prior(lambda key, num: jnp.zeros((num, 1)), (1,)),
    )


def flow_of(objective, gradients=steps.separate):
    game = dirac(objective)
    algorithm = steps.synchronous(game, *sgd)
    state = algorithm.init(jax.random.key(0), POINT)
    return steps.vector_field(game, state, algorithm.deal(state.key, state.step, 2), POINT, gradients)


settings = {
    "non-saturating": (objectives.non_saturating(), steps.separate, "± i/2"),
    "WGAN": (objectives.wgan(), steps.separate, "± i"),
    "R1, γ = ½": (objectives.non_saturating_r1(0.5), steps.separate, "−¼ ± .4330 i"),
    "R1, γ = 1": (objectives.non_saturating_r1(1.0), steps.separate, "−½, twice"),
    "consensus, γ = 1": (objectives.non_saturating(), steps.consensus(1.0), "−¼ ± i/2"),
}
for name, (objective, gradients, theory) in settings.items():
    found = steps.eigenvalues(steps.jacobian(flow_of(objective, gradients))).round(4) + 0.0
    print(f"{name:18s} theory {theory:14s} found {found[0]:.4f}, {found[1]:.4f}")

# %% [markdown]
# ## λ is a learning rate, and Adam can't see it
#
# `single_loss(ratio)` multiplies the generator's gradient by $\lambda$. Under plain gradient descent its step is
# $\lambda$ times as long; Adam divides a gradient by its own size, so that $\lambda$ does nothing there beyond its
# epsilon. Set the learning rates instead.

# %%
for name, optimizer in {"SGD ": optax.sgd(0.1), "Adam": optax.adam(1e-3)}.items():
    moves = []
    for ratio in (1.0, 4.0):
        game = dirac(objectives.non_saturating(), start=(1.0, 1.0))
        algorithm = steps.synchronous(game, optimizer, optimizer, gradients=steps.single_loss(ratio))
        before = algorithm.init(jax.random.key(0), POINT)
        after, _ = algorithm.step(before, POINT)
        moves.append(after.gen_params - before.gen_params)
    print(f"{name}: θ moves by {moves[0]:.6f} with λ = 1, by {moves[1]:.6f} with λ = 4")

# %% [markdown]
# ## Phase portraits
#
# 300 steps of length 0.2 from (1, 1), light to dark, over the arrows of the field. In the upper row the game is the
# same, and only the way to move along its field differs:
#
# - *synchronous*: both move from the same point, so each step leaves the circle along its tangent and ends further out.
#   The loss's own curvature pulls in by $r^3/16$ a unit of time, which wins far from the middle; near it the steps win,
#   by $rh/8$. The two meet on a ring of radius $\sqrt{2h} = .63$, and there the game goes round for ever.
# - *alternating*: the generator answers the discriminator's new move. Nothing pushes out; it comes in, ever more
#   slowly.
# - *extragradient* (Korpelevich 1976; Gidel et al. 2018, arXiv:1802.10551) looks ahead and moves by what it sees there.
# - *optimistic* (Daskalakis et al. 2017, arXiv:1711.00141) extrapolates its last move. Both come in.
#
# In the lower row all steps are synchronous, and the field itself is another. Consensus and R1 bend it inwards. WGAN,
# linear in both players, has no curvature to hold it: it spirals out. WGAN-GP wants a slope of 1 where the equilibrium
# has 0, and circles.

# %%
STEP = 0.2
portraits = {
    "synchronous": (objectives.non_saturating(), steps.synchronous, steps.separate),
    "alternating": (objectives.non_saturating(), steps.alternating, steps.separate),
    "extragradient": (objectives.non_saturating(), steps.extragradient, steps.separate),
    "optimistic": (objectives.non_saturating(), steps.optimistic, steps.separate),
    "consensus, γ = 1": (objectives.non_saturating(), steps.synchronous, steps.consensus(1.0)),
    "R1, γ = 1": (objectives.non_saturating_r1(1.0), steps.synchronous, steps.separate),
    "WGAN": (objectives.wgan(), steps.synchronous, steps.separate),
    "WGAN-GP, λ = ¼": (objectives.wgan_gp(0.25), steps.synchronous, steps.separate),
}


def path(objective, schedule, gradients, num_steps=300):
    algorithm = schedule(dirac(objective, (1.0, 1.0)), optax.sgd(STEP), optax.sgd(STEP), gradients=gradients)

    def body(state, _):
        return algorithm.step(state, POINT)[0], jnp.stack([state.gen_params, state.disc_params])

    state = algorithm.init(jax.random.key(0), POINT)
    return jax.jit(lambda state: jax.lax.scan(body, state, length=num_steps)[1])(state)


line = jnp.linspace(-2.2, 2.2, 12)
places = jnp.stack(jnp.meshgrid(line, line), axis=-1)
figure, axes = plt.subplots(2, 4, figsize=(12, 6.4), sharex=True, sharey=True, layout="constrained")
for axis, (name, (objective, schedule, gradients)) in zip(axes.flat, portraits.items(), strict=True):
    arrows = jax.jit(jax.vmap(jax.vmap(flow_of(objective, gradients).function)))(places)
    arrows /= jnp.linalg.norm(arrows, axis=-1, keepdims=True)
    axis.quiver(line, line, arrows[..., 0], arrows[..., 1], color="0.8", pivot="mid", scale=20, width=0.006)
    theta, phi = path(objective, schedule, gradients).T
    axis.plot(theta, phi, color=FAKE, linewidth=0.6, alpha=0.6)
    axis.scatter(theta, phi, c=np.arange(len(theta)), s=5, cmap="YlOrBr", vmin=-100, zorder=2)
    axis.plot(0, 0, "+", color="black", markersize=10)
    axis.set(title=name, xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal")
figure.supxlabel("θ, the generator")
figure.supylabel("φ, the discriminator")
plt.show()

# %% [markdown]
# ## How fast they come or go
#
# One step is a map of the plane; near the equilibrium a small deviation grows each step by the map's spectral radius.
# With a step of $h$ and $z = \frac{ih}2$ theory says: synchronous $|1 + z| = \sqrt{1 + h^2/4}$, alternating 1,
# extragradient $|1 + z + z^2|$, optimistic the larger root of $\rho^2 - (1 + 2z)\rho + z = 0$, Runge–Kutta of order 4
# $|1 + z + \frac{z^2}2 + \frac{z^3}6 + \frac{z^4}{24}|$ (the integrator of ODE-GAN, Qin et al. 2020, arXiv:2010.15040),
# consensus $|1 + z - \frac{\gamma h}4|$. Lines are theory, dots the library's steps, differentiated.

# %%
lengths, fine = jnp.linspace(0.1, 1.2, 12), np.linspace(0, 1.25, 126)
schedules = {
    "synchronous": (steps.synchronous, steps.separate, lambda z: 1 + z),
    "alternating": (steps.alternating, steps.separate, lambda z: 1 + 0 * z),
    "extragradient": (steps.extragradient, steps.separate, lambda z: 1 + z + z**2),
    "optimistic": (steps.optimistic, steps.separate, lambda z: 0.5 + z + np.sqrt(0.25 + z**2)),
    "Runge–Kutta 4": (steps.runge_kutta, steps.separate, lambda z: 1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24),
    "consensus, γ = 1": (steps.synchronous, steps.consensus(1.0), lambda z: 1 + z - np.abs(z) / 2),
}


def step_matrices(schedule, gradients):
    """One step's Jacobian at (0, 0), for each length: of the second step, since an optimistic first one has no past."""

    def matrix(length):
        game, sgd = dirac(objectives.non_saturating()), optax.sgd(length)
        algorithm = schedule(game, sgd, sgd, gradients=gradients)
        state, _ = algorithm.step(algorithm.init(jax.random.key(0), POINT), POINT)
        return steps.jacobian(steps.one_step(algorithm, state, POINT))

    return jax.jit(jax.vmap(matrix))(lengths)


figure, axis = plt.subplots(figsize=(7.5, 4), layout="constrained")
for index, (name, (schedule, gradients, theory)) in enumerate(schedules.items()):
    color = plt.cm.Dark2(index)
    radii = [steps.spectral_radius(matrix) for matrix in step_matrices(schedule, gradients)]
    np.testing.assert_allclose(radii, np.abs(theory(0.5j * lengths)), rtol=1e-6)
    dashes = "--" if name == "Runge–Kutta 4" else "-"  # it covers alternating
    axis.plot(fine, np.abs(theory(0.5j * fine)), dashes, color=color, label=name)
    axis.plot(lengths, radii, "o", color=color, markersize=4)
axis.set(xlabel="step h", ylabel="growth of a deviation a step", xlim=(0, 1.25))
axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
plt.show()

# %% [markdown]
# Above 1 the game never settles. Runge–Kutta follows the flow so well that it all but circles with it: the field, not
# the integrator, must be mended there. R1 mends it: as its weight grows the two eigenvalues come in from $\pm\frac i2$,
# meet at $\gamma = 1$ (critical damping), and part along the real axis, one back towards 0: too much of it is slow
# again.

# %%
weights = np.linspace(0, 2.5, 26)
found = np.array([steps.eigenvalues(steps.jacobian(flow_of(objectives.non_saturating_r1(g + 1e-12)))) for g in weights])
dense = np.linspace(0, 2.5, 2001)
root = np.sqrt(dense**2 / 4 - 0.25 + 0j)
figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
for theory in (-dense / 2 + root, -dense / 2 - root):
    axis.plot(theory.real, theory.imag, color="0.7", zorder=1)
for values in found.T:
    dots = axis.scatter(values.real, values.imag, c=weights, cmap="viridis", s=22, zorder=2)
axis.axvline(0, color="black", linewidth=0.8)
axis.set(xlabel="real part: left of 0 it settles", ylabel="imaginary part: it turns", aspect="equal")
figure.colorbar(dots, label="γ", shrink=0.6)
plt.show()

# %% [markdown]
# ## Try
#
# - `disc_steps=5` in `steps.alternating`; `steps.unrolled`; another objective in `dirac`: hinge, least squares, GAN-QP.
# - `python experiments/dynamics.py` draws every objective, and prints eigenvalues and growth.
# - `steps.fused` in notebook 1: the same course with less arithmetic.
