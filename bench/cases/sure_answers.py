"""What probabilities are good for: backing off, knowing that nothing fits, and what that costs."""

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.metrics import roc_auc_score

from bench.catalogs import FIELDS, make_catalog
from bench.datasets import WORK, TextSet
from bench.hidden import DEPTH, hide_branches
from bench.peers import THREADS, made
from bench.product import categorize_product
from bench.softmax import Cosines
from bench.table import Cell, Table
from bench.trained import Trained
from bench.trainers import time_calls
from xmlrec.encode import Encoder
from xmlrec.models import TaxonomyClassifier, confidence, view
from xmlrec.models.scope import Scope
from xmlrec.models.training import text_items
from xmlrec.probabilities import Calibrator, holds

BACK_OFF_SETS = HIDDEN_SETS = ("mwpd", "amazon-sports")
PRECISION = 0.95
N_TIMES, N_WARM_UP, N_PATHS = 3, 200, 3
MUST = {"ratio": 1.10, "AUROC": 0.85, "share": 10.0}
"""Depth with back-off over depth without, AUROC, and the most percent of the time."""

BACK_OFF_COLUMNS = (
    "set",
    "system",
    "sure",
    "precision",
    "depth",
    "sure, full path",
    "its precision",
    "its depth",
    "ratio",
    "to reach",
)
COST_COLUMNS = (
    "set",
    "system",
    "rows",
    "seconds",
    "classify s",
    "% of it",
    "categorize s",
    "% of that",
    "below",
)
TIMED = (
    (confidence, "describe"),
    (confidence.Confidence, "thresholds"),
    (Calibrator, "probabilities"),
    (Calibrator, "none_probabilities"),
    (Calibrator, "node_probabilities"),
    (view, "decide"),
)

Row = tuple[Cell, ...]


def back_off(trained: Trained) -> Iterator[Row]:
    """Yield the sure answers of a model: with categories above labels, and without."""
    answers = trained.classifier.view.decide(
        text_items(trained.texts.test, FIELDS),
        Scope(None, None),
        PRECISION,
        only_sure=True,
        max_paths=1,
        n_threads=THREADS,
    )
    has_label = answers.decisions.n_paths > 0
    full = np.where(has_label, answers.confident.labels[:, 0], -1)
    with_nodes = np.where(has_label, full, answers.decisions.nodes)
    (sure, precise, depth), leaf = (depth_figures(trained, found) for found in (with_nodes, full))
    ratio = depth / leaf[2] if leaf[2] else None
    cells = (sure, precise, depth, *leaf, ratio, MUST["ratio"])
    yield trained.texts.name, trained.system, *cells


def depth_figures(trained: Trained, found: np.ndarray) -> tuple[float, float | None, float]:
    """Return which share of rows is answered and of these is right, in %, and the mean depth.

    ``found`` is one category a row, -1 for none.
    """
    taxonomy, Y = trained.labelled.taxonomy, trained.labelled.Y
    is_right = holds(Y @ taxonomy.ancestor_matrix(), found[:, np.newaxis])[:, 0]
    is_answered = found >= 0
    precise = 100.0 * float(is_right[is_answered].mean()) if is_answered.any() else None
    depth = float(np.where(is_right, taxonomy.depths[found], 0).mean())
    return 100.0 * float(is_answered.mean()), precise, depth


def nothing_fits_table() -> Table:
    return Table(
        f"Nothing fits: test rows of hidden branches of level {DEPTH} against the others",
        ("set", "system", "rows", "without category", "AUROC", "to reach"),
        notes=[
            "AUROC: the chance that a row without a right category has the lower confidence. Raw "
            "score: the best fused score, and so isotonic regression on it. Cosine: the largest "
            "of an item to a label.",
        ],
    )


def nothing_fits(texts: TextSet, preset: str) -> Iterator[Row]:
    """Yield ours and the raw score of the same model, which was trained without some branches."""
    hidden = hide_branches(texts)
    with tempfile.TemporaryDirectory(dir=made(WORK)) as name:
        folder = Path(name)
        catalog = hidden.write(folder / "train.jsonl")
        trained = Trained.on(hidden.texts, preset, folder, catalog)
        sizes = hidden.fits.size, int((~hidden.fits).sum())
        ours = trained.classifier.evaluate(hidden.texts.test)["abstain_auroc"]
        yield texts.name, trained.system, *sizes, ours, MUST["AUROC"]
        raw = auroc(trained.confident.scores[:, 0], hidden.fits)
        yield texts.name, f"raw score, {preset}", *sizes, raw, None


def nearest_fits(texts: TextSet, encoder: Encoder) -> Row:
    """Return the row of the cosine to the nearest label that is left."""
    hidden = hide_branches(texts)
    catalog = make_catalog(hidden.texts)
    nearest = Cosines(encoder, catalog).of(catalog.test_items).max(axis=1)
    sizes = hidden.fits.size, int((~hidden.fits).sum())
    return texts.name, "cosine of all-MiniLM-L6-v2", *sizes, auroc(nearest, hidden.fits), None


def auroc(scores: np.ndarray, fits: np.ndarray) -> float:
    """Return the AUROC of any scores; -inf is below all others."""
    return float(roc_auc_score(fits, np.nan_to_num(scores.astype(np.float64))))


def cost(trained: Trained) -> Iterator[Row]:
    """Yield what probabilities and decisions take of classifying, and of the whole command."""
    name, items = trained.texts.name, trained.texts.test
    runs = [time_classify(trained.model, items) for _ in range(N_TIMES + 1)][1:]  # one warms up
    shares = [100.0 * own_s / all_s for own_s, all_s in runs]
    own_s, all_s = (median(times) for times in zip(*runs, strict=True))
    with tempfile.TemporaryDirectory(dir=made(WORK)) as folder:
        out = Path(folder) / "results.jsonl"
        command_s = median(categorize_product(name, trained.model, out) for _ in range(N_TIMES))
    of_command = 100.0 * own_s / command_s
    cells = (len(items), own_s, all_s, median(shares), command_s, of_command, MUST["share"])
    yield name, trained.system, *cells


def time_classify(model: Path, items: list[dict]) -> tuple[float, float]:
    """Return the seconds of what is `TIMED`, and of all, for a model that is opened anew.

    It remembers tokens of words that it has seen.
    """
    classifier = TaxonomyClassifier.load(model, n_threads=THREADS)
    classifier.rank(items[:N_WARM_UP], N_PATHS)
    with timed(TIMED) as calls:
        start = time.perf_counter()
        classifier.classify(items, N_PATHS)
        seconds = time.perf_counter() - start
    return sum(map(sum, calls)), seconds


@contextmanager
def timed(functions: Iterable[tuple[object, str]]) -> Iterator[list[list[float]]]:
    """Note the seconds of every call of some functions, a list for each."""
    with ExitStack() as stack:
        calls = []
        for owner, name in functions:
            stack.callback(setattr, owner, name, vars(owner)[name])
            calls.append(time_calls(owner, name))
        yield calls
