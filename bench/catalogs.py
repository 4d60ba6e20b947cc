"""Text sets as a ranker gets them, and leaf labels that are hidden from its training.

Hidden are `HIDDEN_SHARE` of the leaf labels of the training rows: at each depth as many of the
rarer half as of the other, and only where the parent keeps another child. Training rows that are
left without a label are dropped; they are examples of the hidden labels later. Test rows have no
part in any choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from bench.datasets import TextSet
from xmlrec.models.dense import joined_text
from xmlrec.models.ranker_training import KnownLabels, LabelFacts
from xmlrec.models.training import label_items, text_items
from xmlrec.models.view import known_columns
from xmlrec.taxonomy import Taxonomy
from xmlrec.text import Item

FIELDS = ("title", "description")
HIDDEN_SHARE = 0.1


@dataclass(frozen=True)
class Catalog:
    """Training rows with a text and a label, and all test rows.

    ``Y_test`` has columns after those of ``taxonomy``: labels that only test rows have.
    """

    taxonomy: Taxonomy
    items: Sequence[Item]
    Y: sp.csr_array
    test_items: Sequence[Item]
    Y_test: sp.csr_array

    @cached_property
    def known(self) -> KnownLabels:
        """What a ranker is told of the labels that have training rows."""
        return known_columns(self.taxonomy, np.unique(self.Y.indices))


def make_catalog(texts: TextSet, taxonomy: Taxonomy | None = None) -> Catalog:
    """Return the catalog of a set; without a taxonomy it is that of the training rows' paths."""
    labelled = label_items(texts.train, taxonomy)
    items = text_items(texts.train, FIELDS)
    is_usable = (np.diff(labelled.Y.indptr) > 0) & np.array([bool(item) for item in items])
    usable = np.flatnonzero(is_usable)
    return Catalog(
        labelled.taxonomy,
        [items[row] for row in usable.tolist()],
        labelled.Y[usable],
        text_items(texts.test, FIELDS),
        label_items(texts.test, labelled.taxonomy).Y,
    )


@dataclass(frozen=True)
class Split:
    """A catalog whose label columns from ``n_seen`` on are hidden.

    ``seen`` is what is left to train on; ``examples`` are the texts of the dropped rows of each
    hidden label, in random order.
    """

    catalog: Catalog
    seen: Catalog
    examples: list[list[str]]

    @property
    def n_seen(self) -> int:
        return len(self.seen.taxonomy)

    @cached_property
    def known(self) -> KnownLabels:
        """What a ranker is told once the hidden labels are added."""
        hidden = np.arange(self.n_seen, len(self.catalog.taxonomy), dtype=np.int32)
        return known_columns(self.catalog.taxonomy, np.append(self.seen.known.columns, hidden))

    @cached_property
    def Y_unseen(self) -> sp.csr_array:
        """The hidden labels of the test rows."""
        is_hidden = np.zeros(self.catalog.Y_test.shape[1], dtype=np.float32)
        is_hidden[self.n_seen : len(self.catalog.taxonomy)] = 1.0
        Y = sp.csr_array(self.catalog.Y_test @ sp.diags_array(is_hidden))
        Y.eliminate_zeros()
        return Y

    @cached_property
    def unseen_rows(self) -> np.ndarray:
        """Test rows with a hidden label; some have others too."""
        return np.flatnonzero(np.diff(self.Y_unseen.indptr))

    @cached_property
    def seen_rows(self) -> np.ndarray:
        """Test rows with a label that was trained on, and none that is hidden."""
        n_known = np.diff(self.catalog.Y_test[:, : self.n_seen].indptr)
        return np.flatnonzero((n_known > 0) & (np.diff(self.Y_unseen.indptr) == 0))

    def facts(self, n_examples: int) -> dict[int, LabelFacts]:
        """Return what the hidden labels are added with: their texts, and up to so many examples."""
        taxonomy = self.catalog.taxonomy
        return {
            column: LabelFacts(
                taxonomy.names[column],
                " ".join(taxonomy.path(column)),
                examples=tuple(examples[:n_examples]),
            )
            for column, examples in enumerate(self.examples, self.n_seen)
        }


def hide_labels(texts: TextSet, *, seed: int) -> Split:
    """Hide labels as the module says; their columns come last."""
    rng = np.random.default_rng(seed)
    found = make_catalog(texts)
    counts = np.bincount(found.Y.indices, minlength=len(found.taxonomy))
    is_hidden = choose_hidden(found.taxonomy, counts, rng)
    nodes = [found.taxonomy.node(column) for column in np.argsort(is_hidden, kind="stable")]
    n_seen = len(nodes) - int(is_hidden.sum())
    catalog = make_catalog(texts, Taxonomy.from_nodes(nodes, source=texts.name))
    Y = catalog.Y[:, :n_seen]
    has_label = np.diff(Y.indptr) > 0
    kept, dropped = np.flatnonzero(has_label), rng.permutation(np.flatnonzero(~has_label))
    seen = Catalog(
        Taxonomy.from_nodes(nodes[:n_seen], source=texts.name),
        [catalog.items[row] for row in kept.tolist()],
        Y[kept],
        catalog.test_items,
        catalog.Y_test,
    )
    texts_of = [joined_text(catalog.items[row]) for row in dropped.tolist()]
    by_label = catalog.Y[dropped][:, n_seen:].T.tocsr()
    by_label.sort_indices()
    rows_of = np.split(by_label.indices, by_label.indptr[1:-1])
    return Split(catalog, seen, [[texts_of[row] for row in rows.tolist()] for rows in rows_of])


def choose_hidden(taxonomy: Taxonomy, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return which labels to hide, a bool array; ``counts`` are the training rows of each."""
    n_left = np.bincount(taxonomy.primary_parents + 1, minlength=len(taxonomy) + 1)
    is_hidden = np.zeros(len(taxonomy), dtype=np.bool_)
    leaves = rng.permutation(np.flatnonzero(taxonomy.is_leaf & (counts > 0)))
    for depth in np.unique(taxonomy.depths[leaves]):
        at_depth = leaves[taxonomy.depths[leaves] == depth]
        by_count = at_depth[np.argsort(counts[at_depth], kind="stable")]
        for half in np.array_split(by_count, 2):
            n_wanted = round(HIDDEN_SHARE * half.size)
            for label in rng.permutation(half).tolist():
                place = taxonomy.primary_parents[label] + 1
                if n_wanted and n_left[place] > 1:
                    is_hidden[label] = True
                    n_left[place] -= 1
                    n_wanted -= 1
    return is_hidden
