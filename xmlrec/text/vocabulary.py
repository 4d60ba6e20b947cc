"""The n-grams of the training items: counted in each thread, merged, numbered, named."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from xmlrec.text.blocks import BlockArrays, NgramBlock
from xmlrec.text.kernels import EMPTY, count_rows, fill_table, gather_bytes, write_names
from xmlrec.text.texts import Texts

T = TypeVar("T", bound=np.generic)

MIN_SLOTS = 1 << 16


class Counts(NamedTuple):
    """A growing table of n-grams, numbered in the order of first sight, at most half full."""

    table: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    blocks: NDArray[np.int16]
    n_items: NDArray[np.int32]
    last_item: NDArray[np.int64]
    spans: NDArray[np.int32]

    @classmethod
    def empty(cls, n_slots: int) -> Self:
        """Return counts with room for ``n_slots // 2`` n-grams."""
        n = n_slots // 2
        return cls(
            table=np.full(n_slots, EMPTY, dtype=np.uint64),
            keys=np.empty(n, dtype=np.uint64),
            blocks=np.empty(n, dtype=np.int16),
            n_items=np.empty(n, dtype=np.int32),
            last_item=np.empty(n, dtype=np.int64),
            spans=np.empty((n, 2), dtype=np.int32),
        )

    def doubled(self, n_entries: int) -> Self:
        """Return a copy of the first ``n_entries`` with twice the room."""
        counts = self.empty(2 * len(self.table))
        for name in self._fields[1:]:
            getattr(counts, name)[:n_entries] = getattr(self, name)[:n_entries]
        fill_table(counts.keys[:n_entries], counts.table)
        return counts


class Entries(NamedTuple):
    """Counted n-grams: key, block, number of items that hold it, and name in UTF-8."""

    keys: NDArray[np.uint64]
    blocks: NDArray[np.int16]
    n_items: NDArray[np.int32]
    name_bytes: NDArray[np.uint8]
    name_sizes: NDArray[np.int64]


def count_texts(batches: Iterable[Texts], blocks: BlockArrays) -> Entries:
    """Count in how many items of ``batches`` each n-gram of each block occurs."""
    counts, n_entries, n_items = Counts.empty(MIN_SLOTS), 0, 0
    names, sizes = [np.empty(0, dtype=np.uint8)], [np.empty(0, dtype=np.int64)]
    for texts in batches:
        n_rows, row, n_before = texts.n_items(blocks), 0, n_entries
        grams = np.empty(texts.most_grams(blocks, np.maximum), dtype=np.uint64)
        spans = np.empty((len(grams), 2), dtype=np.int32)
        while row < n_rows:
            row, n_entries = count_rows(
                texts, blocks, (row, n_rows), n_items, n_entries, counts, grams, spans
            )
            if row < n_rows:
                counts = counts.doubled(n_entries)
        n_items += n_rows
        new = slice(n_before, n_entries)
        new_names, new_sizes = _names(texts, blocks.is_word[counts.blocks[new]], counts.spans[new])
        names.append(new_names)
        sizes.append(new_sizes)
    return Entries(
        keys=counts.keys[:n_entries],
        blocks=counts.blocks[:n_entries],
        n_items=counts.n_items[:n_entries],
        name_bytes=np.concatenate(names),
        name_sizes=np.concatenate(sizes),
    )


def _names(
    texts: Texts, is_word: NDArray[np.bool_], spans: NDArray[np.int32]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the UTF-8 names of n-grams, one after the other, and their sizes."""
    n_chars = spans[:, 1] - spans[:, 0]  # of words: the spaces between them and one more
    first, stop = spans[is_word].T
    n_chars[is_word] += texts.word_stops[stop - 1] - texts.word_starts[first]
    out = np.empty(4 * int(n_chars.sum()), dtype=np.uint8)
    offsets = np.empty(len(spans) + 1, dtype=np.int64)
    write_names(texts, is_word, spans, out, offsets)
    return out[: offsets[-1]].copy(), np.diff(offsets)


def merge_entries(parts: Sequence[Entries]) -> Entries:
    """Add up the counts of several parts of the items."""
    if len(parts) == 1:
        return parts[0]
    joined = Entries(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    keys, first, inverse = np.unique(joined.keys, return_index=True, return_inverse=True)
    n_items = np.zeros(len(keys), dtype=np.int32)
    np.add.at(n_items, inverse, joined.n_items)
    name_bytes, offsets = _gather_names(joined, first)
    return Entries(keys, joined.blocks[first], n_items, name_bytes, np.diff(offsets))


def _gather_names(
    entries: Entries, order: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the names of the entries in ``order``, one after the other, and their offsets."""
    offsets = np.concatenate(([0], np.cumsum(entries.name_sizes)))
    out = np.empty(int(entries.name_sizes[order].sum()), dtype=np.uint8)
    out_offsets = np.empty(len(order) + 1, dtype=np.int64)
    gather_bytes(entries.name_bytes, offsets, order, out, out_offsets)
    return out, out_offsets


class Vocabulary(NamedTuple):
    """The features: a table from n-gram to feature, their weights, block by block, their names.

    In a block, features are numbered from the most to the least frequent, equal ones by key: the
    same items give the same numbers for any order of items and number of threads.
    """

    table: NDArray[np.uint64]
    idf: NDArray[np.float32]
    block_starts: NDArray[np.int64]
    name_bytes: NDArray[np.uint8]
    name_offsets: NDArray[np.int64]

    @classmethod
    def from_entries(cls, entries: Entries, n_items: int, blocks: Sequence[NgramBlock]) -> Self:
        """Number the n-grams that enough of the ``n_items`` items hold."""
        min_df = np.array([block.min_df for block in blocks])
        kept = np.flatnonzero(entries.n_items >= min_df[entries.blocks])
        sort_keys = (entries.keys[kept], -entries.n_items[kept], entries.blocks[kept])
        order = kept[np.lexsort(sort_keys)]
        table = np.full(1 << (2 * len(order)).bit_length(), EMPTY, dtype=np.uint64)
        fill_table(entries.keys[order], table)
        idf = np.log((1 + n_items) / (1 + entries.n_items[order])) + 1
        block_starts = np.searchsorted(entries.blocks[order], np.arange(len(blocks) + 1))
        names = _gather_names(entries, order)
        return cls(table, idf.astype(np.float32), block_starts, *names).checked(len(blocks))

    def checked(self, n_blocks: int) -> Self:
        """Return read-only views of the arrays.

        Raises
        ------
        ValueError
            If their types or sizes do not fit together.
        """
        n_features, n_slots = len(self.idf), len(self.table)
        dtypes = [array.dtype.name for array in self]
        fits = (
            dtypes == ["uint64", "float32", "int64", "uint8", "int64"]
            and len(self.block_starts) == n_blocks + 1
            and len(self.name_offsets) == n_features + 1
            and self.block_starts[-1] == n_features
            and self.name_offsets[-1] == len(self.name_bytes)
            and n_slots > 2 * n_features
            and n_slots.bit_count() == 1
        )
        if not fits:
            raise ValueError(
                f"feature arrays do not fit together: {n_blocks} blocks, {n_features} weights, "
                f"{n_slots} slots, types {', '.join(dtypes)}"
            )
        return type(self)(
            table=read_only(self.table),
            idf=read_only(self.idf),
            block_starts=read_only(self.block_starts),
            name_bytes=read_only(self.name_bytes),
            name_offsets=read_only(self.name_offsets),
        )


def read_only(array: NDArray[T]) -> NDArray[T]:
    """Return a plain read-only view: kernels are compiled once for it and for mapped files."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view
