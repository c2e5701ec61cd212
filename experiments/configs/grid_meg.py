"""grid-meg: a maximum-entropy generator of an energy, with a statistics network, on 25 Gaussians.

python experiments/train.py grid-meg
"""

from dataclasses import replace

from configs import grid, ring_meg

CONFIG = replace(ring_meg.CONFIG, data=grid.CONFIG.data, num_steps=grid.CONFIG.num_steps)
