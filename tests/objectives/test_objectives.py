"""Every objective against its paper's formula in NumPy float64, in value and in both players' gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import references_objectives as ref
import references_regularizers

from ganjax import objectives
from ganjax.checks import InputError
from ganjax.types import DiscriminatorOutput, Play

CASES = ref.cases()
KEY = jax.random.key(23)
BATCH, SHAPE, LATENT_DIM = 6, (2, 1, 2), 7  # images: no two axes alike but the last


def drawn(shape):
    """What the penalties draw: `penalized` keeps the second half of its key for them."""
    _, penalty_key = jax.random.split(KEY)
    column = (shape[0],) + (1,) * (len(shape) - 1)

    def inside(key):
        partner_key, epsilon_key = jax.random.split(key)
        partners = jax.random.permutation(partner_key, jnp.arange(shape[0]))
        return np.asarray(jax.random.uniform(epsilon_key, column)).ravel(), np.asarray(partners)

    real_key, fake_key = jax.random.split(penalty_key)
    return {
        "epsilon": np.asarray(jax.random.uniform(penalty_key, column)).ravel(),
        "uniform": np.asarray(jax.random.uniform(penalty_key, shape)),
        "inside_real": inside(real_key),
        "inside_fake": inside(fake_key),
    }


def board(seed=11):
    """Asymmetric everything: real and fake differ in mean and spread. Call it in float64."""
    rng = np.random.default_rng(seed)
    shape = (BATCH, *SHAPE)
    disc, gen, helper = ref.players(rng, int(np.prod(SHAPE)), LATENT_DIM)
    noise = rng.normal(0.3, 1.0, (BATCH, LATENT_DIM - ref.CATEGORIES - ref.CONTINUOUS))
    one_hot = np.eye(ref.CATEGORIES)[rng.integers(0, ref.CATEGORIES, BATCH)]
    latents = np.concatenate([noise, one_hot, rng.uniform(-1, 1, (BATCH, ref.CONTINUOUS))], axis=1)
    real, labels = rng.normal(0.4, 0.9, shape), rng.integers(0, 4, BATCH)
    return ref.Board(disc, gen, helper, real, latents, labels, drawn(shape))


def play(b, disc, gen, helper):
    """The board as the library sees it."""
    real, latents = jnp.asarray(b.real), jnp.asarray(b.latents)
    fake = ref.generate(gen, latents, real.shape, jnp)

    def score_fn(x):
        return references_regularizers.score(disc, x, jnp)

    def output(samples):
        return DiscriminatorOutput(jax.vmap(score_fn)(samples), ref.features(disc, samples, jnp))

    return Play(
        real, fake, latents, (), output(real), output(fake), score_fn, lambda *x: ref.statistics(helper, *x, jnp)
    )


def with_labels(b, row, shown):
    """Only the conditional rows see labels: `score_fn` takes none here."""
    return shown._replace(condition=jnp.asarray(b.labels)) if row in ("acgan", "projection") else shown


def evaluated(label, b):
    """(L_D, L_G, ∂ mean L_D/∂φ, ∂ mean L_G/∂(θ, helper)), in one compilation."""
    row, settings, _ = CASES[label]
    objective = objectives.OBJECTIVES[row](**settings)

    def disc_losses(disc, gen, helper):
        return objective.discriminator(KEY, with_labels(b, row, play(b, disc, gen, helper)))

    def gen_losses(disc, gen, helper):
        return objective.generator(KEY, with_labels(b, row, play(b, disc, gen, helper)))

    def everything(*players):
        return (
            disc_losses(*players),
            gen_losses(*players),
            jax.grad(lambda *p: jnp.mean(disc_losses(*p)))(*players),
            jax.grad(lambda *p: jnp.mean(gen_losses(*p)), argnums=(1, 2))(*players),
        )

    return jax.jit(everything)(*jax.tree.map(jnp.asarray, (b.disc, b.gen, b.helper)))


def slopes(function, params):
    """Central differences, part by part."""
    return {
        part: references_regularizers.numerical_gradient(lambda x, part=part: function({**params, part: x}), value)
        for part, value in params.items()
    }


def same_slopes(found, expected):
    for part, numerical in expected.items():
        np.testing.assert_allclose(found[part], numerical, rtol=1e-4, atol=1e-4 * max(1.0, np.abs(numerical).max()))


def test_every_row_has_a_formula():
    assert {row for row, _, _ in CASES.values()} == set(objectives.OBJECTIVES)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("label", CASES)
def test_losses_and_gradients_match_the_paper(label):
    b = board()
    disc_loss, gen_loss, disc_grads, (gen_grads, helper_grads) = evaluated(label, b)
    discriminator, generator = CASES[label][2]
    assert disc_loss.shape == gen_loss.shape == (BATCH,)
    assert disc_loss.dtype == gen_loss.dtype == jnp.float64
    np.testing.assert_allclose(disc_loss, discriminator(b), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(gen_loss, generator(b), rtol=1e-6, atol=1e-9)
    same_slopes(disc_grads, slopes(lambda p: np.mean(discriminator(b._replace(disc=p))), b.disc))
    same_slopes(gen_grads, slopes(lambda p: np.mean(generator(b._replace(gen=p))), b.gen))
    same_slopes(helper_grads, slopes(lambda p: np.mean(generator(b._replace(helper=p))), b.helper))


@pytest.mark.usefixtures("x64")
def test_the_board_can_tell_the_formulas_apart():
    """What would hide a mistake: equal sides, slopes all above or below one, all scores beyond a margin or within."""
    b = board()
    assert abs(b.real_scores.mean() - b.fake_scores.mean()) > 0.1
    norms = references_regularizers.gradient_norms(b.disc, ref.between(b))
    assert norms.min() < 1 < norms.max()
    real, fake = b.real_scores, b.fake_scores
    assert real.min() < 1 < real.max()
    assert fake.min() < -1 < -0.5 < fake.max()  # the hinge at −1, the nearer margin at −½
    assert (real - fake).min() < 0 < (real - fake).max()


# --- by hand


def linear_play(real=((1.0, -2.0), (0.5, 3.0)), fake=((0.0, 1.0), (-1.0, 2.0)), slope=(3.0, 4.0), **other):
    """D(x) = 3x₁ + 4x₂, ‖∇D‖ = 5: r = −5, 13.5 and f = 4, 5."""
    real, fake, slope = jnp.array(real), jnp.array(fake), jnp.array(slope)
    features = other.pop("features", ())
    outputs = [DiscriminatorOutput(x @ slope, features) for x in (real, fake)]
    fields = {"latents": jnp.zeros((2, 1)), "condition": (), "score_fn": lambda x: x @ slope} | other
    return Play(real, fake, real_output=outputs[0], fake_output=outputs[1], **fields)


@pytest.mark.parametrize(
    ("objective", "penalty"),
    [
        (objectives.wgan(), 0.0),
        (objectives.wgan_gp(), 160.0),  # 10 · (5 − 1)²
        (objectives.wgan_gp(weight=0.1), 1.6),
        (objectives.wgan_lp(), 160.0),
        (objectives.wgan_div(), 31250.0),  # 2 · 5⁶, the mean of its two ends
        (objectives.wgan_div(k=0.5, p=2.0), 12.5),
        (objectives.wgan_div(k=0.5, p=2.0, points="interpolates"), 12.5),
        (objectives.wgan_div(k=0.5, p=2.0, points="inside_each"), 12.5),
    ],
)
def test_wasserstein_games_by_hand(objective, penalty):
    shown = linear_play()
    # f − r = 4 + 5, 5 − 13.5
    np.testing.assert_allclose(objective.discriminator(KEY, shown), [9 + penalty, -8.5 + penalty], rtol=1e-6)
    np.testing.assert_allclose(objective.generator(KEY, shown), [-4, -5], rtol=1e-6)


def test_half_gamma_by_hand():
    # R1 and R2 are each (γ/2)·25 on D(x) = 3x₁ + 4x₂; at γ = 10: 125
    shown = linear_play(fake=((1.0, -2.0), (0.5, 3.0)))  # r = f: the relativistic loss is log 2
    base = objectives.non_saturating().discriminator(KEY, shown)
    np.testing.assert_allclose(objectives.non_saturating_r1().discriminator(KEY, shown) - base, 125.0, rtol=1e-6)
    np.testing.assert_allclose(objectives.dragan().discriminator(KEY, shown) - base, 160.0, rtol=1e-6)
    np.testing.assert_allclose(objectives.r3gan().discriminator(KEY, shown), 25.0 + np.log(2), rtol=1e-6)
    np.testing.assert_allclose(objectives.r3gan(gamma=0.2).discriminator(KEY, shown), 5.0 + np.log(2), rtol=1e-6)
    np.testing.assert_allclose(objectives.r3gan().generator(KEY, shown), np.log(2), rtol=1e-6)


def test_gan_qp_by_hand():
    # Δ = −9, 8.5; d = mean(1, 3) = 2 and mean(1.5, 1) = 1.25: Δ²/(2·10·d) = 81/40 and 72.25/25
    objective, shown = objectives.gan_qp(), linear_play()
    np.testing.assert_allclose(objective.discriminator(KEY, shown), [9 + 2.025, -8.5 + 2.89], rtol=1e-6)
    np.testing.assert_allclose(objective.generator(KEY, shown), [-9, 8.5], rtol=1e-6)


def test_meg_by_hand():
    # T(x, z) = z: joint scores z = 0, log 3; product scores (the neighbor's z) log 3, 0
    #   −sp(−z) − sp(z′) = −log 2 − log 4,  −log(4/3) − log 2
    latents = jnp.array([[0.0], [np.log(3.0)]])
    shown = linear_play(latents=latents, helper_fn=lambda x, z: z[:, 0])
    information = np.array([-np.log(2) - np.log(4), -np.log(4 / 3) - np.log(2)])
    np.testing.assert_allclose(objectives.meg().generator(KEY, shown), -np.array([4, 5]) - information, rtol=1e-6)
    # f − r + .1 · 25
    np.testing.assert_allclose(objectives.meg().discriminator(KEY, shown), [9 + 2.5, -8.5 + 2.5], rtol=1e-6)


def test_meg_lets_its_helper_discriminate():
    """Descending L_G in T's parameters raises T on joint pairs and lowers it on shuffled ones."""
    shown = linear_play(latents=jnp.array([[-1.0], [2.0]]))

    def loss(table):
        """T by lookup: joint pairs (i, i), shuffled ones (i, i − 1)."""
        calls = iter([table[0], table[1]])
        return jnp.mean(objectives.meg().generator(KEY, shown._replace(helper_fn=lambda x, z: next(calls))))

    joint, product = jax.grad(loss)(jnp.array([[0.3, -0.2], [0.1, 0.4]]))
    assert (joint < 0).all()
    assert (product > 0).all()


def test_ogan_by_hand():
    # Δ = −9, 8.5; mean square distances (1 + 9)/2 = 5 and (2.25 + 1)/2 = 1.625; ρ = 1 and −1
    codes = jnp.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    shown = linear_play(latents=jnp.array([[2.0, 4.0, 6.0], [5.0, 3.0, 1.0]]), features={"codes": codes})
    rho = np.array([1, -1])
    expected = np.array([9 + 0.25 * 81 / 5, -8.5 + 0.25 * 72.25 / 1.625]) - 0.5 * rho
    np.testing.assert_allclose(objectives.ogan().discriminator(KEY, shown), expected, rtol=1e-5)
    np.testing.assert_allclose(objectives.ogan().generator(KEY, shown), [-9 - 0.5, 8.5 + 0.5], rtol=1e-5)


def test_ebgan_by_hand():
    # energies E = −D: 5, −13.5 on real, −4, −5 on fake; m = 4.5: relu(4.5 + 4), relu(4.5 + 5)
    # codes at 60°: cos² = ¼
    codes = jnp.array([[1.0, 0.0], [1.0, np.sqrt(3.0)]])
    objective, shown = objectives.ebgan(margin=4.5), linear_play(features={"codes": codes})
    np.testing.assert_allclose(objective.discriminator(KEY, shown), [5 + 8.5, -13.5 + 9.5], rtol=1e-6)
    np.testing.assert_allclose(objective.generator(KEY, shown), [-4 + 0.025, -5 + 0.025], rtol=1e-6)


def test_acgan_by_hand():
    # logits (0, log 3): class 1 has probability ¾. Labels 1, 0: −log ¾, −log ¼; on real AND fake for D, on fake for G
    logits = jnp.array([[0.0, np.log(3.0)]] * 2)
    features, labels = {"class_logits": logits}, jnp.array([1, 0])
    shown = linear_play(features=features, condition=labels)
    base, supervised = objectives.non_saturating(), np.log([4 / 3, 4])
    for weight in (1.0, 0.4):
        objective = objectives.acgan(weight)
        for player, times in (("discriminator", 2), ("generator", 1)):
            extra = getattr(objective, player)(KEY, shown) - getattr(base, player)(KEY, shown)
            np.testing.assert_allclose(extra, times * weight * supervised, rtol=1e-5)


# --- conditional games: the condition goes to the penalty's discriminator with its sample


@pytest.mark.parametrize(
    ("objective", "penalty"),
    [
        (objectives.wgan_gp(), lambda n: 10 * (n - 1) ** 2),
        (objectives.wgan_lp(), lambda n: 10 * np.maximum(n - 1, 0) ** 2),
        (objectives.wgan_div(), lambda n: 2 * n**6),
        (objectives.wgan_div(points="interpolates"), lambda n: 2 * n**6),
        (objectives.non_saturating_r1(), lambda n: 5 * n**2),
        (objectives.dragan(), lambda n: 10 * (n - 1) ** 2),
        (objectives.r3gan(), lambda n: n**2),
        (objectives.meg(), lambda n: 0.1 * n**2),
    ],
)
def test_penalties_see_the_condition(objective, penalty):
    # D(x | y) = y (.3x₁ + .4x₂): ‖∇D‖ = |y|/2; scores set to 0, where L_D without penalty is the same for both samples
    labels, slope = jnp.array([1.0, 4.0]), jnp.array([0.3, 0.4])
    shown = linear_play(condition=labels, score_fn=lambda x, y: y * (x @ slope))
    zeros = DiscriminatorOutput(jnp.zeros(2))
    losses = objective.discriminator(KEY, shown._replace(real_output=zeros, fake_output=zeros))
    low, high = penalty(np.array([0.5, 2.0]))
    np.testing.assert_allclose(losses[1] - losses[0], high - low, rtol=1e-5)


def test_two_samples_of_different_labels_have_no_point_between_them():
    shown = linear_play(condition=jnp.array([0, 1]), score_fn=lambda x, y: x[0])
    with pytest.raises(InputError, match="without a condition"):
        objectives.wgan_div(points="inside_each").discriminator(KEY, shown)
