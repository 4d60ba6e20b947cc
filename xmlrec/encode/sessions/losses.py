"""What a session model minimises, and how its category probabilities are made honest.

With ``q`` the query after some items of a session, ``i`` the next item, ``J`` items drawn uniformly
and ``y`` the shares of the nodes in which ``i`` ends, it is the mean over all events but first ones

    - log( exp(q . e_i) / ( exp(q . e_i) + sum_{j in J, j != i} exp(q . e_j + log(n / |J|)) ) )
    - w sum_node y_node log P(node)

The term ``log(n / |J|)`` corrects for sampling (Yi et al., RecSys 2019, section 3.2, for uniform
draws beside the item itself); with all items as ``J`` it is 0, and the first line is the softmax.
Temperature scaling is that of Guo et al. (ICML 2017, section 4.2).
"""

import math
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from xmlrec.encode.contract import Vectors

if TYPE_CHECKING:
    from torch import Tensor

LOG_TEMPERATURES = (-2.0, 2.0)
LEAST_PROBABILITY = 1e-30
NEVER = -1e9
"""The score of what is no answer; where nothing else is left, -inf would make gradients of NaN."""


def item_loss(
    queries: "Tensor", of_targets: "Tensor", of_drawn: "Tensor", is_target: "Tensor", n_items: int
) -> "Tensor":
    """Return the mean loss of next items.

    Parameters
    ----------
    queries, of_targets : tensor, shape (n, dim)
    of_drawn : tensor, shape (n_drawn, dim)
    is_target : bool tensor, shape (n, n_drawn)
        Where a drawn item is the target itself.
    n_items : int
        From which they were drawn.
    """
    right = (queries * of_targets).sum(dim=-1)
    wrong = (queries @ of_drawn.T).masked_fill(is_target, NEVER).logsumexp(dim=1)
    return (right.logaddexp(wrong + math.log(n_items / len(of_drawn))) - right).mean()


def category_loss(logits: "Tensor", counts: "Tensor", ends: "Tensor", shares: "Tensor") -> "Tensor":
    """Return the mean loss of next categories over the rows that have any.

    Parameters
    ----------
    logits : tensor, shape (n, n_ends)
    counts : tensor, shape (n,)
        How many of ``ends`` are a row's; the rows' follow each other.
    ends, shares : tensor, shape (counts.sum(),)
        The columns of a row and what each counts, in total 1.
    """
    import torch

    rows = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
    losses = logits.log_softmax(dim=-1)[rows, ends] * shares
    return -losses.sum() / (counts > 0).sum().clamp(min=1)


def fit_temperature(probabilities: Vectors, shares: sp.csr_array) -> float:
    """Return the temperature of least loss, 1.0 if no row has a category.

    Parameters
    ----------
    probabilities : float32 array, shape (n, n_ends)
        Of temperature 1.
    shares : csr_array, shape (n, n_ends)
        What each category of a row counts.
    """
    if not shares.nnz:
        return 1.0
    logits = np.log(np.maximum(probabilities, LEAST_PROBABILITY))
    weights = np.asarray(shares.sum(axis=1))
    right = float((shares * logits).sum())

    def loss(log_temperature: float) -> float:
        of_one = math.exp(-log_temperature)
        return float(weights @ logsumexp(logits * of_one, axis=1)) - right * of_one

    return math.exp(minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded").x)
