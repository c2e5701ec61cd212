"""Generative adversarial networks in JAX: every loss a pure function, every step tested against numbers."""

__version__ = "0.1.0"
