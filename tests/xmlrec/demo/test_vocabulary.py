import csv
from collections import Counter

from xmlrec.demo.vocabulary import read_leaves, read_phrases, taxonomy_csv


def nodes() -> list[dict[str, str]]:
    return list(csv.DictReader(taxonomy_csv().decode().splitlines()))


def paths() -> dict[str, tuple[str, ...]]:
    """Full path by id, as the file gives it: a parent stands above its children."""
    path_of: dict[str, tuple[str, ...]] = {"": ()}
    for node in nodes():
        path_of[node["id"]] = (*path_of[node["parent_id"]], node["name"])
    del path_of[""]
    return path_of


def leaf_paths() -> set[tuple[str, ...]]:
    parents = {node["parent_id"] for node in nodes()}
    return {path for node_id, path in paths().items() if node_id not in parents}


def test_taxonomy_has_eight_departments_and_leaves_at_three_to_five_levels():
    assert sum(node["parent_id"] == "" for node in nodes()) == 8
    assert Counter(map(len, leaf_paths())) == {3: 161, 4: 155, 5: 15}


def test_every_node_has_an_id_a_path_of_its_own_and_a_definition():
    assert len({node["id"] for node in nodes()}) == len(nodes())
    assert len(set(paths().values())) == len(nodes())
    assert [node["id"] for node in nodes() if not node["definition"].endswith(".")] == []


def test_no_name_holds_the_path_separator():
    assert [node["name"] for node in nodes() if " > " in node["name"]] == []


def test_every_leaf_of_the_taxonomy_has_a_vocabulary_and_nothing_else_has_one():
    assert {leaf.path for leaf in read_leaves()} == leaf_paths()


def test_second_categories_are_other_leaves_and_hang_on_a_noun():
    known = leaf_paths()
    for leaf in read_leaves():
        assert set(leaf.also) <= set(leaf.nouns)
        assert set(leaf.also.values()) <= known - {leaf.path}


def test_no_leaf_repeats_a_word_or_ends_a_list_with_a_comma():
    for leaf in read_leaves():
        for words in (leaf.nouns, leaf.kinds, leaf.features, leaf.uses, leaf.sizes):
            assert len(words) >= 2
            assert len(set(words)) == len(words)
            assert all(word == word.strip(" ,") != "" for word in words)


def test_every_price_range_is_a_rising_pair():
    assert [leaf.path for leaf in read_leaves() if not 0 < leaf.price[0] < leaf.price[1]] == []


def test_dirt_comes_in_three_foreign_languages_with_the_same_words():
    german, french, spanish = read_phrases().foreign

    assert set(german) == set(french) == set(spanish)
