"""Evaluations to make reports of: like real ones, and at the edges."""

import numpy as np
import scipy.sparse as sp

from tests.xmlrec.metrics.cases import SHOP_PARENTS, Case
from xmlrec.metrics import Evaluation, evaluate_ranking, inverse_propensity

EVIL = "<script>alert(1)</script> & $x$ ]]> {{7*7}}"
STRANGE = (
    EVIL,
    "נעלי ריצה לנשים",
    "ランニングシューズと運動靴のすべて",
    "\u202eRight-to-left override",
    "W" * 150,
    '"><img src=https://example.com/x.png onerror=alert(1)>',
    "null \x00 bell \x07 half \ud800",
    "javascript:alert(1)",
)
HEADS = ("Running", "Kitchen", "Garden", "Office", "Travel", "Kids", "Outdoor", "Smart", "Steel")
TAILS = ("Shoes", "Knives", "Lamps", "Chairs", "Bags", "Toys", "Cables", "Jackets", "Tools", "Mugs")


def make_evaluation(
    *, n_rows=3_000, n_roots=8, children=(5, 5, 3), accuracy=0.75, seed=0, strange=(), k=10
):
    """Return rows answered rightly with about their confidence, else mostly with a sibling."""
    rng = np.random.default_rng(seed)
    parents, depths = make_forest(n_roots, children)
    names = make_names(len(parents), strange)
    paths = make_paths(names, parents)
    leaves = np.flatnonzero(depths == depths.max())
    weights = 1 / np.arange(1, len(leaves) + 1) ** 0.8
    given = rng.choice(rng.permutation(leaves), n_rows, p=weights / weights.sum())
    confidence = np.clip(rng.beta(4 * accuracy, 4 * (1 - accuracy), n_rows), 0.01, 0.999)
    is_right = rng.random(n_rows) < confidence
    answers = np.where(is_right, given, near_misses(given, leaves, parents, rng))
    labels = fill_rankings(answers, given, leaves, k, rng)
    truth = sp.csr_array(
        (np.ones(n_rows), (np.arange(n_rows), given)), shape=(n_rows, len(parents))
    )
    probabilities = np.zeros(labels.shape, dtype=np.float32)
    probabilities[:, 0] = confidence
    probabilities[:, 1:] = ((1 - confidence) / k)[:, None]
    levels = np.arange(depths.max(), 0, -1)
    counts = np.zeros(len(parents), dtype=np.int32)
    counts[leaves] = rng.permutation((400 * weights).astype(int))
    return Evaluation(
        paths=paths,
        names=names,
        primary_parents=parents,
        depths=depths,
        truth=truth,
        labels=labels,
        probabilities=probabilities,
        level_probabilities=(confidence[:, None] ** (1 / levels)).astype(np.float32),
        thresholds=np.full(n_rows, 0.9, dtype=np.float32),
        ids=[f"SKU-{row:05}" for row in range(n_rows)],
        texts=[make_text(names, node, row) for row, node in enumerate(given.tolist())],
        label_counts=counts,
        metrics=measure(labels, truth, parents, depths, counts),
        facts=make_facts(strange),
    )


def make_forest(n_roots, children):
    parents, level = [-1] * n_roots, list(range(n_roots))
    depths = [1] * n_roots
    for depth, n_children in enumerate(children, start=2):
        added = [parent for parent in level for _ in range(n_children)]
        level = list(range(len(parents), len(parents) + len(added)))
        parents += added
        depths += [depth] * len(added)
    return np.array(parents, dtype=np.int32), np.array(depths, dtype=np.int32)


def make_names(n_nodes, strange):
    plain = [
        f"{HEADS[node % len(HEADS)]} {TAILS[node // 7 % len(TAILS)]} {node}"
        for node in range(n_nodes)
    ]
    return [*strange[:n_nodes], *plain[len(strange) :]]


def make_paths(names, parents):
    paths = []
    for name, parent in zip(names, parents.tolist(), strict=True):
        paths.append(name if parent < 0 else f"{paths[parent]} > {name}")
    return paths


def make_text(names, node, row):
    return f"{names[node]}, model {row % 97}, in a box of {row % 12 + 1}; delivered in two days"


def make_facts(strange):
    model = {"Name": "balanced@4f2a9c", "Preset": "balanced", "Training items": "48,210"}
    model |= {f"Note {place}": text for place, text in enumerate(strange)}
    versions = {"xmlrec": "0.1.0", "numpy": "2.4.6", "Python": "3.11.9"}
    return {"Model": model, "Data": {"File": "test.jsonl", "Rows": "3,000"}, "Versions": versions}


def near_misses(given, leaves, parents, rng):
    """Return a sibling of each leaf for two of three rows, else any leaf."""
    first = np.searchsorted(parents[leaves], parents[given])
    n_siblings = np.bincount(parents[leaves] + 1)[parents[given] + 1]
    sibling = leaves[first + rng.integers(n_siblings)]
    return np.where(rng.random(len(given)) < 2 / 3, sibling, rng.choice(leaves, len(given)))


def fill_rankings(answers, given, leaves, k, rng):
    labels = np.full((len(answers), k), -1, dtype=np.int32)
    for row in range(len(answers)):
        others = rng.choice(leaves, min(k, len(leaves)), replace=False)
        if rng.random() < 0.6:
            others[: min(1, len(others))] = given[row]
        ranked = list(dict.fromkeys([int(answers[row]), *others.tolist()]))[:k]
        labels[row, : len(ranked)] = ranked
    return labels


def measure(labels, truth, parents, depths, counts):
    return evaluate_ranking(
        labels,
        truth,
        ancestors=ancestors_of(parents),
        primary_parents=parents,
        depths=depths,
        inv_propensity=inverse_propensity(counts, max(int(counts.sum()), 1)),
    )


def ancestors_of(parents):
    rows, columns = [], []
    for node in range(len(parents)):
        above = node
        while above >= 0:
            rows.append(node)
            columns.append(above)
            above = int(parents[above])
    return sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(parents),) * 2)


def changed(evaluation, **fields):
    """Return a copy with other fields."""
    kept = {name: getattr(evaluation, name) for name in evaluation.__slots__}
    return Evaluation(**(kept | fields))


def without_answers(evaluation):
    return changed(
        evaluation,
        labels=np.full_like(evaluation.labels, -1),
        probabilities=np.zeros_like(evaluation.probabilities),
        level_probabilities=np.full_like(evaluation.level_probabilities, np.nan),
    )


def one_row(*, is_right=True):
    """Return one row over one level of two categories."""
    parents, depths = make_forest(2, ())
    labels = np.array([[0 if is_right else 1]], dtype=np.int32)
    truth = sp.csr_array(([1.0], ([0], [0])), shape=(1, 2))
    return Evaluation(
        paths=["A", "B"],
        names=["A", "B"],
        primary_parents=parents,
        depths=depths,
        truth=truth,
        labels=labels,
        probabilities=np.array([[0.7]], dtype=np.float32),
        level_probabilities=np.array([[0.7]], dtype=np.float32),
        thresholds=np.array([np.inf], dtype=np.float32),
        ids=["1"],
        texts=["a thing"],
        label_counts=np.array([3, 0], dtype=np.int32),
        metrics=measure(labels, truth, parents, depths, np.array([3, 0])),
        facts={},
    )


SHOP_NAMES = ("sport", "ball games", "football", "tennis", "camping", "home", "kitchen", "knives")


def shop_evaluation(answers, truths, *, confidence=0.5, counts=(0,) * 8, threshold=np.inf):
    """Return rows over the shop of `tests.xmlrec.metrics.cases`: one answer each, -1 for none."""
    case = Case(parents=SHOP_PARENTS, rankings=[[label] for label in answers], truths=truths)
    parents = case.tree["primary_parents"]
    confidence = np.broadcast_to(np.float32(confidence), len(answers))
    n_rows = len(answers)
    depths = np.append(case.tree["depths"], 0)[answers]
    reaches = np.arange(1, 4) <= depths[:, None]
    return Evaluation(
        paths=make_paths(SHOP_NAMES, np.array([-1, 0, 1, 1, 0, -1, 5, 6])),
        names=SHOP_NAMES,
        **case.tree,
        truth=case.truth,
        labels=case.labels,
        probabilities=np.where(case.labels >= 0, confidence[:, None], 0).astype(np.float32),
        level_probabilities=np.where(reaches, confidence[:, None], np.nan).astype(np.float32),
        thresholds=np.full(n_rows, threshold, dtype=np.float32),
        ids=[f"r{row}" for row in range(n_rows)],
        texts=[f"text {row}" for row in range(n_rows)],
        label_counts=np.array(counts),
        metrics=measure(case.labels, case.truth, parents, case.tree["depths"], np.array(counts)),
        facts={},
    )
