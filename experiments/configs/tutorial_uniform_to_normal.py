"""tutorial-uniform-to-normal: figure 1 of the first GAN paper, played: uniform noise moves onto a normal, on the line.

    python experiments/train.py tutorial-uniform-to-normal

A small MLP moves z ~ U(−1, 1) onto N(2, 1). Every snapshot draws the data's density (dotted), the generator's, the
discriminator's probability (dashed) and, below, where latents go: samples.gif is the figure, moving. A discriminator
kept near its optimum (five steps, a greater rate) makes the figure's point: at the end D is near ½ where q covers p,
and 1 in the tails that bounded latents don't reach. Half a minute; evaluate.py finds W1 = .083, where 10 000 samples of
N(2, 1) itself have .016. Goodfellow et al. 2014, arXiv:1406.2661.
"""

from choices import choose
from config import Config, Data, Update

CONFIG = Config(
    data=Data(name="normal"),
    prior=choose("prior", "uniform", latent_dim=1),
    generator=choose("generator", "mlp", features=(32, 32), activation="tanh"),
    discriminator=choose("discriminator", "mlp", features=(64, 64), activation="tanh"),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=5e-3),
    update=Update(disc_steps=5, ema_decay=None),
    batch_size=256,
    num_steps=5000,
    log_every=100,
    sample_every=400,
    checkpoint_every=2500,
    steps_per_call=100,
    num_samples=4000,
)
