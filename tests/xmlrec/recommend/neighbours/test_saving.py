import json
import mmap

import numpy as np
import pytest

from tests.xmlrec.recommend.neighbours.cases import N_ITEMS, assert_same_rows, random_sessions
from xmlrec.errors import ModelError
from xmlrec.recommend.neighbours import NeighbourIndex, NeighbourSettings
from xmlrec.recommend.neighbours.saving import DTYPES, FACTS, FORMAT


@pytest.fixture
def index():
    sessions = random_sessions(np.random.default_rng(0), 30)
    return NeighbourIndex.fit(sessions, N_ITEMS, NeighbourSettings(repeat=2.0))


@pytest.fixture
def folder(index, tmp_path):
    index.write(tmp_path / "neighbours")
    return tmp_path / "neighbours"


def test_a_read_index_is_the_written_one(index, folder):
    queries = random_sessions(np.random.default_rng(1), 20)

    opened = NeighbourIndex.read(folder)

    assert opened.settings == index.settings
    assert_same_rows(opened.evidence(queries), index.evidence(queries))
    assert_same_rows(opened.rules(queries), index.rules(queries))
    query = queries.take(np.flatnonzero(queries.lengths())[:1])
    items = index.evidence(query).indices
    assert [one.neighbours for one in opened.explain(query, items)] == [
        one.neighbours for one in index.explain(query, items)
    ]


def test_an_index_of_nothing_can_be_read(tmp_path):
    NeighbourIndex.fit(random_sessions(np.random.default_rng(0), 0), 3).write(tmp_path)

    assert NeighbourIndex.read(tmp_path).n_items == 3


def test_arrays_stay_on_disk(folder):
    items = NeighbourIndex.read(folder).arrays.items
    while isinstance(items, np.ndarray):
        items = items.base

    assert isinstance(items, mmap.mmap)


@pytest.mark.parametrize("name", DTYPES)
def test_a_missing_or_cut_file_is_refused(folder, name):
    path = folder / f"{name}.npy"
    array = np.load(path)
    np.save(path, array[:-1])
    with pytest.raises(ModelError, match="do not fit together"):
        NeighbourIndex.read(folder)

    path.unlink()
    with pytest.raises(ModelError, match=f"neighbours cannot be read: .*{name}"):
        NeighbourIndex.read(folder)


def test_an_array_of_another_type_is_refused(folder):
    np.save(folder / "items.npy", np.load(folder / "items.npy").astype(np.int64))

    with pytest.raises(ModelError, match="items holds int64"):
        NeighbourIndex.read(folder)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"format": FORMAT + 1}, "of format 2, expected 1; fit it again"),
        ({"settings": {"spam": 1}}, "unknown neighbour settings: spam"),
        ({"settings": {"span": -1}}, "span must be above 0"),
    ],
)
def test_other_facts_are_refused(folder, facts, message):
    path = folder / FACTS
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))

    with pytest.raises(ModelError, match=message):
        NeighbourIndex.read(folder)
