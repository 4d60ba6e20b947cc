"""A ranker as files: the same bytes again, and nothing opened that is damaged."""

import json
import shutil

import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.models.shop import same_bytes
from tests.xmlrec.models.toy import (
    N_DEPARTMENTS,
    N_LABELS,
    N_LEAVES,
    SETTINGS,
    TOPICS,
    add_topics,
    item_of,
    known_labels,
    one_hot,
    titles,
    toy_items,
    toy_ranker,
)
from xmlrec.models.ranker import TextRanker

NAMES = sorted(SETTINGS)
ITEMS = [*toy_items()[0][::20], *titles("", TOPICS[3][0]), item_of(N_LEAVES, 0)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folders of the saved toy rankers by name; tests copy one before they damage it."""
    root = tmp_path_factory.mktemp("rankers")
    for name in NAMES:
        toy_ranker(name).save(root / name)
    return root


def file_bytes(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", NAMES)
def test_ranking_and_scoring_again_after_loading_give_the_same_bytes(folders, name):
    ranker, loaded = toy_ranker(name), TextRanker.load(folders / name)

    ranking = ranker.rank(ITEMS, 10)
    assert same_bytes(ranking, loaded.rank(ITEMS, 10))
    pairs = sp.csr_array(np.ones((len(ITEMS), N_LABELS), dtype=np.float32))
    one, other = ranker.score(ITEMS, pairs), loaded.score(ITEMS, pairs)
    assert one.data.tobytes() == other.data.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_new_labels_after_loading_give_the_same_bytes(folders, name):
    topics = range(N_LEAVES, N_LEAVES + 6)
    items = [*ITEMS, *[item_of(topic, 0) for topic in topics]]
    before, after = (
        add_topics(ranker, topics, examples=(TOPICS[-1][1],)).rank(items, 10)
        for ranker in (toy_ranker(name), TextRanker.load(folders / name))
    )

    assert same_bytes(before, after)


@pytest.mark.parametrize("name", NAMES)
def test_saving_what_was_loaded_gives_the_same_files(folders, name, tmp_path):
    TextRanker.load(folders / name).save(tmp_path / "again")

    assert file_bytes(tmp_path / "again") == file_bytes(folders / name)


def test_only_the_preset_with_vectors_has_files_of_them(folders):
    parts = {name: {path.name for path in (folders / name).iterdir()} for name in NAMES}

    assert parts["fast1"] == parts["fast3"] == {"text", "trees", "labels"}
    assert parts["balanced"] == {"text", "trees", "labels", "encoder", "dense"}


@pytest.fixture
def copy(folders, tmp_path):
    """The folder of the ranker `balanced`, to be damaged."""
    return shutil.copytree(folders / "balanced", tmp_path / "ranker")


def change(path, damage):
    """Replace the array of a file by what ``damage`` returns for it."""
    array = np.load(path)
    np.save(path, damage(array.copy()))


def with_last(value):
    def damage(array):
        array[-1] = value
        return array

    return damage


@pytest.mark.parametrize("name", ["names", "paths"])
def test_a_feature_number_out_of_range_is_found_when_opening(copy, name):
    change(copy / "labels" / f"{name}.indices.npy", with_last(1 << 28))

    with pytest.raises(ValueError, match="indices"):
        TextRanker.load(copy)


DENSE_DAMAGE = {
    "an example out of range": ("rows", with_last(1 << 28), "examples of labels are damaged"),
    "an example below 0": ("rows", with_last(-1), "examples of labels are damaged"),
    "too few examples": ("rows", lambda rows: rows[:-1], "examples of labels are damaged"),
    "too few vectors of examples": ("vectors", lambda v: v[:5], "examples of labels are damaged"),
    "starts out of order": (
        "indptr",
        lambda indptr: indptr[::-1],
        "examples of labels are damaged",
    ),
    "a label without a start": (
        "indptr",
        lambda indptr: np.delete(indptr, 1),
        "come from different models",
    ),
    "shorter vectors of examples": (
        "vectors",
        lambda v: v[:, :-1],
        "come from different models",
    ),
    "shorter vectors of labels": ("labels", lambda v: v[:, :-1], "come from different models"),
    "too few texts of examples": (
        "text_starts",
        lambda starts: np.delete(starts, 1),
        "texts of examples are damaged: there should be",
    ),
    "a text of less than nothing": (
        "text_starts",
        lambda s: s[[0, 2, 1, *range(3, len(s))]],
        "texts of",
    ),
    "texts that end too soon": ("text_bytes", lambda texts: texts[:-1], "texts of examples"),
    "too few labels": ("labels", lambda v: v[:-1], "come from different models"),
    "a vector that is no number": ("labels", with_last(np.nan), "NaN"),
    "a vector of another length": ("labels", lambda v: 2 * v, "length 2 in row 0"),
}


@pytest.mark.parametrize("damage", DENSE_DAMAGE)
def test_damaged_vectors_are_found_when_opening(copy, damage):
    name, function, message = DENSE_DAMAGE[damage]
    change(copy / "dense" / f"{name}.npy", function)

    with pytest.raises(ValueError, match=message):
        TextRanker.load(copy)


@pytest.mark.parametrize(
    "name", ["labels", "vectors", "indptr", "rows", "text_bytes", "text_starts"]
)
def test_a_missing_or_cut_file_of_vectors_is_found_when_opening(copy, name):
    path = copy / "dense" / f"{name}.npy"
    content = path.read_bytes()

    path.write_bytes(content[:-1])
    with pytest.raises(ValueError, match="cannot be read"):
        TextRanker.load(copy)
    path.unlink()
    with pytest.raises(ValueError, match="has other files than a ranker's"):
        TextRanker.load(copy)


@pytest.mark.parametrize("name", ["encoder.json", "tokens.txt", "vectors.npy"])
def test_a_missing_or_cut_file_of_the_encoder_is_found_when_opening(copy, name):
    path = copy / "encoder" / name
    content = path.read_bytes()

    for damaged in (content[: len(content) // 2], None):
        path.unlink() if damaged is None else path.write_bytes(damaged)
        with pytest.raises(ValueError, match="encoder"):
            TextRanker.load(copy)


def test_an_encoder_of_another_dimension_is_found_when_opening(copy):
    change(copy / "encoder" / "vectors.npy", lambda vectors: vectors[:, :-1])
    facts = json.loads((copy / "encoder" / "encoder.json").read_text())
    (copy / "encoder" / "encoder.json").write_text(json.dumps(facts | {"dim": facts["dim"] - 1}))

    with pytest.raises(ValueError, match="encoder and label vectors come from different models"):
        TextRanker.load(copy)


@pytest.mark.parametrize("part", ["text", "trees", "labels"])
def test_parts_of_two_rankers_do_not_open(copy, tmp_path, part):
    smaller = tmp_path / "smaller"
    known = known_labels(range(4))
    items = [item_of(topic, 0) for topic in range(4)]
    Y = one_hot(N_DEPARTMENTS + np.arange(4), N_DEPARTMENTS + 4)
    TextRanker.fit(items, Y, known, SETTINGS["fast1"]).save(smaller)
    shutil.rmtree(copy / part)
    (smaller / part).rename(copy / part)

    with pytest.raises(ValueError, match="come from different models|index pointer size"):
        TextRanker.load(copy)
