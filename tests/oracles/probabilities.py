"""Slow, obvious twins of `xmlrec.probabilities`: one item, one candidate, one node at a time."""

import math

import numpy as np

LEAST = 1e-9


def best_places_reference(labels, scores, k):
    """Return the places of the ``k`` best labels: sort by falling score, then rising label."""
    places = [place for place, label in enumerate(labels) if label >= 0]
    return sorted(places, key=lambda place: (-scores[place], labels[place]))[:k]


def log_share(share):
    return math.log(max(share, LEAST))


def features_reference(labels, scores, F, counts, parents, depths, k):
    """Return the best labels of one item, their scores, and what is said of each of them."""
    places = best_places_reference(labels, scores, k)
    best = [(int(labels[place]), float(scores[place])) for place in places]
    powers = [
        math.exp(float(score) - best[0][1])
        for label, score in zip(labels, scores, strict=True)
        if label >= 0
    ]
    of_items = [F[place] for place, label in enumerate(labels) if label >= 0]
    Z = []
    for rank, (place, (label, score)) in enumerate(zip(places, best, strict=True)):
        share = math.exp(score - best[0][1]) / sum(powers)
        branch = sum(
            math.exp(other_score - best[0][1]) / sum(powers)
            for other, other_score in best
            if parents[other] == parents[label]
        )
        next_score = best[1][1] if len(best) > 1 else score - 20.0
        gap = score - (best[0][1] if rank > 0 else next_score)
        Z.append(
            [
                log_share(share),
                log_share(1 - share),
                score,
                min(max(gap, -20.0), 20.0),
                log_share(min(branch, 1.0)),
                math.log(1 + counts[label]),
                *[float(F[place][at]) for at in range(6)],
                max(float(of_item[4]) for of_item in of_items),
                max(float(of_item[5]) for of_item in of_items),
                best[0][1],
                math.log(1 + rank),
                depths[label],
            ]
        )
    return best, Z


def probabilities_reference(labels, Z, is_new, weights, is_single):
    """Return P(label | item) of one item's candidates, best first, 0 for none."""
    P = []
    for rank, label in enumerate(labels):
        if label < 0:
            break
        part = weights[2] if is_new[label] else weights[min(rank, 1)]
        logit = part[-1] + sum(w * float(z) for w, z in zip(part[:-1], Z[rank], strict=True))
        P.append(min([1 / (1 + math.exp(-logit)), *P[-1:]]))
    if is_single and sum(P) > 1:
        P = [p / sum(P) for p in P]
    return P + [0.0] * (len(labels) - len(P))


def joined(chances, is_single):
    """Return the chance of at least one: of outcomes that exclude each other, or independent."""
    if is_single:
        return min(sum(chances), 1.0)
    return 1 - math.prod(1 - chance for chance in chances)


def node_probabilities_reference(labels, P, paths, lifts, is_single):
    """Return P(node | item) along the path of each of one item's labels, NaN where there is none.

    What no candidate has is shared out by ``lifts`` in proportion.
    """
    out = np.full((len(labels), paths.shape[1]), np.nan)
    chances = {label: float(p) for label, p in zip(labels, P, strict=True) if label >= 0}
    every = joined(chances.values(), is_single)
    for place, label in enumerate(labels):
        for depth, node in enumerate(paths[label] if label >= 0 else ()):
            if node == label:
                out[place, depth] = chances[label]
            elif node >= 0:
                below = [p for other, p in chances.items() if node in paths[other]]
                p = joined(below, is_single)
                out[place, depth] = p + (lifts[depth] * (1 - every) * p / every if every else 0.0)
    return out


def lowest_threshold_reference(P, is_right, precision, z_score, min_believed):
    """Try every probability, from the lowest: the first that is precise enough, chance allowed."""
    if len(P) < min_believed:
        return precision
    for threshold in sorted(set(P.tolist())):
        chosen = is_right[threshold <= P]
        error = z_score * math.sqrt(precision * (1 - precision) / len(chosen))
        if chosen.mean() >= precision + error:
            return threshold
    return math.inf


def best_f1_reference(P):
    """Return how many answers, from the first, have the highest ``2 right / (answers + labels)``.

    All are expectations; an item has one label at least.
    """
    n_labels = max(sum(P), 1.0)
    f1 = [2 * sum(P[:n]) / (n + n_labels) for n in range(1, len(P) + 1)]
    return 1 + f1.index(max(f1))
