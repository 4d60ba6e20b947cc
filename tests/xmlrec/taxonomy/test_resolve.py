import hashlib

import numpy as np
import pytest

from xmlrec.taxonomy import (
    Node,
    PathResolver,
    Resolution,
    Taxonomy,
    extend_with_paths,
)

NODES = [
    Node("100", "Clothes"),
    Node("110", "Tops", ("100",)),
    Node("111", "T_shirts", ("110",)),
    Node("200", "Shoes"),
    Node("210", "Boots", ("200",)),
    Node("211", "Boots", ("200",)),  # a sibling of the same name
    Node("220", "Winter", ("210",)),
    Node("221", "Summer", ("211",)),
    Node("222", "Rain", ("210", "100")),  # two parents
    Node("300", "42"),
]
SHOP = Taxonomy.from_nodes(NODES, source="shop")


def column(label_id):
    return SHOP.column(label_id)


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("elements", "label_id", "n_resolved"),
    [
        (["Clothes", "Tops", "T_shirts"], "111", 3),
        (["100", "110", "111"], "111", 3),
        (["100_Clothing", "110_Upper/Body", "111_x"], "111", 3),
        (["Clothes", "110", "111_T-shirts"], "111", 3),
        (["gid://shopify/TaxonomyCategory/100", "Tops"], "110", 2),
        (["CLOTHES", " tops ", "t_SHIRTS"], "111", 3),
        (["Clothes", "Rain"], "222", 2),  # over its second parent
        (["42"], "300", 1),
        (["111"], "111", 1),  # an id alone is a path
        (["200_Shoes", "111_T-shirts"], "111", 2),  # moved
        (["900_Gone", "110_Tops"], "110", 2),  # moved, its parent is gone
        (["100", "999_New", "220_Winter"], "220", 3),
        (["Clothes", "220"], "100", 1),  # after a name, an id counts under it only
        (["Unknown", "111"], None, 0),  # after what is not known, a bare id does not count
        (["Clothes", "Hats", "Tops"], "100", 1),  # a name counts only under its parent
        (["Tops"], None, 0),
        ([], None, 0),
    ],
)
def test_a_path_resolves_by_id_then_id_name_then_name(elements, label_id, n_resolved):
    expected = Resolution(column(label_id) if label_id else -1, n_resolved)
    assert PathResolver(SHOP).resolve(elements) == expected


def test_an_id_goes_before_a_name_under_the_same_parent():
    taxonomy = Taxonomy.from_nodes([Node("1", "2"), Node("2", "1")], source="x")
    assert PathResolver(taxonomy).resolve(["1"]).column == 0


def test_a_name_under_its_parent_goes_before_an_id_elsewhere():
    nodes = [Node("42", "deep", ("1",)), Node("1", "a"), Node("7", "42")]
    assert PathResolver(Taxonomy.from_nodes(nodes, source="x")).resolve(["42"]).column == 2


def test_an_exact_name_goes_before_its_twin():
    nodes = [Node("1", "tea"), Node("2", "Tea"), Node("3", "TEA")]
    resolver = PathResolver(Taxonomy.from_nodes(nodes, source="x"))
    assert resolver.resolve(["Tea"]) == Resolution(1, 1)
    assert resolver.resolve(["teA"]) == Resolution(-1, 1, (0, 1, 2))


def test_a_name_that_siblings_share_is_ambiguous_unless_the_next_element_decides():
    resolver = PathResolver(SHOP)
    both = (column("210"), column("211"))
    assert resolver.resolve(["Shoes", "Boots"]) == Resolution(-1, 2, both)
    assert resolver.resolve(["Shoes", "Boots", "Unknown"]) == Resolution(-1, 2, both)
    assert resolver.resolve(["Shoes", "Boots", "Summer"]) == Resolution(column("221"), 3)
    assert resolver.resolve(["Shoes", "210", "Winter"]) == Resolution(column("220"), 3)


def test_what_is_known_gets_columns_and_adds_nothing():
    paths = [["Clothes", "Tops"], ["42"], ["Clothes", "Tops"]]
    resolved = extend_with_paths(SHOP, paths)
    assert resolved.taxonomy is SHOP
    assert resolved.columns.dtype == np.int32
    assert resolved.columns.tolist() == [column("110"), column("300"), column("110")]
    assert resolved.added == ()
    assert resolved.refused == {}


def test_what_is_not_known_is_added_under_the_deepest_known_category():
    paths = [["Clothes", " Hats ", "Berets"], ["Clothes", "Hats"], ["Food"], ["Clothes", "Tops"]]

    resolved = extend_with_paths(SHOP, paths)

    n = len(SHOP)
    assert resolved.columns.tolist() == [n + 1, n, n + 2, column("110")]
    assert resolved.added == ("Clothes > Hats", "Clothes > Hats > Berets", "Food")
    assert list(resolved.taxonomy)[:n] == NODES
    assert list(resolved.taxonomy)[n:] == [
        Node(sha("Clothes > Hats"), "Hats", ("100",)),
        Node(sha("Clothes > Hats > Berets"), "Berets", (sha("Clothes > Hats"),)),
        Node(sha("Food"), "Food"),
    ]


def test_strict_refuses_what_is_not_known():
    resolved = extend_with_paths(SHOP, [["Clothes", "Hats"], ["Clothes"]], strict=True)
    assert resolved.taxonomy is SHOP
    assert resolved.columns.tolist() == [-1, column("100")]
    assert resolved.refused[0] == (
        "UNKNOWN_PATH",
        "'Clothes > Hats': 'Hats' is not in the taxonomy",
    )


def test_ambiguous_and_bad_paths_are_refused_with_a_code_and_the_ids():
    paths = [["Shoes", "Boots"], [], ["A", ""], ["A > B"], ["A", "nul\0"], ["Clothes"]]

    resolved = extend_with_paths(SHOP, paths)

    assert resolved.columns.tolist() == [-1, -1, -1, -1, -1, column("100")]
    assert [resolved.refused[position].code for position in range(5)] == [
        "AMBIGUOUS_PATH",
        "BAD_PATH",
        "BAD_PATH",
        "BAD_PATH",
        "BAD_PATH",
    ]
    assert resolved.refused[0].message == (
        "'Shoes > Boots' fits several categories; use an id: 210, 211"
    )
    assert resolved.added == ()


def test_without_a_taxonomy_the_paths_make_one():
    resolved = extend_with_paths(None, [["A", "B"], ["C"], ["A"], ["a"]])
    assert [resolved.taxonomy.path_text(c) for c in range(4)] == ["A", "A > B", "C", "a"]
    assert resolved.taxonomy.ids == (sha("A"), sha("A > B"), sha("C"), sha("a"))
    assert resolved.columns.tolist() == [1, 2, 0, 3]
    assert len(extend_with_paths(None, []).taxonomy) == 0


def test_ids_are_split_off_only_if_every_element_has_one():
    split = extend_with_paths(None, [["10_Food", "11_Fish/Sea_food"], ["10_Food", "12_Tea"]])
    assert list(split.taxonomy) == [
        Node("10", "Food"),
        Node("11", "Fish/Sea_food", ("10",)),
        Node("12", "Tea", ("10",)),
    ]
    for other in ("Tea", "T_shirts", "_x", "12_", "1 2_Tea"):
        whole = extend_with_paths(None, [["10_Food", "11_Fish"], ["10_Food", other]])
        assert whole.taxonomy.names == ("10_Food", "11_Fish", other)


def test_new_id_names_are_added_with_their_ids_beside_known_ones():
    resolved = extend_with_paths(SHOP, [["100_Clothing", "190_Hats"], ["200_Shoes", "190_Hats"]])
    assert resolved.added == ("Clothes > Hats",)
    assert list(resolved.taxonomy)[-1] == Node("190", "Hats", ("100",))
    assert resolved.columns.tolist() == [len(SHOP), len(SHOP)]


def test_resolving_again_in_the_extended_taxonomy_changes_nothing():
    for paths in (
        [["Clothes", "Hats"], ["Food", "Tea_1"], ["Shoes", "Boots"], ["x", "y", "z"], ["Food"]],
        [["100_C", "190_Hats"], ["500_New", "501_Newer"], ["42_x", "T1_Clothes"]],
        [["1_a", "2_b"], ["3_c", "2_b"]],
    ):
        once = extend_with_paths(SHOP, paths)
        again = extend_with_paths(once.taxonomy, paths)
        assert again.added == ()
        assert again.columns.tolist() == once.columns.tolist()


def test_an_id_that_is_taken_grows_by_a_digit():
    digest = hashlib.sha256(b"Food").hexdigest()
    taxonomy = Taxonomy.from_nodes([Node(digest[:12], "Drinks")], source="x")
    resolved = extend_with_paths(taxonomy, [["Food"]])
    assert resolved.taxonomy.ids == (digest[:12], digest[:13])
