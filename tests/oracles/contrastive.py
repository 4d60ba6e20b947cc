"""Slow, obvious twins of the contrastive training in `xmlrec.encode`: one pair at a time."""

import math

import numpy as np


def batch_masks_reference(Y, parents, items, labels):
    """Say of each pair whether the label is the item's own, and whether it is wrong for it."""
    own = np.array([[Y[item, label] > 0 for label in labels] for item in items])
    negative = np.zeros(own.shape, dtype=bool)
    for row, item in enumerate(items):
        near = set()
        for label in np.flatnonzero(Y[item]).tolist():
            while label >= 0:
                near.add(label)
                label = int(parents[label])
        negative[row] = [int(label) not in near for label in labels]
    return own, negative


def loss_reference(S, is_own, is_negative):
    """Return the mean of the rows' losses, as `contrastive` states them."""
    of_rows = []
    for scores, own, negative in zip(S, is_own, is_negative, strict=True):
        wrong = [math.exp(s) for s in scores[negative]]
        losses = [-math.log(math.exp(s) / (math.exp(s) + sum(wrong))) for s in scores[own]]
        of_rows.append(sum(losses) / len(losses))
    return sum(of_rows) / len(of_rows)
