"""Mistakes found in published GAN code, at the level of whole objectives: each is a test that would have caught it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from ganjax import objectives
from ganjax.checks import InputError, UnknownNameError
from ganjax.objectives._wasserstein import DIVERGENCE_POINTS
from ganjax.types import AdversarialLoss, DiscriminatorOutput, Play

KEY = jax.random.key(2)
PLAYERS = ("discriminator", "generator")


def play(real_scores=(0.3, -0.2, 1.1), fake_scores=(-0.4, 0.6, 0.1), features=(), **fields):
    rng = np.random.default_rng(4)
    real, fake, latents = (jnp.asarray(rng.normal(0.3, 1.0, (3, 5)), jnp.float32) for _ in range(3))
    outputs = [DiscriminatorOutput(jnp.asarray(scores, jnp.float32), features) for scores in (real_scores, fake_scores)]
    plain = Play(real, fake, latents, (), *outputs, lambda x: jnp.sin(3 * x[0]) * x[1])
    return plain._replace(**fields)


def posterior_play(posterior):
    latents = jnp.array([[0.5, 1.0, 0.0, 0.3], [-0.2, 0.0, 1.0, -0.8], [0.1, 0.0, 1.0, 0.6]])
    return play(features={"posterior": posterior}, latents=latents)


@pytest.mark.parametrize("player", PLAYERS)
def test_infogan_s_term_is_in_both_losses_with_its_gradient(player):
    """A term whose value is right and whose gradient is cut, or that one player doesn't get."""
    posterior = jnp.array([[0.2, -0.4, 0.1], [0.9, 0.3, -0.5], [-0.7, 0.5, 0.2]])
    objective = objectives.infogan(weight=2.0, categories=2, continuous=1)

    def loss(posterior):
        return jnp.sum(getattr(objective, player)(KEY, posterior_play(posterior)))

    logits, mean = np.split(np.asarray(posterior), [2], axis=1)
    codes, number = np.array([[1, 0], [0, 1], [0, 1]]), np.array([[0.3], [-0.8], [0.6]])
    # d/dlogits of −2 log softmax[c] is 2(softmax − one_hot); d/dmean of (c − mean)² is −2(c − mean)
    softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = np.concatenate([2 * (softmax - codes), -2 * (number - mean)], axis=1)
    np.testing.assert_allclose(jax.grad(loss)(posterior), expected, rtol=1e-5, atol=1e-6)


def test_infogan_learns_its_code_from_the_fake_batch():
    """The real batch has no code: its posterior must not matter."""
    posterior = jnp.array([[0.2, -0.4, 0.1], [0.9, 0.3, -0.5], [-0.7, 0.5, 0.2]])
    objective, shown = objectives.infogan(categories=2, continuous=1), posterior_play(posterior)
    other = shown._replace(real_output=shown.real_output._replace(features={"posterior": 10 * posterior}))
    for player in PLAYERS:
        np.testing.assert_array_equal(getattr(objective, player)(KEY, shown), getattr(objective, player)(KEY, other))


def test_ebgan_repels_in_the_generator_alone():
    codes = jnp.array([[1.0, 0.2], [0.9, 0.4], [-0.3, 0.8]])

    def total(player):
        objective = objectives.ebgan()
        return lambda codes: jnp.sum(getattr(objective, player)(KEY, play(features={"codes": codes})))

    assert not jax.grad(total("discriminator"))(codes).any()
    assert jax.grad(total("generator"))(codes).any()


@pytest.mark.parametrize(
    ("whole", "base"),
    [
        (objectives.wgan_gp, objectives.wgan),
        (objectives.wgan_lp, objectives.wgan),
        (objectives.wgan_div, objectives.wgan),
        (objectives.non_saturating_r1, objectives.non_saturating),
        (objectives.dragan, objectives.non_saturating),
        (objectives.r3gan, objectives.relativistic),
    ],
)
def test_penalties_never_enter_the_generator(whole, base):
    shown = play()
    np.testing.assert_array_equal(whole().generator(KEY, shown), base().generator(KEY, shown))
    assert (whole().discriminator(KEY, shown) > base().discriminator(KEY, shown)).any()


@pytest.mark.parametrize("objective", [objectives.gan_qp(), objectives.ogan(correlation_weight=0.0)])
def test_quadratic_terms_never_enter_the_generator(objective):
    """Its gradient is −1 in each fake score, and none reaches the samples but through the scores."""
    latents = play().latents

    def total(fake_scores, fake):
        return jnp.sum(objective.generator(KEY, play(fake_scores=fake_scores, features={"codes": latents}, fake=fake)))

    on_scores, on_samples = jax.grad(total, argnums=(0, 1))(jnp.array([-0.4, 0.6, 0.1]), play().fake)
    np.testing.assert_array_equal(on_scores, -1.0)
    assert not on_samples.any()


def test_quadratic_terms_pair_by_index():
    """Same-index pairs: reordering one side alone changes the loss, reordering both does not."""
    objective, shown, order = objectives.gan_qp(), play(), jnp.array([2, 0, 1])

    def reordered(shown, *sides):
        for side in sides:
            output = getattr(shown, f"{side}_output")
            moved = {side: getattr(shown, side)[order], f"{side}_output": output._replace(scores=output.scores[order])}
            shown = shown._replace(**moved)
        return np.sort(objective.discriminator(KEY, shown))

    straight = np.sort(objective.discriminator(KEY, shown))
    np.testing.assert_allclose(reordered(shown, "real", "fake"), straight, rtol=1e-6)
    assert np.abs(reordered(shown, "fake") - straight).max() > 0.01


# --- a key used twice


def test_no_key_is_spent_twice():
    """Penalties around penalties around an objective that draws: four numbers, none of them equal."""
    seen = []

    def record(key, play):
        seen.append(tuple(np.asarray(jax.random.key_data(key))))
        return 0.0 * play.real_scores

    base = objectives.Objective(record, record)
    whole = objectives.penalized(objectives.penalized(objectives.penalized(base, record), record), record)
    whole.discriminator(KEY, play())
    assert len(seen) == len(set(seen)) == 4
    assert tuple(np.asarray(jax.random.key_data(KEY))) not in seen


def test_what_is_drawn_follows_the_key():
    for build in (objectives.wgan_gp, objectives.wgan_lp, objectives.dragan):
        same, again, other = (build().discriminator(jax.random.key(seed), play()) for seed in (0, 0, 1))
        np.testing.assert_array_equal(same, again)
        assert not np.array_equal(same, other)


# --- options and inputs


@pytest.mark.parametrize(
    ("build", "right"),
    [
        (lambda: objectives.wgan_div(points="endpoints"), "end_points"),
        (lambda: objectives.f_gan_by_name("pearsen"), "pearson"),
        (lambda: objectives.OBJECTIVES["relativistic_averaged"], "relativistic_average"),
        (lambda: objectives.SETTINGS["wgan_pg"], "wgan_gp"),
        (lambda: objectives.gan_qp(distance="l3"), "l2"),
    ],
)
def test_a_misspelt_name_is_answered(build, right):
    # the tests' type checker may be first to refuse it; it names the right ones too
    with pytest.raises((UnknownNameError, TypeCheckError), match=right):
        build()


def test_a_misspelt_choice_is_refused_without_a_type_checker():
    with pytest.raises(UnknownNameError, match="Did you mean 'end_points'"):
        DIVERGENCE_POINTS["endpoints"]


@pytest.mark.parametrize("labels", [(), jnp.ones(3), jnp.ones((3, 2), int)])
def test_acgan_refuses_what_is_no_label(labels):
    shown = play(features={"class_logits": jnp.zeros((3, 4))}, condition=labels)
    with pytest.raises(InputError, match=r"integer labels \[3\].*\(samples, labels\)"):
        objectives.acgan().generator(KEY, shown)


def test_a_helper_with_a_stray_axis_is_refused():
    """[B, 1] against [B] would broadcast to [B, B]."""
    shown = play(helper_fn=lambda x, z: x[:, :1] + z[:, :1])
    with pytest.raises(InputError, match=r"\[3\], got \[3, 1\]: squeeze"):
        objectives.meg().generator(KEY, shown)


def test_codes_of_another_size_than_the_latents_are_refused():
    shown = play(features={"codes": jnp.ones((3, 4))})
    with pytest.raises(InputError, match=r"codes\[3, 4\] for latents\[3, 5\]: set the encoder's code_dim"):
        objectives.ogan().generator(KEY, shown)


def test_scores_with_a_stray_axis_are_refused():
    column = DiscriminatorOutput(jnp.zeros((3, 1)))
    for build in (objectives.hinge, objectives.relativistic, objectives.wgan_gp, objectives.gan_qp):
        with pytest.raises(InputError, match="squeeze"):
            build().discriminator(KEY, play(real_output=column))


@pytest.mark.parametrize("margin", [0.0, -1.0])
def test_a_margin_must_be_positive(margin):
    with pytest.raises(InputError, match="m > 0"):
        objectives.ebgan(margin=margin)


# --- composition


def test_penalized_adds_and_keeps_what_the_objective_needs():
    base = objectives.ebgan()
    whole = objectives.penalized(base, lambda key, play: 0.0 * play.real_scores + 7.0)
    assert whole.needs == base.needs == ("codes",)
    assert objectives.penalized(objectives.meg(), lambda key, play: play.real_scores).needs_helper
    shown = play(features={"codes": jnp.eye(3)})
    np.testing.assert_allclose(
        whole.discriminator(KEY, shown) - base.discriminator(KEY, shown), jnp.full(3, 7.0), rtol=1e-5
    )


def test_adversarial_hands_over_real_scores_first():
    loss = AdversarialLoss(lambda real, fake: 10 * real + fake, lambda real, fake: 100 * real + fake)
    objective, shown = objectives.adversarial(loss), play()
    real, fake = np.asarray(shown.real_scores), np.asarray(shown.fake_scores)
    np.testing.assert_allclose(objective.discriminator(KEY, shown), 10 * real + fake, rtol=1e-6)
    np.testing.assert_allclose(objective.generator(KEY, shown), 100 * real + fake, rtol=1e-6)
