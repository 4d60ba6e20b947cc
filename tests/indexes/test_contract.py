"""The contract of `LabelIndex`, run on every implementation."""

import json
import mmap
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexes import ExactIndex, FaissIndex, LabelIndex
from indexes.blocks import MAX_TAIL_ROWS
from indexes.persist import FORMAT, load_arrays
from tests.indexes.cases import assert_same, few_vectors, unit_vectors
from tests.oracles.indexes import search_reference

INDEXES = (ExactIndex, FaissIndex)


@pytest.fixture(params=INDEXES, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


def filled(cls, ids, vectors):
    index: LabelIndex = cls(vectors.shape[1])
    index.add(ids, vectors)
    return index


def by_id(ids, vectors):
    return dict(zip(map(int, ids), vectors, strict=True))


def state(index):
    """Return what a caller can see of an index."""
    ids, scores = index.search(unit_vectors(3, index.dim, seed=99), max(1, len(index)))
    return index.dim, len(index), index.ids.tolist(), ids.tolist(), scores.tolist()


# Searching


@pytest.mark.parametrize("k", [1, 5, 40, 60])
def test_search_finds_what_the_definition_says(cls, k):
    ids, vectors = np.random.default_rng(1).permutation(1000)[:40], unit_vectors(40)
    queries = unit_vectors(7, seed=2)

    found = filled(cls, ids, vectors).search(queries, k)

    assert_same(found, search_reference(by_id(ids, vectors), queries, k))


@settings(deadline=None, max_examples=60)
@given(
    cls=st.sampled_from(INDEXES),
    seed=st.integers(0, 10_000),
    n=st.integers(0, 90),
    k=st.integers(1, 12),
)
def test_ties_go_to_the_lower_id(cls, seed, n, k):
    ids, vectors = np.random.default_rng(seed).permutation(200)[:n], few_vectors(n, seed=seed)
    queries = few_vectors(4, seed=seed + 1)

    found = filled(cls, ids, vectors).search(queries, k)

    assert_same(found, search_reference(by_id(ids, vectors), queries, k))


def test_scores_that_differ_in_the_last_bits_are_ordered_rightly(cls):
    rng = np.random.default_rng(3)
    base = unit_vectors(1, 64)
    vectors = base + rng.standard_normal((500, 64)).astype(np.float32) * np.float32(3e-8)
    ids = rng.permutation(500)

    found = filled(cls, ids, vectors).search(base, 10)

    assert_same(found, search_reference(by_id(ids, vectors), base, 10))


def test_a_query_does_not_depend_on_the_other_queries(cls):
    index = filled(cls, np.arange(3000), unit_vectors(3000, 64))
    queries = unit_vectors(400, 64, seed=1)

    together = index.search(queries, 20)

    for rows in (slice(0, 1), slice(17, 18), slice(100, 399), slice(None, None, -1)):
        assert_same(index.search(queries[rows], 20), (together[0][rows], together[1][rows]))


def test_an_empty_index_finds_nothing(cls):
    found = cls(4).search(unit_vectors(2, 4), 3)

    assert_same(found, (np.full((2, 3), -1), np.full((2, 3), -np.inf)))


def test_no_queries_find_no_rows(cls):
    ids, scores = filled(cls, [1, 2], unit_vectors(2)).search(np.zeros((0, 8)), 3)

    assert ids.shape == scores.shape == (0, 3)


def test_a_query_of_zeros_finds_nothing_and_leaves_the_others_alone(cls):
    index, queries = filled(cls, [4, 2], unit_vectors(2)), unit_vectors(3, seed=1)
    expected = index.search(queries, 2)

    silent = queries.copy()
    silent[1] = 0
    ids, scores = index.search(silent, 2)

    expected[0][1], expected[1][1] = -1, -np.inf
    assert_same((ids, scores), expected)


def test_ids_use_the_whole_range(cls):
    largest = 2**63 - 1
    index = filled(cls, [largest, 0], few_vectors(2, seed=5)[[0, 0]])

    assert index.search(few_vectors(2, seed=5)[:1], 2)[0].tolist() == [[0, largest]]
    assert index.ids.tolist() == [0, largest]


# Allowed ids


@pytest.mark.parametrize(
    "allowed", [[3, 1, 8], [3, 3], [], [77], [5, 77, -1], np.arange(0, 20, 2, dtype=np.uint32)]
)
def test_only_allowed_ids_are_found(cls, allowed):
    vectors, queries = unit_vectors(20), unit_vectors(3, seed=1)

    found = filled(cls, np.arange(20), vectors).search(queries, 4, allowed=allowed)

    expected = search_reference(by_id(range(20), vectors), queries, 4, set(map(int, allowed)))
    assert_same(found, expected)


@pytest.mark.parametrize("n_mask", [10, 20, 30])
def test_a_mask_allows_the_ids_at_which_it_is_true(cls, n_mask):
    mask = np.random.default_rng(0).random(n_mask) < 0.5
    index, queries = filled(cls, np.arange(20), unit_vectors(20)), unit_vectors(3, seed=1)

    found = index.search(queries, 4, allowed=mask)

    assert_same(found, index.search(queries, 4, allowed=np.flatnonzero(mask)))


def test_allowing_few_of_many_leaves_the_index_as_it_was(cls):
    index = filled(cls, np.arange(20), unit_vectors(20))
    before = state(index)

    index.search(unit_vectors(1), 4, allowed=[3])

    assert state(index) == before


# Changing


VECTOR = st.integers(0, 11)
CHANGE = st.tuples(
    st.sampled_from(["add", "remove", "replace", "reload"]),
    st.lists(st.integers(0, 9), max_size=4, unique=True),
    VECTOR,
)


@settings(deadline=None, max_examples=80)
@given(cls=st.sampled_from(INDEXES), changes=st.lists(CHANGE, max_size=25))
def test_any_sequence_of_changes_equals_a_dictionary(cls, changes, tmp_path_factory):
    pool = np.concatenate([unit_vectors(6, 3), few_vectors(12, seed=1)])
    index, model = cls(3), {}
    for kind, ids, first in changes:
        vectors = pool[first : first + len(ids)]
        known = [i for i in ids if i in model]
        if kind == "reload":
            folder = tmp_path_factory.mktemp("index")
            index.save(folder)
            index = cls.load(folder)
        elif (kind == "add" and known) or (kind != "add" and len(known) < len(ids)):
            with pytest.raises(ValueError, match="in the index"):
                index.remove(ids) if kind == "remove" else getattr(index, kind)(ids, vectors)
        elif kind == "remove":
            index.remove(ids)
            model = {i: vector for i, vector in model.items() if i not in ids}
        else:
            getattr(index, kind)(ids, vectors)
            model |= by_id(ids, vectors)
        assert index.ids.tolist() == sorted(model)
        assert len(index) == len(model)
    queries = pool[:4]
    assert_same(index.search(queries, 6), search_reference(model, queries, 6))
    expected = search_reference(model, queries, 3, {1, 4, 7})
    assert_same(index.search(queries, 3, allowed=[1, 4, 7]), expected)


@pytest.mark.parametrize("n_removed", [1, 600, 2900, 3000])
def test_removed_ids_are_never_found_and_all_others_are(cls, n_removed):
    vectors = unit_vectors(3000, 4)
    index = cls(4)
    for start in range(0, 3000, 700):
        index.add(np.arange(start, min(start + 700, 3000)), vectors[start : start + 700])
    removed = np.random.default_rng(0).permutation(3000)[:n_removed]

    index.remove(removed)

    found, _ = index.search(unit_vectors(2, 4, seed=1), 3000)
    left = np.setdiff1d(np.arange(3000), removed)
    for row in found:
        np.testing.assert_array_equal(np.sort(row[: left.size]), left)
        assert (row[left.size :] == -1).all()
    np.testing.assert_array_equal(index.ids, left)


def test_an_id_that_was_removed_can_come_back_with_another_vector(cls):
    first, second = np.eye(2, dtype=np.float32)
    index = filled(cls, [5], first[np.newaxis])

    index.remove([5])
    index.add([5], second[np.newaxis])

    assert index.search([first, second], 1)[1].tolist() == [[0], [1]]


def test_a_replaced_vector_is_the_one_that_is_found(cls):
    index = filled(cls, [5, 6], np.eye(2, dtype=np.float32))

    index.replace([5], [[0, -1]])

    assert_same(index.search([[0, -1]], 2), ([[5, 6]], [[1, -1]]))


def test_labels_added_one_by_one_are_the_same_index_as_labels_added_at_once(cls):
    n = MAX_TAIL_ROWS + 5
    vectors = unit_vectors(n, 4)
    index = cls(4)
    for label in range(n):
        index.add([label], vectors[label : label + 1])

    assert state(index) == state(filled(cls, np.arange(n), vectors))


def test_a_change_of_nothing_changes_nothing(cls):
    index = filled(cls, [1], unit_vectors(1))
    before = state(index)

    index.add([], np.zeros((0, 8)))
    index.remove([])
    index.replace([], np.zeros((0, 8)))

    assert state(index) == before


def test_vectors_are_copied_and_never_written_to(cls):
    ids, vectors, queries = np.arange(5), unit_vectors(5), unit_vectors(2, seed=1)
    originals = [array.copy() for array in (ids, vectors, queries)]
    index = filled(cls, ids, vectors)
    before = state(index)
    index.search(queries, 3)
    for array, original in zip((ids, vectors, queries), originals, strict=True):
        np.testing.assert_array_equal(array, original)

    ids[:], vectors[:] = 7, 0

    assert state(index) == before


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_other_float_types_are_taken_as_float32(cls, dtype):
    vectors = unit_vectors(6).astype(dtype)

    index = filled(cls, range(6), vectors)

    expected = search_reference(by_id(range(6), vectors.astype(np.float32)), unit_vectors(1), 3)
    assert_same(index.search(unit_vectors(1), 3), expected)


def test_views_in_any_memory_order_are_taken(cls):
    vectors = unit_vectors(12)

    index = filled(cls, range(6), np.asfortranarray(vectors[::2]))

    assert state(index) == state(filled(cls, range(6), vectors[::2].copy()))


# What is refused


@pytest.mark.parametrize(
    ("method", "ids", "error", "message"),
    [
        ("add", [2, 3], ValueError, "id 2 is in the index already, 1 of 2 are: use replace"),
        ("add", [3, 3], ValueError, "ids has 3 more than once"),
        ("replace", [1, 1], ValueError, "ids has 1 more than once"),
        ("replace", [8, 1], ValueError, "id 8 is not in the index, 1 of 2 are not"),
        ("add", [-1, 5], ValueError, "from 0 to 2..63 - 1, got -1 to 5"),
        ("add", np.array([2**63, 1], dtype=np.uint64), ValueError, "from 0 to 2..63 - 1, got 1 to"),
        ("add", [2**70, 1], TypeError, "integers, got object"),
        ("add", [[3, 4]], ValueError, "one row, got shape"),
        ("add", 3, ValueError, "one row, got shape"),
        ("add", [3.0, 4.0], TypeError, "integers, got float64"),
        ("add", [True, False], TypeError, "integers, got bool"),
        ("add", ["3", "4"], TypeError, "integers, got <U1"),
        ("add", [3, 4, 5], ValueError, "there are 3 ids and 2 vectors"),
    ],
)
def test_ids_that_do_not_fit_are_refused_and_nothing_changes(cls, method, ids, error, message):
    index = filled(cls, [1, 2], unit_vectors(2))
    before = state(index)

    with pytest.raises(error, match=message):
        getattr(index, method)(ids, unit_vectors(2, seed=1))

    assert state(index) == before


@pytest.mark.parametrize(
    ("ids", "message"),
    [([1, 9], "id 9 is not in the index, 1 of 2 are not"), ([1, 1], "ids has 1 more than once")],
)
def test_removing_what_is_not_there_is_refused_and_nothing_changes(cls, ids, message):
    index = filled(cls, [1, 2], unit_vectors(2))

    with pytest.raises(ValueError, match=message):
        index.remove(ids)

    assert index.ids.tolist() == [1, 2]


def changed(value, *, row=1):
    """Return two unit vectors with one number of one row replaced."""
    vectors = unit_vectors(2, seed=1).astype(np.float64)
    vectors[row, 3] = value
    return vectors


@pytest.mark.parametrize(
    ("vectors", "error", "message"),
    [
        (changed(np.nan), ValueError, "NaN or infinite value in row 1"),
        (changed(np.inf, row=0), ValueError, "NaN or infinite value in row 0"),
        (changed(1e300), ValueError, "NaN or infinite value in row 1"),
        (unit_vectors(2) * 2, ValueError, "length 2 in row 0, expected 1"),
        (unit_vectors(2) * np.float32(0.998), ValueError, "length 0.998 in row 0"),
        (unit_vectors(2, 7), ValueError, r"shape \(n, 8\), got \(2, 7\)"),
        (unit_vectors(1)[0], ValueError, r"shape \(n, 8\), got \(8,\)"),
        ([], ValueError, r"shape \(n, 8\), got \(0,\)"),
        (np.full((2, 8), "a"), TypeError, "real numbers, got <U1"),
        (unit_vectors(2) * 1j, TypeError, "real numbers, got complex64"),
    ],
)
def test_vectors_that_do_not_fit_are_refused_and_nothing_changes(cls, vectors, error, message):
    index = filled(cls, [1, 2], unit_vectors(2))
    before = state(index)

    with pytest.raises(error, match=f"vectors .*{message}"):
        index.add([3, 4], vectors)
    with pytest.raises(error, match=f"vectors .*{message}"):
        index.replace([1, 2], vectors)
    with pytest.raises(error, match=f"queries .*{message}"):
        index.search(vectors, 1)

    assert state(index) == before


def test_a_vector_of_zeros_is_refused(cls):
    with pytest.raises(ValueError, match="vectors has length 0 in row 1"):
        cls(8).add([0, 1], unit_vectors(2) * [[1], [0]])


@pytest.mark.parametrize(
    ("k", "allowed", "error", "message"),
    [
        (0, None, ValueError, "k must be at least 1, got 0"),
        (2.0, None, TypeError, "float"),
        (1, [0.5], TypeError, "allowed must be ids or a mask of booleans, got float64"),
        (1, [[1]], ValueError, "allowed must be one row, got shape"),
        (1, 1, ValueError, "allowed must be one row, got shape"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(cls, k, allowed, error, message):
    with pytest.raises(error, match=message):
        filled(cls, [1], unit_vectors(1)).search(unit_vectors(1), k, allowed=allowed)


@pytest.mark.parametrize(("dim", "error"), [(0, ValueError), (-3, ValueError), (2.0, TypeError)])
def test_a_dimension_that_makes_no_sense_is_refused(cls, dim, error):
    with pytest.raises(error):
        cls(dim)


# Threads


def test_a_search_sees_one_version_while_others_write(cls):
    """Labels come and go in pairs of equal vectors: a search finds both of a pair, or none."""
    n_pairs = 40
    vectors = np.repeat(unit_vectors(n_pairs, 16), 2, axis=0)
    index = filled(cls, np.arange(2 * n_pairs), vectors)
    stop, faults, n_searches = threading.Event(), [], []

    def search():
        while not stop.is_set():
            ids, _ = index.search(vectors[::8], 2 * n_pairs)
            n_searches.append(len(ids))
            for row in ids:
                labels = set(row[row >= 0].tolist())
                if labels != {label ^ 1 for label in labels}:
                    faults.append(labels)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    started, rounds = time.monotonic(), 0
    while time.monotonic() - started < 1 or len(n_searches) < 20:
        pair = [2 * (rounds % n_pairs), 2 * (rounds % n_pairs) + 1]
        index.remove(pair)
        index.add(pair, vectors[pair])
        index.replace(pair, vectors[pair])
        rounds += 1
    stop.set()
    for thread in threads:
        thread.join()

    assert faults == []
    assert rounds > 20
    assert index.ids.tolist() == list(range(2 * n_pairs))


def test_labels_that_several_threads_add_all_end_up_in_the_index(cls):
    index, vectors = cls(8), unit_vectors(200)

    def add(first):
        for label in range(first, 200, 4):
            index.add([label], vectors[label : label + 1])

    threads = [threading.Thread(target=add, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert state(index) == state(filled(cls, range(200), vectors))


# Files


@pytest.fixture
def folder(cls, tmp_path):
    index = filled(cls, [7, 3, 9, 4], unit_vectors(4))
    index.remove([9])
    index.save(tmp_path / "model" / "labels")
    return tmp_path / "model" / "labels"


@pytest.mark.parametrize("other", INDEXES)
def test_any_index_loads_what_another_saved(cls, other, folder):
    index = filled(cls, [3, 4, 7], unit_vectors(4)[[1, 3, 0]])

    assert state(other.load(folder)) == state(index)


def test_an_empty_index_is_saved_and_loaded(cls, tmp_path):
    cls(5).save(tmp_path)

    assert state(cls.load(tmp_path)) == state(cls(5))


def test_equal_contents_make_equal_bytes(cls, folder, tmp_path):
    filled(cls, [3, 4, 7], unit_vectors(4)[[1, 3, 0]]).save(tmp_path / "again")

    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()
    }


def test_loaded_vectors_stay_on_disk_and_the_index_can_still_be_changed(cls, folder):
    base = load_arrays(folder)[1]
    assert not base.flags.writeable
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap)
    index = cls.load(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    index.add([1], unit_vectors(1, seed=1))
    index.replace([3], unit_vectors(1, seed=2))
    index.remove([7])

    assert index.ids.tolist() == [1, 3, 4]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_loaded_index_survives_being_saved_into_its_own_folder(cls, folder):
    index = cls.load(folder)
    index.add([1], unit_vectors(1, seed=1))

    index.save(folder)

    assert state(cls.load(folder)) == state(index)
    assert len(index) == 4


@pytest.mark.parametrize("name", ["ids.npy", "vectors.npy"])
@pytest.mark.parametrize("damage", ["cut", "header only", "emptied", "other bytes", "missing"])
def test_a_damaged_file_is_refused_by_name(cls, folder, name, damage):
    path = folder / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {
                "cut": content[:-4],
                "header only": content[:70],
                "emptied": b"",
                "other bytes": b"PK" + content[2:],
            }[damage]
        )

    with pytest.raises(ValueError, match=rf"{name} cannot be read"):
        cls.load(folder)


@pytest.mark.parametrize("name", ["ids.npy", "vectors.npy"])
def test_any_damaged_byte_of_a_header_is_refused_or_harmless(cls, folder, name):
    path, expected = folder / name, state(cls.load(folder))
    content = path.read_bytes()
    for position in range(128):
        damaged = bytearray(content)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        try:
            loaded = cls.load(folder)
        except ValueError as error:
            assert name in str(error)  # noqa: PT017
        else:
            assert state(loaded) == expected


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("ids.npy", np.array([3, 4]), r"int64 of shape \(2,\), expected int64 of shape \(3,\)"),
        ("ids.npy", np.array([3, 4, 7], dtype=np.int32), "holds int32"),
        ("ids.npy", np.array([3, 7, 4]), "ids must ascend from 0 up"),
        ("ids.npy", np.array([3, 3, 4]), "ids must ascend from 0 up"),
        ("ids.npy", np.array([-1, 3, 4]), "ids must ascend from 0 up"),
        ("vectors.npy", unit_vectors(2), r"shape \(2, 8\), expected float32 of shape \(3, 8\)"),
        ("vectors.npy", unit_vectors(3, 9), r"shape \(3, 9\), expected"),
        ("vectors.npy", unit_vectors(3).astype(np.float64), "holds float64"),
        ("vectors.npy", np.asfortranarray(unit_vectors(3)).T, r"shape \(8, 3\), expected"),
    ],
)
def test_an_array_that_does_not_fit_is_refused_by_name(cls, folder, name, array, message):
    np.save(folder / name, array)

    with pytest.raises(ValueError, match=rf"{name} .*{message}"):
        cls.load(folder)


def test_pickled_objects_are_refused(cls, folder):
    np.save(folder / "ids.npy", np.array([{}, 1, 2], dtype=object), allow_pickle=True)

    with pytest.raises(ValueError, match=r"ids.npy cannot be read"):
        cls.load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": FORMAT + 1}, f"of format {FORMAT + 1}, this version reads {FORMAT}"),
        ({"format": None}, "index.json cannot be read"),
        ({"dim": "wide"}, "index.json cannot be read"),
        ({"dim": 1e999}, "index.json cannot be read"),
        ({"dim": 0}, "vectors have length 0, the least is 1"),
        ({"n_ids": 4}, r"ids.npy holds int64 of shape \(3,\), expected int64 of shape \(4,\)"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(cls, folder, changes, message):
    path = folder / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    with pytest.raises(ValueError, match=message):
        cls.load(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"a"', "\x80"])
def test_a_description_that_is_no_json_object_is_refused(cls, folder, content):
    (folder / "index.json").write_bytes(content.encode("latin-1"))

    with pytest.raises(ValueError, match=r"index.json cannot be read"):
        cls.load(folder)


def test_a_folder_that_is_not_there_is_refused_by_name(cls, tmp_path):
    with pytest.raises(ValueError, match=r"nowhere.*index.json cannot be read"):
        cls.load(tmp_path / "nowhere")
