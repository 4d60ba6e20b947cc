import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.contrastive import batch_masks_reference
from xmlrec.encode.batches import Batches, ancestors

# 0 is the root of 1 and 2; 3, 4, 5 lie below 1, and 6 below 2; nothing has label 5
PARENTS = np.array([-1, 0, 0, 1, 1, 1, 2], dtype=np.int32)
N_LABELS = PARENTS.size
EVERY_TEXT = np.ones(N_LABELS, dtype=bool)


def indicator(rows):
    Y = np.zeros((len(rows), N_LABELS), dtype=np.float32)
    for row, labels in enumerate(rows):
        Y[row, labels] = 1
    return sp.csr_array(Y)


def test_an_epoch_shows_every_labelled_item_and_every_label_with_items_once():
    Y = indicator([[3], [], [4, 6], [1], [3], []])
    batches = Batches(Y, EVERY_TEXT, batch_size=3)

    for epoch in range(3):
        seen = np.concatenate([batch.documents for batch in batches.epoch(epoch)])
        assert sorted(seen.tolist()) == [0, 2, 3, 4, 6 + 1, 6 + 3, 6 + 4, 6 + 6]
    assert batches.labels.tolist() == [1, 3, 4, 6]
    assert len(batches) == 3


def test_a_label_without_text_is_no_document():
    has_text = EVERY_TEXT.copy()
    has_text[3] = False
    batches = Batches(indicator([[3], [4]]), has_text, batch_size=9)

    (batch,) = batches.epoch(0)

    assert sorted(batch.documents.tolist()) == [0, 1, 2 + 4]
    assert batches.labels.tolist() == [3, 4]


@given(seed=st.integers(0, 10_000), has_parents=st.booleans())
def test_masks_match_the_reference(seed, has_parents):
    rng = np.random.default_rng(seed)
    rows = [rng.choice([0, 1, 2, 3, 4, 6], size=rng.integers(0, 4)) for _ in range(9)] + [[3]]
    Y = indicator(rows)
    parents = PARENTS if has_parents else np.full(N_LABELS, -1)
    batches = Batches(
        Y, EVERY_TEXT, batch_size=4, seed=seed, parents=PARENTS if has_parents else None
    )
    documents = np.concatenate([Y.toarray(), np.eye(N_LABELS)])

    for batch in batches.epoch(0):
        own, negative = batch_masks_reference(documents, parents, batch.documents, batches.labels)
        np.testing.assert_array_equal(batch.is_own, own)
        np.testing.assert_array_equal(batch.is_negative, negative)
        assert batch.is_own.any(axis=1).all()


def test_ancestors_are_all_labels_above():
    above = ancestors(PARENTS, N_LABELS).toarray()

    assert [np.flatnonzero(row).tolist() for row in above] == [
        [], [0], [0], [0, 1], [0, 1], [0, 1], [0, 2],
    ]  # fmt: skip
    assert ancestors(None, 3).nnz == 0


def test_an_epoch_is_the_same_again_and_from_any_batch_on():
    Y = indicator([[3], [4, 6], [1], [3], [6], [4]])
    batches = [Batches(Y, EVERY_TEXT, batch_size=3, seed=5, parents=PARENTS) for _ in range(2)]

    whole, rest = list(batches[0].epoch(2)), list(batches[1].epoch(2, start=2))

    assert len(rest) == len(whole) - 2 > 0
    for one, other in zip(whole[2:], rest, strict=True):
        np.testing.assert_array_equal(one.documents, other.documents)
        np.testing.assert_array_equal(one.is_own, other.is_own)
        np.testing.assert_array_equal(one.is_negative, other.is_negative)


def test_epochs_and_seeds_differ_in_order():
    Y = sp.csr_array(np.eye(40, dtype=np.float32))
    has_text = np.zeros(40, dtype=bool)

    def order(seed, epoch):
        of_epoch = Batches(Y, has_text, batch_size=8, seed=seed).epoch(epoch)
        return tuple(np.concatenate([batch.documents for batch in of_epoch]).tolist())

    assert len({order(0, 0), order(0, 1), order(1, 0)}) == 3


def test_sizes_differ_by_one_at_most():
    Y = sp.csr_array(np.eye(19, dtype=np.float32))
    batches = Batches(Y, np.zeros(19, dtype=bool), batch_size=8)

    assert sorted(batch.documents.size for batch in batches.epoch(0)) == [6, 6, 7]


def test_a_stored_zero_is_no_label():
    Y = sp.csr_array((np.array([1.0, 0.0]), ([0, 1], [3, 4])), shape=(2, N_LABELS))

    assert Batches(Y, EVERY_TEXT, batch_size=4).labels.tolist() == [3]


def test_items_without_any_label_are_refused():
    with pytest.raises(ValueError, match="none of 4 items has a label"):
        Batches(sp.csr_array((4, N_LABELS)), EVERY_TEXT, batch_size=4)


def test_parents_of_other_labels_are_refused():
    with pytest.raises(ValueError, match=r"parents has shape \(6,\), expected \(7,\)"):
        Batches(indicator([[3]]), EVERY_TEXT, batch_size=4, parents=PARENTS[1:])
