"""Vectors for tests of the indexes."""

import numpy as np


def unit_vectors(n, dim=8, *, seed=0):
    """Return n random vectors of unit length."""
    V = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return V / np.linalg.norm(V, axis=1, keepdims=True)


def few_vectors(n, dim=3, *, seed=0):
    """Return n vectors of very few different ones: every ranking is full of ties."""
    choices = np.concatenate([np.eye(dim), -np.eye(dim)]).astype(np.float32)
    return choices[np.random.default_rng(seed).integers(len(choices), size=n)]


def assert_same(found, expected):
    """Require equal ids, equal scores to the last bit, and the types of the contract."""
    for ours, theirs, dtype in zip(found, expected, (np.int64, np.float32), strict=True):
        assert ours.dtype == dtype
        np.testing.assert_array_equal(ours, theirs)
