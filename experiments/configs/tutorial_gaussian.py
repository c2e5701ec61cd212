"""tutorial-gaussian: the `gaussian` preset, which is that tutorial's programme as it is.

    python experiments/train.py tutorial-gaussian

1000 points x = XA + b, a linear generator against 2-5-3-1 tanh, all parameters from N(0, .02), Adam .05 and .005,
20 epochs of batches of 8, the discriminator's move before the generator's. Seconds. Both losses end near log 2 = .693,
where the discriminator's is halved in the original: ours, the sum of both halves, near 1.386. Its quirk: the
discriminator's rate is ten times the generator's. Not kept: there one batch's latents serve both moves, here each move
draws its own.
"""

from configs import gaussian

CONFIG = gaussian.CONFIG
