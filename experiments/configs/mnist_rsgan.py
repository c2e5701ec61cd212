"""mnist-rsgan: the relativistic GAN on MNIST; the discriminator says which of two is the real one.

python experiments/train.py mnist-rsgan --data.dir PATH/TO/mnist
"""

from dataclasses import replace

from choices import choose

from configs import mnist

CONFIG = replace(mnist.CONFIG, objective=choose("objective", "relativistic"))
