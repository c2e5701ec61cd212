"""mnist-cgan: a conditional GAN on MNIST; both networks are told the digit.

python experiments/train.py mnist-cgan --data.dir PATH/TO/mnist

classes.png has a row for each digit; evaluate.py measures how often a classifier sees the digit that was asked for.
"""

from dataclasses import replace

from choices import choose

from configs import mnist

CONFIG = replace(
    mnist.CONFIG,
    data=replace(mnist.CONFIG.data, condition="labels"),
    generator=choose("generator", "dcgan-conditional", channels=32),
    discriminator=choose("discriminator", "dcgan-conditional", channels=32),
    num_steps=3000,
)
