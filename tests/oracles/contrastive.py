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
    """Return the mean of the items' losses and the labels' losses, as `contrastive` states them."""
    means = []
    for scores, own, negative in ((S, is_own, is_negative), (S.T, is_own.T, is_negative.T)):
        of_rows = []
        for row in range(len(scores)):
            wrong = [math.exp(s) for s in scores[row][negative[row]]]
            losses = [
                -math.log(math.exp(s) / (math.exp(s) + sum(wrong))) for s in scores[row][own[row]]
            ]
            if losses:
                of_rows.append(sum(losses) / len(losses))
        means.append(sum(of_rows) / len(of_rows))
    return sum(means) / 2
