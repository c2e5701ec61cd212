"""mnist-meg: a maximum-entropy generator of an energy on MNIST, with a statistics network; five energy steps.

python experiments/train.py mnist-meg --data.dir PATH/TO/mnist

mala.png shows samples before and after a walk on the energy of their latents. The penalty's weight is 1, not the
paper's 10: it divides the energy, and at 10 the entropy outweighs an energy so flat, so that strokes stay no digits.
"""

from dataclasses import replace

from choices import choose
from config import Update

from configs import mnist

CONFIG = replace(
    mnist.CONFIG,
    prior=choose("prior", "normal", latent_dim=128),
    discriminator=choose("discriminator", "dcgan", channels=32, normalization="none"),
    objective=choose("objective", "meg", weight=1.0),
    helper=choose("helper", "dcgan-statistics", channels=32),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4, b2=0.9),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4, b2=0.9),
    update=Update(disc_steps=5, ema_decay=0.99),
    num_steps=2000,
)
