"""mnist-gan-qp: GAN-QP on MNIST; two discriminator steps, no batch norm in D, and no constraint on its slope.

python experiments/train.py mnist-gan-qp --data.dir PATH/TO/mnist
"""

from dataclasses import replace

from choices import choose
from config import Update

from configs import mnist

CONFIG = replace(
    mnist.CONFIG,
    discriminator=choose("discriminator", "dcgan", channels=32, normalization="none"),
    objective=choose("objective", "gan-qp"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4),
    update=Update(disc_steps=2),
)
