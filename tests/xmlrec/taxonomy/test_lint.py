import pytest

from xmlrec.errors import TaxonomyError
from xmlrec.taxonomy import Node, Taxonomy, lint_file, read_taxonomy
from xmlrec.taxonomy.lint import find_errors


def errors_of(nodes):
    problems, _ = find_errors(nodes, range(1, len(nodes) + 1))
    return [(problem.code, problem.node_id, problem.line) for problem in problems]


def test_every_kind_of_problem_is_reported_at_once(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(
        "id,parent_id,name\n"
        "1,,Games\n"
        "2,1,Chess\n"
        "2,1,Checkers\n"
        "3,99,Lost\n"
        "4,1,\n"
        "5,1,Red > Green\n"
        "6,7,Hen\n"
        "7,6,Egg\n"
        "8,1,Dice\n"
        "9,1,Dice\n"
        ",1,Nobody\n"
        "10,1,bell\x07\n"
        "11,1,two,many\n"
        "12,1,dice\n"
    )

    problems = lint_file(path)

    assert [(p.severity, p.code, p.node_id, p.line) for p in problems] == [
        ("error", "duplicate_id", "2", 4),
        ("error", "orphan", "3", 5),
        ("error", "empty_name", "4", 6),
        ("error", "separator_in_name", "5", 7),
        ("error", "cycle", "6", 8),
        ("error", "empty_id", "", 12),
        ("error", "control_character", "10", 13),
        ("error", "bad_row", "", 14),
        ("warning", "duplicate_siblings", "8", 10),
    ]
    with pytest.raises(TaxonomyError) as caught:
        read_taxonomy(path)
    assert caught.value.problems == tuple(str(p) for p in problems if p.severity == "error")


def test_problems_read_as_sentences_with_their_line(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("id,parent_id,name\n1,,Games\n2,1,Dice\n3,1,Dice\n4,5,Lost\n")
    assert [str(problem) for problem in lint_file(path)] == [
        "line 5: category '4': its parent '5' does not exist",
        "line 3: 2 categories below 'Games' (1) share the name 'Dice': 2, 3",
    ]


def test_each_cycle_is_reported_once_and_what_hangs_below_is_not():
    nodes = [
        Node("self", "s", ("self",)),
        Node("a", "a", ("b",)),
        Node("b", "b", ("a",)),
        Node("below", "below", ("a",)),
        Node("c", "c", ("root", "d")),  # reached over a second parent
        Node("d", "d", ("c",)),
        Node("root", "root"),
    ]
    assert errors_of(nodes) == [("cycle", "self", 1), ("cycle", "a", 2), ("cycle", "c", 5)]


def test_a_diamond_is_not_a_cycle():
    nodes = [Node("1", "a"), Node("2", "b", ("1",)), Node("3", "c", ("1",))]
    assert errors_of([*nodes, Node("4", "d", ("2", "3"))]) == []


@pytest.mark.parametrize("name", ["a > b", "a >", "> b", ">", "a > > b"])
def test_a_name_that_would_not_split_off_its_path_again_is_an_error(name):
    assert errors_of([Node("1", name)]) == [("separator_in_name", "1", 1)]


@pytest.mark.parametrize("name", ["a>b", ">5 kg", "a->b", "a\t>\tb", "x" * 5_000, "=1+1", "a|b"])
def test_names_may_hold_what_is_not_the_separator(name):
    assert errors_of([Node("1", name)]) == []


@pytest.mark.parametrize("text", ["a\0b", "\x1b[31m", "\ud800", "\x7f"])
def test_control_characters_are_errors_in_every_text(text):
    for node in (
        Node("1", text),
        Node("1" + text, "a"),
        Node("1", "a", (), (text,)),
        Node("1", "a", (), (), text),
    ):
        assert [code for code, _, _ in errors_of([node])] == ["control_character"]


def test_siblings_that_differ_in_case_or_unicode_form_are_twins():
    taxonomy = Taxonomy.from_nodes(
        [
            Node("1", "Caf\u00e9"),
            Node("2", "CAFE\u0301"),
            Node("3", "caf\u00e9", ("1",)),  # elsewhere: no twin
            Node("4", "Tea  pot", ("1",)),
            Node("5", "tea pot", ("1",)),
        ],
        source="x",
    )
    assert [(p.severity, p.code, p.message) for p in taxonomy.lint()] == [
        (
            "warning",
            "twin_siblings",
            "2 categories at the top are called 'Caf\u00e9' but for case or Unicode form: 1, 2",
        ),
        (
            "warning",
            "twin_siblings",
            "2 categories below 'Caf\u00e9' (1) are called 'Tea  pot' but for case or Unicode form:"
            " 4, 5",
        ),
    ]


def test_siblings_under_a_second_parent_count_too():
    nodes = [Node("1", "a"), Node("2", "b"), Node("3", "c", ("1",)), Node("4", "c", ("2", "1"))]
    problems = Taxonomy.from_nodes(nodes, source="x").lint()
    assert [(p.code, p.message) for p in problems] == [
        ("duplicate_siblings", "2 categories below 'a' (1) share the name 'c': 3, 4")
    ]


def test_what_a_category_was_must_fit_too():
    nodes = [
        Node("1", "a", replaced_by=("9",)),
        Node("2", "b", ("1",)),
        Node("3", "c", ("2",), replaced_by=()),
        Node("4", "d", former=(("8", "x"), ("", "y"), ("1", "z"))),
        Node("5", "e", other_ids=("4", "\x00")),
    ]

    assert errors_of(nodes) == [
        ("orphan", "1", 1),
        ("orphan", "2", 2),
        ("orphan", "3", 3),
        ("orphan", "4", 4),
        ("control_character", "5", 5),
        ("duplicate_id", "5", 5),
    ]


def test_categories_that_are_no_more_are_nobodys_twins():
    nodes = [Node("1", "a"), Node("2", "a", replaced_by=()), Node("3", "A", replaced_by=("1",))]

    assert Taxonomy.from_nodes(nodes, source="x").lint() == []
