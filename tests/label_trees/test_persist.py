import json
import mmap

import numpy as np
import pytest

from label_trees import LabelTreeClassifier, load_forest, save_forest
from label_trees.persist import FORMAT, TREE_ARRAYS, WEIGHT_ARRAYS
from tests.label_trees.cases import forest_bytes, random_case, ranking_bytes

ARRAYS = TREE_ARRAYS | WEIGHT_ARRAYS


@pytest.fixture(scope="module")
def forest():
    X, Y = random_case(0)
    return LabelTreeClassifier(n_trees=2, max_flat=0, max_leaf=4, arity=4).fit(X, Y).forest_


@pytest.fixture
def folder(forest, tmp_path):
    save_forest(forest, tmp_path / "model" / "trees")
    return tmp_path / "model" / "trees"


def rewrite(folder, **changes):
    """Change entries of forest.json; None removes one."""
    path = folder / "forest.json"
    sizes = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: v for name, v in sizes.items() if v is not None}))


def test_a_loaded_forest_is_the_saved_one(forest, folder):
    X, Y = random_case(1)

    loaded = load_forest(folder)

    assert forest_bytes(loaded) == forest_bytes(forest)
    assert (loaded.n_features, loaded.n_labels) == (40, 30)
    assert ranking_bytes(loaded.rank(X, 7)) == ranking_bytes(forest.rank(X, 7))
    assert (loaded.score_pairs(X, Y) != forest.score_pairs(X, Y)).nnz == 0


def test_loaded_arrays_are_mapped_from_the_files_and_read_only(folder):
    trained = load_forest(folder).trees[0]

    for part, names in ((trained.tree, TREE_ARRAYS), (trained.weights, WEIGHT_ARRAYS)):
        for name in names:
            base = getattr(part, name)
            assert not base.flags.writeable, name
            while isinstance(base, np.ndarray):
                base = base.base
            assert isinstance(base, mmap.mmap), name


def test_saving_twice_writes_the_same_bytes(forest, folder, tmp_path):
    save_forest(forest, tmp_path / "again")

    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_loaded_forest_survives_being_saved_into_its_own_folder(forest, folder):
    loaded = load_forest(folder)

    save_forest(loaded, folder)

    assert forest_bytes(loaded) == forest_bytes(forest)
    assert forest_bytes(load_forest(folder)) == forest_bytes(forest)


def test_a_forest_without_any_weight_is_saved_and_loaded(tmp_path):
    X, Y = random_case(2)
    forest = LabelTreeClassifier(min_weight=1e9).fit(X, Y).forest_

    save_forest(forest, tmp_path)

    assert forest.trees[0].weights.value.size == 0
    assert ranking_bytes(load_forest(tmp_path).rank(X)) == ranking_bytes(forest.rank(X))


@pytest.mark.parametrize("name", [f"tree1.{name}.npy" for name in ARRAYS])
@pytest.mark.parametrize("damage", ["cut", "header only", "emptied", "other bytes", "missing"])
def test_a_damaged_file_is_refused_by_name(folder, name, damage):
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
        load_forest(folder)


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_of_another_length_is_refused(folder, name):
    path = folder / f"tree0.{name}.npy"
    array = np.load(path)
    np.save(path, array[:-1])

    with pytest.raises(ValueError, match="tree 0"):
        load_forest(folder)


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_of_another_type_is_refused_by_name(folder, name):
    path = folder / f"tree0.{name}.npy"
    array = np.load(path)
    np.save(path, array.astype(np.float64))

    with pytest.raises(ValueError, match=rf"tree0.{name}.npy holds float64 of shape"):
        load_forest(folder)


def test_arrays_of_another_model_are_refused(folder, tmp_path):
    X, Y = random_case(3, n_labels=17)
    save_forest(LabelTreeClassifier().fit(X, Y).forest_, tmp_path / "other")
    (tmp_path / "other" / "tree0.slot_node.npy").replace(folder / "tree0.slot_node.npy")

    with pytest.raises(ValueError, match="tree 0: slot_indptr does not cut 17 slots"):
        load_forest(folder)


def test_pickled_objects_are_refused(folder):
    path = folder / "tree0.value.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)

    with pytest.raises(ValueError, match=r"tree0.value.npy cannot be read"):
        load_forest(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": FORMAT + 1}, f"of format {FORMAT + 1}, this version reads {FORMAT}"),
        ({"format": "new"}, "forest.json cannot be read"),
        ({"format": None}, "forest.json cannot be read: KeyError"),
        ({"n_labels": None}, "forest.json cannot be read: KeyError"),
        ({"n_labels": 29}, "tree 0: labels must be in one slot each and below 29"),
        ({"n_trees": 3}, "tree2.slot_indptr.npy cannot be read"),
        ({"n_trees": 0}, "names 0 trees"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(folder, changes, message):
    rewrite(folder, **changes)

    with pytest.raises(ValueError, match=message):
        load_forest(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"a"'])
def test_a_description_that_is_no_json_object_is_refused(folder, content):
    (folder / "forest.json").write_text(content)

    with pytest.raises(ValueError, match=r"forest.json cannot be read"):
        load_forest(folder)


def test_a_folder_that_is_not_there_is_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere.*forest.json cannot be read"):
        load_forest(tmp_path / "nowhere")
