"""Whether a catalog is like the one that a model was trained on, in plain words.

A finished run is compared with the training rows that the model was calibrated on, which it had not
seen either: with their categories, and with how sure it was of them. Two distributions p and q over
the same bins are compared by the population stability index,

    PSI = sum of (p - q) ln(p / q),

and what chance alone gives is taken off: between a sample of n rows and one of m of the same
distribution over B bins, PSI is about (1/n + 1/m) times a chi-square with B - 1 degrees of freedom
(Yurdakul, "Statistical properties of population stability index", Western Michigan University,
2018). What is left has to be above `MUCH`, the least change that matters by the rule of thumb of
credit scoring (Siddiqi, "Credit Risk Scorecards", 2006).
Words are compared with what `xmlrec.text.known_words` expects of the training rows.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import chdtri

from xmlrec.batch.tally import N_BINS, Tally, count_confidences
from xmlrec.text.known_words import expected_words

if TYPE_CHECKING:
    from xmlrec.models import TaxonomyClassifier

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.float64]]

MIN_ROWS = 200
"""Fewer say nothing, of the run or of the training."""

MUCH = 0.1
"""PSI beyond what chance gives."""

CHANCE = 0.001
"""How often chance alone gives more than is taken off."""

MUCH_MORE = 0.1
"""By how much a share has to be higher."""

TIMES = 2.0
"""How many times as many words an item has to have, or as few."""

BIN_SHARE = 0.02
"""What a bin holds at least of both samples together; smaller ones are put together."""

N_NAMED = 2


class Held(NamedTuple):
    """What a model made of training rows that it had not seen.

    Attributes
    ----------
    labels : int32 array, shape (n_rows,)
        Their best categories, -1 for none.
    P : float32 array, shape (n_rows,)
    """

    labels: IntArray
    P: FloatArray


def find_drift(
    tally: Tally, classifier: "TaxonomyClassifier", *, are_best: bool = True
) -> list[str]:
    """Return what is unlike the training catalog, a line each; nothing for few rows.

    Parameters
    ----------
    tally : Tally
        Of all rows.
    classifier : TaxonomyClassifier
        What answered them.
    are_best : bool
        Whether the answers are the best ones of all categories, not the best of some or those that
        are sure; if not, only words are compared.
    """
    if tally.n_rows < MIN_ROWS:
        return []
    alarms = list(_word_alarms(tally, classifier))
    nodes, P, _ = classifier.parts.calibration.held_out
    held = Held(nodes[:, 0], P[:, 0].astype(np.float64))
    if are_best and held.labels.size >= MIN_ROWS:
        alarms += _answer_alarms(tally, held)
        alarms += _confidence_alarms(tally, held)
        alarms += _category_alarms(tally, held, classifier)
    return alarms


def _word_alarms(tally: Tally, classifier: "TaxonomyClassifier") -> Iterator[str]:
    ranker, n_items = classifier.parts.ranker, classifier.n_items_
    expected = expected_words(ranker.features, ranker.labels.names, n_items)
    if expected is None or min(tally.n_looked_at, n_items) < MIN_ROWS:
        return
    per_item = tally.n_words / tally.n_looked_at
    if not expected.per_item / TIMES < per_item < expected.per_item * TIMES:
        fault = "short or empty" if per_item < expected.per_item else "long"
        yield (
            f"its rows have {per_item:.1f} words each, {expected.per_item:.1f} there: "
            f"a text column is {fault}"
        )
    share = 1 - tally.n_known_words / max(tally.n_words, 1)
    if share > expected.unknown_share + MUCH_MORE + _error(share, tally.n_looked_at):
        most = sorted(tally.unknown_words.items(), key=lambda pair: (-pair[1], pair[0]))
        words = ", ".join(repr(word) for word, _ in most[: 2 * N_NAMED])
        yield (
            f"{share:.0%} of its words are unknown to the model, such as {words}; "
            f"{expected.unknown_share:.0%} there"
        )


def _answer_alarms(tally: Tally, held: Held) -> Iterator[str]:
    there = float((held.labels < 0).mean())
    here = 1 - sum(tally.confidences) / tally.n_rows
    if here > there + MUCH_MORE + _error(here, tally.n_rows):
        yield f"{here:.0%} of its rows have no word that says anything, {there:.0%} there"


def _confidence_alarms(tally: Tally, held: Held) -> Iterator[str]:
    here = np.array(tally.confidences)
    there = np.array(count_confidences(held.P[held.labels >= 0].tolist()))
    if min(here.sum(), there.sum()) < MIN_ROWS or not is_much(here, there):
        return
    middles = (np.arange(N_BINS) + 0.5) / N_BINS
    means = [float(counts @ middles / counts.sum()) for counts in (here, there)]
    is_surer = means[0] > means[1]
    yield (
        f"the model is {'surer' if is_surer else 'less sure'} of its rows than of training rows "
        f"held out (mean confidence {means[0]:.2f}, there {means[1]:.2f})"
        f"{', as it is of rows that it was trained on' if is_surer else ''}"
    )


def _category_alarms(tally: Tally, held: Held, classifier: "TaxonomyClassifier") -> Iterator[str]:
    paths, taxonomy = classifier.view.confidence.frame.paths, classifier.taxonomy_
    columns = np.array(list(tally.by_category), dtype=np.int64)
    times = np.array(list(tally.by_category.values()), dtype=np.int64)
    depth = telling_depth(paths, held.labels[held.labels >= 0])
    tops = np.where(paths[:, depth] >= 0, paths[:, depth], np.arange(len(paths)))
    n_labels = len(paths)
    here = np.bincount(tops[columns], times, minlength=n_labels).astype(np.int64)
    there = np.bincount(tops[held.labels[held.labels >= 0]], minlength=n_labels)
    there[~taxonomy.is_active] = 0  # answered with nothing by now
    if min(here.sum(), there.sum()) < MIN_ROWS or not is_much(here, there):
        return
    p, q = here / here.sum(), there / there.sum()
    moved = np.argsort(-np.abs(p - q), kind="stable")[:N_NAMED]
    shares = "; ".join(
        f"{' > '.join(taxonomy.path(top))} has {p[top]:.0%} of the rows, {q[top]:.0%} there"
        for top in moved.tolist()
    )
    yield f"its categories are others: {shares}"


def telling_depth(paths: IntArray, labels: IntArray) -> int:
    """Return the first depth at which ``labels`` differ, from 0; 0 if they never do."""
    for depth in range(paths.shape[1]):
        if np.unique(paths[labels, depth]).size > 1:
            return depth
    return 0


def is_much(here: IntArray, there: IntArray) -> bool:
    """Say whether two samples, counted in the same bins, differ by more than chance gives."""
    joined = joined_bins(here, there)
    n_here, n_there = (float(counts.sum()) for counts in joined)
    by_chance = (1 / n_here + 1 / n_there) * float(chdtri(len(joined[0]) - 1, CHANCE))
    return len(joined[0]) > 1 and stability_index(*joined) > MUCH + by_chance


def joined_bins(here: IntArray, there: IntArray) -> tuple[IntArray, IntArray]:
    """Return the counts with all bins in one that hold less than `BIN_SHARE` of the two samples.

    For them the chi-square is no good.
    """
    shares = (here / here.sum() + there / there.sum()) / 2
    is_large = shares >= BIN_SHARE
    is_rest = (shares > 0) & ~is_large
    small = [np.array([counts[is_rest].sum()]) for counts in (here, there)]
    kept = [np.concatenate([here[is_large], small[0]]), np.concatenate([there[is_large], small[1]])]
    n_bins = len(kept[0]) - (not is_rest.any())
    return kept[0][:n_bins], kept[1][:n_bins]


def stability_index(here: IntArray, there: IntArray) -> float:
    """Return the PSI of two samples; half a row more in each bin keeps it finite."""
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (here, there))
    return float(((p - q) * np.log(p / q)).sum())


def _error(share: float, n_rows: int) -> float:
    """Return three standard errors of a share, as if a row had one word."""
    return 3 * float(np.sqrt(max(share * (1 - share), 0.0) / n_rows))
