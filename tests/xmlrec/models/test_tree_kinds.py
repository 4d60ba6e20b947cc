"""The three kinds of label tree: learned, the taxonomy itself, and flat."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.xmlrec.models.shop import (
    COLUMN,
    NODES,
    column_of,
    fit_shop,
    queries,
    same_bytes,
    shop_items,
)
from xmlrec.models import TREES, TaxonomyClassifier, parts_training
from xmlrec.models.ranker_training import train_forest
from xmlrec.models.settings import N_TREES
from xmlrec.taxonomy import Taxonomy

ALL_KINDS = pytest.mark.parametrize("kind", TREES)


@pytest.fixture(scope="module")
def along_taxonomy():
    return fit_shop(tree="taxonomy")


def only_tree(classifier):
    """Return the single label tree of a classifier."""
    (trained,) = classifier.ranker_.forest.trees
    return trained.tree


def families(classifier):
    """Return the ids that share a node of the label tree, for each node that has labels."""
    tree, ids = only_tree(classifier), classifier.taxonomy_.ids
    nodes = {}
    for label in np.flatnonzero(tree.label_slot >= 0).tolist():
        nodes.setdefault(int(tree.owner[tree.label_slot[label]]), set()).add(ids[label])
    return sorted(map(sorted, nodes.values()))


def deep_catalog():
    """Return 520 categories on four levels, inner ones too, with two words of their own each.

    Every category has three items that no other shares a word with.
    """
    paths = [[f"s{s}"] for s in range(5)]
    paths += [[f"s{s}", f"f{f}"] for s in range(5) for f in range(s, 20)]
    paths += [[f"s{s}", f"f{f}", f"c{c}"] for s in range(5) for f in range(s, 20) for c in range(4)]
    paths += [["s0", "f0", "c0", f"b{b}"] for b in range(65)]
    return [
        {"title": title, "paths": [path]}
        for number, path in enumerate(paths)
        for one, other in [(f"wa{number}", f"wb{number}")]
        for title in (f"{one} {other}", f"{other} {one}", f"{one} {other} {one}")
    ]


@ALL_KINDS
def test_items_on_leaves_and_inner_categories_are_found_again(kind):
    labels, _ = fit_shop(tree=kind).rank(shop_items(), 1)

    assert labels[:, 0].tolist() == [column_of(item) for item in shop_items()]


@pytest.fixture(scope="module")
def deep():
    """Classifiers of `deep_catalog` by kind."""
    return {kind: TaxonomyClassifier(tree=kind).fit(deep_catalog()) for kind in TREES}


@ALL_KINDS
def test_categories_with_words_of_their_own_are_all_found(kind, deep):
    items = deep_catalog()

    rows = deep[kind].classify(items, 1)

    assert len(deep[kind].taxonomy_) == 520
    assert [list(row["paths"][0]["path"]) for row in rows] == [item["paths"][0] for item in items]


def test_the_trees_differ_by_kind(deep):
    trees = {kind: [t.tree for t in deep[kind].ranker_.forest.trees] for kind in TREES}

    assert [len(trees[kind]) for kind in TREES] == [N_TREES["balanced"], 1, 1]
    assert trees["flat"][0].n_nodes == 1
    assert trees["taxonomy"][0].depths.max() == 3


def test_the_taxonomys_tree_has_a_node_for_each_parent(along_taxonomy):
    assert families(along_taxonomy) == [["10", "11"], ["2", "3", "4"], ["5", "6", "7"]]
    assert only_tree(along_taxonomy).n_nodes == 4


def test_a_category_without_items_has_its_place_and_is_found_by_name(along_taxonomy):
    rows = along_taxonomy.classify(["slippers", "tools"], 1)

    assert [row["paths"][0]["category_id"] for row in rows] == ["4", "11"]


def test_a_category_of_several_parents_sits_under_the_first():
    both = {"6": ("9", "5"), "10": ("1", "9")}
    nodes = [replace(node, parents=both.get(node.id, node.parents)) for node in NODES]
    items = [{**item, "paths": [[NODES[column_of(item)].id]]} for item in shop_items()]

    classifier = TaxonomyClassifier(tree="taxonomy").fit(
        items, Taxonomy.from_nodes(nodes, source="dag")
    )

    assert ["10", "2", "3", "4"] in families(classifier)
    assert not any({"5", "6"} <= set(family) for family in families(classifier))
    labels, _ = classifier.rank(shop_items(), 1)
    assert labels[:, 0].tolist() == [column_of(item) for item in shop_items()]


def test_along_a_taxonomy_of_roots_only_the_answers_are_those_of_a_flat_tree():
    items = [{**item, "paths": [[item["paths"][0][-1]]]} for item in shop_items()]
    roots, flat = (TaxonomyClassifier(tree=kind).fit(items) for kind in ("taxonomy", "flat"))

    assert roots.taxonomy_.primary_parents.max() == -1
    assert same_bytes(roots.rank(queries(), 9), flat.rank(queries(), 9))


@ALL_KINDS
def test_the_kind_stays_with_the_model(kind, tmp_path):
    classifier = fit_shop(tree=kind)
    classifier.save(tmp_path / "model")

    manifest = json.loads((tmp_path / "model" / "base" / "manifest.json").read_text())
    loaded = TaxonomyClassifier.load(tmp_path / "model")
    assert manifest["settings"]["tree"] == loaded.settings.tree == kind
    assert same_bytes(loaded.rank(queries(), 9), classifier.rank(queries(), 9))


@ALL_KINDS
def test_fusion_is_fitted_with_a_tree_of_the_same_kind(kind, monkeypatch):
    built = []

    def train(*data, **how):
        forest = train_forest(*data, **how)
        built.append(forest.trees[0].tree)
        return forest

    monkeypatch.setattr(parts_training, "train_forest", train)
    classifier = fit_shop(tree=kind)

    for_fusion, _ = built
    assert for_fusion.n_nodes == only_tree(classifier).n_nodes == {"taxonomy": 4}.get(kind, 1)


def test_out_of_fold_rankings_go_along_the_taxonomy(along_taxonomy):
    labels, _ = along_taxonomy.cross_rank(shop_items(), folds=3, k=3)

    is_right = labels[:, 0] == [column_of(item) for item in shop_items()]
    assert is_right.mean() > 0.9
    assert not (labels == COLUMN["12"]).any()


def test_only_allowed_categories_are_ranked_along_the_taxonomy(along_taxonomy):
    allowed = np.zeros(len(NODES), dtype=bool)
    allowed[[COLUMN["3"], COLUMN["7"]]] = True

    labels, _ = along_taxonomy.rank(shop_items(), 5, allowed=allowed)

    assert set(labels.ravel().tolist()) == {COLUMN["3"], COLUMN["7"], -1}


def test_the_same_seed_gives_the_same_bytes_along_the_taxonomy(along_taxonomy):
    again = fit_shop(tree="taxonomy", n_threads=1)

    assert same_bytes(again.rank(queries(), 9), along_taxonomy.rank(queries(), 9))


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="tree must be one of learned, taxonomy, flat, got 'oak'"):
        TaxonomyClassifier(tree="oak")
