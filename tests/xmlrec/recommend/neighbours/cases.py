"""Sessions made up for tests of neighbours."""

from dataclasses import replace

import numpy as np

from xmlrec.recommend.neighbours import NeighbourSettings
from xmlrec.recommend.sessions import Sessions

N_ITEMS = 9


def random_sessions(rng, n_sessions, *, longest=7, n_items=N_ITEMS, low=0):
    """Return sessions with repeats, empty ones, and weights of 1, 2 or 3."""
    lengths = rng.integers(0, longest + 1, size=n_sessions)
    sessions = Sessions.of([rng.integers(low, n_items, size=length) for length in lengths])
    weights = rng.integers(1, 4, size=sessions.items.size).astype(np.float32)
    return replace(sessions, weights=weights)


def with_times(rng, sessions):
    """Return the sessions with times, many of them equal, that rise in each."""
    times = rng.integers(0, 5, size=sessions.items.size).astype(np.float64)
    for start, stop in zip(sessions.indptr[:-1], sessions.indptr[1:], strict=True):
        times[start:stop].sort()
    return replace(sessions, times=times)


def random_settings(rng):
    """Return settings of which every one matters; weights of 1 leave many ties."""
    return NeighbourSettings(
        n_recent=int(rng.integers(1, 8)),
        n_neighbours=int(rng.integers(1, 8)),
        decay=str(rng.choice(["exponential", "linear"])),
        span=float(rng.choice([0.5, 1.0, 4.0])),
        idf_exponent=float(rng.choice([0.0, 1.0])),
        length_exponent=float(rng.choice([0.0, 0.5])),
        age_decay=float(rng.choice([0.0, 1.0])),
        sharpness=float(rng.choice([1.0, 1.5])),
        distance_span=float(rng.choice([0.1, 1.0, 3.0])),
        before=float(rng.choice([0.0, 0.5])),
        repeat=float(rng.choice([0.0, 2.0])),
        rarity_exponent=float(rng.choice([0.0, 1.0])),
        rules_share=float(rng.choice([0.0, 0.3])),
        rules_span=float(rng.choice([0.5, 2.0])),
    )


def assert_same_rows(first, second):
    """Check that two sparse arrays have the same bytes."""
    np.testing.assert_array_equal(first.indptr, second.indptr)
    np.testing.assert_array_equal(first.indices, second.indices)
    np.testing.assert_array_equal(first.data, second.data)
