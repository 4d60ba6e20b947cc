"""Numba kernels: arrays in, arrays out, no checks; each is called by one wrapper."""
