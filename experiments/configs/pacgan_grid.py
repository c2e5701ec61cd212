"""pacgan-grid: `pacgan-ring` on 25 Gaussians on a 5x5 grid of spacing 2, standard deviation 0.05.

python experiments/train.py pacgan-grid --packing 2 --batch-size 200
"""

from dataclasses import replace

from config import Data

from configs import pacgan_ring

CONFIG = replace(pacgan_ring.CONFIG, data=Data(name="grid:100000"))
