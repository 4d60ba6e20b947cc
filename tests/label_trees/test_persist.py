import json
import mmap
from dataclasses import replace

import numpy as np
import pytest

from label_trees import LabelForest, LabelTreeClassifier, load_forest, save_forest
from label_trees.build import build_flat
from label_trees.persist import DTYPES, FORMAT, TREE_ARRAYS
from tests.label_trees.cases import forest_bytes, random_case, ranking_bytes, trained_tree

FILLED = [name for name in DTYPES if name != "scale"]
"""Arrays that hold something while weights have 32 bits."""


@pytest.fixture(scope="module")
def forest():
    X, Y = random_case(0)
    return LabelTreeClassifier(n_trees=2, max_flat=0, max_leaf=4, arity=4).fit(X, Y).forest_


@pytest.fixture
def folder(forest, tmp_path):
    save_forest(forest, tmp_path / "model" / "trees")
    return tmp_path / "model" / "trees"


@pytest.fixture
def compressed(forest, tmp_path):
    save_forest(forest, tmp_path / "small", compress=True)
    return tmp_path / "small"


def n_bytes(folder):
    return sum(path.stat().st_size for path in folder.iterdir())


def rewrite(folder, **changes):
    """Change entries of forest.json; None removes one."""
    path = folder / "forest.json"
    sizes = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: v for name, v in sizes.items() if v is not None}))


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("loss", ["squared_hinge", "logistic"])
@pytest.mark.parametrize("is_quantized", [False, True])
def test_a_loaded_forest_is_the_saved_one(forest, tmp_path, compress, loss, is_quantized):
    X, Y = random_case(1)
    saved = replace(forest.quantized() if is_quantized else forest, loss=loss, score_power=2)
    save_forest(saved, tmp_path, compress=compress)

    loaded = load_forest(tmp_path)

    assert forest_bytes(loaded) == forest_bytes(saved)
    assert (loaded.n_features, loaded.n_labels) == (40, 30)
    assert (loaded.loss, loaded.score_power) == (loss, 2)
    assert ranking_bytes(loaded.rank(X, 7)) == ranking_bytes(saved.rank(X, 7))
    assert (loaded.score_pairs(X, Y) != saved.score_pairs(X, Y)).nnz == 0


def test_loaded_arrays_are_mapped_from_the_files_and_read_only(folder):
    trained = load_forest(folder).trees[0]

    for name in DTYPES:
        base = getattr(trained.tree if name in TREE_ARRAYS else trained.weights, name)
        assert not base.flags.writeable, name
        while isinstance(base, np.ndarray):
            base = base.base
        assert isinstance(base, mmap.mmap), name


def test_a_compressed_forest_is_one_smaller_file_a_tree_and_read_only(folder, compressed):
    trained = load_forest(compressed).trees[0]

    names = {path.name for path in compressed.iterdir()}
    assert names == {"forest.json", "tree0.npz", "tree1.npz"}
    assert n_bytes(compressed) < n_bytes(folder)
    for name in DTYPES:
        array = getattr(trained.tree if name in TREE_ARRAYS else trained.weights, name)
        assert not array.flags.writeable, name


def test_weights_of_8_bits_take_fewer_bytes(forest, folder, tmp_path):
    save_forest(forest.quantized(), tmp_path / "small")

    n_values = sum(trained.weights.value.size for trained in forest.trees)
    n_slots = sum(trained.weights.bias.size for trained in forest.trees)
    assert n_bytes(folder) - n_bytes(tmp_path / "small") == 3 * n_values - 4 * n_slots


@pytest.mark.parametrize("compress", [False, True])
def test_saving_twice_writes_the_same_bytes(forest, tmp_path, compress):
    for name in ("once", "again"):
        save_forest(forest, tmp_path / name, compress=compress)

    names = sorted(path.name for path in (tmp_path / "once").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    for name in names:
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_loaded_forest_survives_being_saved_into_its_own_folder(forest, folder):
    loaded = load_forest(folder)

    save_forest(loaded, folder)

    assert forest_bytes(loaded) == forest_bytes(forest)
    assert forest_bytes(load_forest(folder)) == forest_bytes(forest)


@pytest.mark.parametrize("is_quantized", [False, True])
def test_a_forest_without_any_weight_is_saved_and_loaded(tmp_path, is_quantized):
    X, Y = random_case(2)
    forest = LabelTreeClassifier(min_weight=1e9).fit(X, Y).forest_
    forest = forest.quantized() if is_quantized else forest

    save_forest(forest, tmp_path)

    assert forest.trees[0].weights.value.size == 0
    assert ranking_bytes(load_forest(tmp_path).rank(X)) == ranking_bytes(forest.rank(X))


def test_a_forest_without_any_feature_is_saved_and_loaded(tmp_path):
    Y = np.eye(5)
    forest = LabelTreeClassifier().fit(np.zeros((5, 0)), Y).forest_

    save_forest(forest, tmp_path)

    loaded = load_forest(tmp_path)
    assert forest_bytes(loaded) == forest_bytes(forest)
    assert loaded.n_features == 0


@pytest.mark.parametrize(
    ("n_slots", "n_features"), [(3, 70_000), (300, 9), (65_537, 1)], ids=["wide", "many", "most"]
)
def test_every_width_of_numbers_is_saved_and_loaded(tmp_path, n_slots, n_features):
    tree = build_flat(np.arange(n_slots, dtype=np.int32), n_slots)
    W = np.zeros((n_slots, n_features + 1), dtype=np.float32)
    W[-1, n_features - 1] = 3.0
    forest = LabelForest(trees=(trained_tree(tree, W),), n_features=n_features, n_labels=n_slots)

    save_forest(forest, tmp_path)

    assert forest_bytes(load_forest(tmp_path)) == forest_bytes(forest)


@pytest.mark.parametrize("name", [f"tree1.{name}.npy" for name in DTYPES])
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


@pytest.mark.parametrize("damage", ["cut", "emptied", "other bytes", "missing"])
def test_a_damaged_compressed_tree_is_refused_by_name(compressed, damage):
    path = compressed / "tree1.npz"
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        damaged = {"cut": content[:-40], "emptied": b"", "other bytes": b"xx" + content[2:]}
        path.write_bytes(damaged[damage])

    with pytest.raises(ValueError, match=r"tree1.npz cannot be read"):
        load_forest(compressed)


@pytest.mark.parametrize("name", DTYPES)
def test_a_compressed_tree_that_lacks_an_array_is_refused(compressed, name):
    path = compressed / "tree0.npz"
    with np.load(path) as file:
        arrays = {other: file[other] for other in file.files if other != name}
    np.savez_compressed(path, **arrays)

    with pytest.raises(ValueError, match=rf"tree0.npz cannot be read.*{name}"):
        load_forest(compressed)


@pytest.mark.parametrize("name", FILLED)
@pytest.mark.parametrize("is_longer", [False, True])
def test_an_array_of_another_length_is_refused(folder, name, is_longer):
    path = folder / f"tree0.{name}.npy"
    array = np.load(path)
    np.save(path, np.append(array, array[-1:]) if is_longer else array[:-1])

    with pytest.raises(ValueError, match="tree 0"):
        load_forest(folder)


@pytest.mark.parametrize("is_quantized", [False, True])
def test_scales_that_do_not_belong_to_the_values_are_refused(forest, tmp_path, is_quantized):
    save_forest(forest.quantized() if is_quantized else forest, tmp_path)
    n_scales = 0 if is_quantized else forest.trees[0].weights.bias.size
    np.save(tmp_path / "tree0.scale.npy", np.ones(n_scales, dtype=np.float32))

    with pytest.raises(ValueError, match="the arrays of tree 0 do not fit together"):
        load_forest(tmp_path)


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("compress", [False, True])
def test_an_array_of_another_type_is_refused_by_name(forest, tmp_path, name, compress):
    save_forest(forest, tmp_path, compress=compress)
    path = tmp_path / ("tree0.npz" if compress else f"tree0.{name}.npy")
    if compress:
        with np.load(path) as file:
            arrays = {other: file[other] for other in file.files}
        np.savez_compressed(path, **(arrays | {name: arrays[name].astype(np.float64)}))
    else:
        np.save(path, np.load(path).astype(np.float64))

    with pytest.raises(ValueError, match=rf"{name} of tree 0 holds float64 of shape"):
        load_forest(tmp_path)


def test_an_array_of_two_dimensions_is_refused_by_name(folder):
    path = folder / "tree0.value.npy"
    np.save(path, np.load(path)[:, None])

    with pytest.raises(ValueError, match=r"value of tree 0 holds float32 of shape \(\d+, 1\)"):
        load_forest(folder)


def test_another_number_of_features_is_refused(folder):
    rewrite(folder, n_features=400)

    with pytest.raises(ValueError, match="the arrays of tree 0 do not fit together"):
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
        ({"loss": None}, "names the loss None, not one of"),
        ({"loss": "hinge"}, "names the loss 'hinge', not one of"),
        ({"score_power": None}, "names the power None, not one of"),
        ({"score_power": 4}, "names the power 4, not one of"),
        ({"compressed": True}, "tree0.npz cannot be read"),
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
