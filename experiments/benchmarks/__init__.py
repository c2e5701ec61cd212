"""What `benchmark.py` compares: ours and the peers, each contestant in a process of its own.

Kept empty of imports: PyTorch's process must not load JAX, nor ours PyTorch. The table is `comparisons.BENCHMARKS`.
"""
