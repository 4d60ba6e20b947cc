"""Category paths of a catalog, each predicted by a classifier that has not seen the item."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from bench.datasets import WORK
from bench.peers import THREADS, made
from bench.recommend_sets import EventSet
from bench.recommend_variants import tell
from xmlrec.models import TaxonomyClassifier
from xmlrec.recommend import ItemTable
from xmlrec.recommend.path_finding import predicted_paths
from xmlrec.taxonomy import Taxonomy

N_FOLDS = 5
TEXT = ("title", "brand")


@dataclass(frozen=True)
class Predicted:
    """P(the item ends in the category), by the columns of the true table's taxonomy."""

    P: sp.csr_array

    def precision(self, truth: sp.csr_array) -> float:
        """Return P@1 in percent: of items with a path, how often the likeliest is right."""
        has_path = np.diff(truth.indptr) > 0
        n_right = self.likeliest().multiply(truth > 0).count_nonzero()
        return 100.0 * n_right / int(has_path.sum())

    def likeliest(self) -> sp.csr_array:
        """Return the matrix with a 1 for the likeliest category of each item that has any."""
        rows = np.flatnonzero(np.diff(self.P.indptr))
        columns = self.P[rows].argmax(axis=1)
        ones = np.ones(len(rows), dtype=np.float32)
        return sp.csr_array((ones, (rows, columns)), shape=self.P.shape)


def predict_once(event_set: EventSet, items: ItemTable, *, fresh: bool) -> Predicted:
    """Return the cross-fitted prediction for ``items``, kept for the next run."""
    path = made(WORK / "recommend") / f"{event_set.name}-{event_set.digest[:16]}-paths.npz"
    if fresh or not path.exists():
        keep(cross_fitted(event_set, items.taxonomy), path)
    P = sp.load_npz(path)
    P.resize((len(items), P.shape[1]))  # items that only events name have no text
    return Predicted(sp.csr_array(P))


def keep(P: sp.csr_array, path: Path) -> None:
    aside = path.with_name(f"{os.getpid()}-{path.name}")
    sp.save_npz(aside, P)
    aside.replace(path)


def cross_fitted(event_set: EventSet, taxonomy: Taxonomy) -> sp.csr_array:
    """Return float32 (n_rows of the catalog, len(taxonomy)): see `predicted_paths`."""
    rows = event_set.catalog
    fold_of = np.random.default_rng(0).permutation(len(rows)) % N_FOLDS
    parts = []
    for fold in range(N_FOLDS):
        tell(event_set, f"classifier of fold {fold + 1} of {N_FOLDS}")
        learned = [rows[row] for row in np.flatnonzero(fold_of != fold).tolist()]
        asked = [rows[row] for row in np.flatnonzero(fold_of == fold).tolist()]
        classifier = TaxonomyClassifier(preset="fast", text=TEXT, n_threads=THREADS)
        parts.append(predicted_paths(asked, classifier.fit(learned, taxonomy, strict=True)))
    back = np.argsort(np.argsort(fold_of, kind="stable"))
    return sp.csr_array(sp.vstack(parts, format="csr")[back])


def with_predicted(items: ItemTable, P: sp.csr_array) -> ItemTable:
    """Return a table whose paths are predicted ones."""
    return replace(items, P=P, is_predicted=np.diff(P.indptr) > 0)
