"""mnist-wgan-gp: WGAN-GP on MNIST; five discriminator steps under a gradient penalty, no batch norm in D.

python experiments/train.py mnist-wgan-gp --data.dir PATH/TO/mnist
"""

from dataclasses import replace

from choices import choose
from config import Update

from configs import mnist

CONFIG = replace(
    mnist.CONFIG,
    discriminator=choose("discriminator", "dcgan", channels=32, normalization="none"),
    objective=choose("objective", "wgan-gp"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4, b2=0.9),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4, b2=0.9),
    update=Update(disc_steps=5, ema_decay=0.99),
    num_steps=1500,
)
