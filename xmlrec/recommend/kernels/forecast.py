"""Which categories a session goes on to, as a mixture of simple forecasts."""

import numpy as np
from numba import njit

N_EVENTS = 50
"""Of a session's last events that count."""


@njit(cache=True, nogil=True)
def forecast_rows(sessions, neighbours, rules, masses, steps, popularity, shares, lo, hi, out):
    """Fill rows ``lo .. hi - 1`` of ``out`` (n_sessions, n_ends) with the mixture, not normalised.

    Parameters
    ----------
    sessions : tuple
        ``indptr, items``.
    neighbours, rules, masses, steps : tuple
        ``indptr, indices, data`` of (n_sessions, n_items) twice, of (n_items, n_ends) and of
        (n_ends, n_ends).
    popularity : float32 array, shape (n_ends,)
    shares : float64 array, shape (6,)
        Of: the step from the last categories, from those of long ago, the session's own
        categories, those of its neighbours, of rules, and popularity.
    """
    indptr, items = sessions
    n_ends = popularity.shape[0]
    recent, own = np.zeros(n_ends), np.zeros(n_ends)
    for row in range(lo, hi):
        out[row] = shares[5] * popularity
        first = max(indptr[row], indptr[row + 1] - N_EVENTS)
        n_recent, n_own = 0.0, 0.0
        for p in range(first, indptr[row + 1]):
            age = indptr[row + 1] - 1 - p
            w_recent, w_own = np.exp(-1.0 * age), np.exp(-0.25 * age)
            n_recent, n_own = n_recent + w_recent, n_own + w_own
            for q in range(masses[0][items[p]], masses[0][items[p] + 1]):
                recent[masses[1][q]] += w_recent * masses[2][q]
                own[masses[1][q]] += w_own * masses[2][q]
        for p in range(first, indptr[row + 1]):
            for q in range(masses[0][items[p]], masses[0][items[p] + 1]):
                end = masses[1][q]
                if own[end] == 0.0:
                    continue
                share_recent, share_own = recent[end] / n_recent, own[end] / n_own
                recent[end] = own[end] = 0.0
                out[row, end] += shares[2] * share_own
                weight = shares[0] * share_recent + shares[1] * share_own
                for s in range(steps[0][end], steps[0][end + 1]):
                    out[row, steps[1][s]] += weight * steps[2][s]
        for share, evidence in ((shares[3], neighbours), (shares[4], rules)):
            begin, stop = evidence[0][row], evidence[0][row + 1]
            total = 0.0
            for p in range(begin, stop):
                total += evidence[2][p]
            for p in range(begin, stop):
                item, weight = evidence[1][p], share * evidence[2][p] / total
                for q in range(masses[0][item], masses[0][item + 1]):
                    out[row, masses[1][q]] += weight * masses[2][q]
