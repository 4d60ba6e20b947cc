"""Items to features: sublinear TF-IDF of the n-grams of blocks of fields, with names."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from label_trees.parallel import count_threads
from xmlrec.errors import TrainingError
from xmlrec.text.blocks import NgramBlock, block_arrays, field_names
from xmlrec.text.characters import character_classes, from_ranges, to_ranges
from xmlrec.text.parallel import chunk_count, map_runs
from xmlrec.text.presets import FAST_BLOCKS
from xmlrec.text.rows import Rows, join_rows, transform_texts
from xmlrec.text.texts import Item, scan_items
from xmlrec.text.vocabulary import Entries, Vocabulary, count_texts, merge_entries, read_only


class TextFeatures:
    """Turn items into rows of unit norm, the same bytes for any batch, order and thread count.

    Parameters
    ----------
    blocks : sequence of NgramBlock, optional
        Blocks of features, side by side in this order; those of the preset ``fast`` by default.

    Attributes
    ----------
    vocabulary_ : Vocabulary
        The n-grams found by `fit`.
    classes_ : ndarray of uint8, shape (1,114,112,)
        What each code point is; kept with a model, see `character_classes`.
    """

    def __init__(self, blocks: Sequence[NgramBlock] = FAST_BLOCKS) -> None:
        self.blocks = blocks

    def fit(self, items: Sequence[Item], *, n_threads: int | None = None) -> Self:
        """Find the n-grams of the items.

        Parameters
        ----------
        items : sequence of str or mapping of str to str
            Items; a string is a title, a missing field is empty.
        n_threads : int, optional
            Threads to use, one for each core by default; the result is the same for any number.

        Raises
        ------
        TrainingError
            If no item has an n-gram.
        ValueError
            If there is no block, or two of one name.
        """
        names = [block.name for block in self.blocks]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"blocks need names of their own, got {names}")
        arrays, fields = block_arrays(self.blocks), field_names(self.blocks)
        classes = character_classes()

        def count(run: Sequence[Item]) -> Entries:
            return count_texts(scan_items(run, fields, classes), arrays)

        n_threads = min(count_threads(n_threads), max(1, chunk_count(len(items))))
        parts = map_runs(count, items, n_runs=n_threads, n_threads=n_threads)
        vocabulary = Vocabulary.from_entries(merge_entries(parts), len(items), self.blocks)
        if not len(vocabulary.idf):
            raise TrainingError(
                f"no text to learn from in the fields {', '.join(fields)} of {len(items)} items"
            )
        self.classes_, self.vocabulary_ = classes, vocabulary
        return self

    def transform(self, items: Sequence[Item], *, n_threads: int | None = None) -> sp.csr_array:
        """Return the features of the items.

        Parameters
        ----------
        items : sequence of str or mapping of str to str
            Items; n-grams that `fit` did not keep are left out, and an item without any is an
            empty row.
        n_threads : int, optional
            Threads to use, one for each core by default.

        Returns
        -------
        csr_array of float32, shape (n_items, n_features)
            Rows of unit L2 norm with sorted int32 indices.
        """
        vocabulary = self._fitted()
        arrays, fields = block_arrays(self.blocks), field_names(self.blocks)

        def transform_run(run: Sequence[Item]) -> list[Rows]:
            batches = scan_items(run, fields, self.classes_)
            return [transform_texts(texts, arrays, vocabulary) for texts in batches]

        n_threads = count_threads(n_threads)
        parts = map_runs(transform_run, items, n_runs=chunk_count(len(items)), n_threads=n_threads)
        return join_rows([rows for part in parts for rows in part], self.n_features)

    def fit_transform(self, items: Sequence[Item], *, n_threads: int | None = None) -> sp.csr_array:
        """Return ``fit(items).transform(items)``."""
        return self.fit(items, n_threads=n_threads).transform(items, n_threads=n_threads)

    @property
    def n_features(self) -> int:
        """Number of columns of `transform`."""
        return len(self._fitted().idf)

    def feature_names(self, features: ArrayLike | None = None) -> list[str]:
        """Return the names ``block|n-gram`` of some features, or of all, in order."""
        vocabulary = self._fitted()
        chosen = np.arange(self.n_features) if features is None else np.atleast_1d(features)
        blocks = np.searchsorted(vocabulary.block_starts, chosen, side="right") - 1
        starts, stops = vocabulary.name_offsets[chosen], vocabulary.name_offsets[chosen + 1]
        names = vocabulary.name_bytes.data
        return [
            f"{self.blocks[block].name}|{str(names[start:stop], 'utf-8')}"
            for block, start, stop in zip(
                blocks.tolist(), starts.tolist(), stops.tolist(), strict=True
            )
        ]

    @property
    def settings(self) -> dict[str, Any]:
        """The blocks as values that JSON can hold, for `from_arrays`."""
        return {"blocks": [asdict(block) for block in self.blocks]}

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `fit` found, for `from_arrays`."""
        vocabulary = self._fitted()
        starts, kinds = to_ranges(self.classes_)
        characters = {"character_starts": starts, "character_classes": kinds}
        return vocabulary._asdict() | characters

    @classmethod
    def from_arrays(cls, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return fitted features over ``arrays``, which may be read-only mapped files.

        Raises
        ------
        ValueError
            If the arrays do not fit together or the settings.
        """
        features = cls(tuple(NgramBlock(**block) for block in settings["blocks"]))
        vocabulary = Vocabulary(*(arrays[name] for name in Vocabulary._fields))
        features.vocabulary_ = vocabulary.checked(len(features.blocks))
        characters = from_ranges(arrays["character_starts"], arrays["character_classes"])
        features.classes_ = read_only(characters)
        return features

    def _fitted(self) -> Vocabulary:
        if not hasattr(self, "vocabulary_"):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError("these text features are not fitted; call fit first")
        return self.vocabulary_
