import gzip
import hashlib
import json

import pytest

from xmlrec.errors import ColumnError, InputError, TaxonomyError
from xmlrec.taxonomy import Node, lint_file, read_taxonomy, write_taxonomy

PETS = [Node("1", "Pets"), Node("2", "Cats & Co", ("1",)), Node("3", "Toys", ("2",))]

FORMS = {
    "pets.csv": "id,parent_id,name\n1,,Pets\n2,1,Cats & Co\n3,2,Toys\n",
    "pets.tsv": "id\tparent_id\tname\n1\t\tPets\n2\t1\tCats & Co\n3\t2\tToys\n",
    "excel.csv": "\ufeffID;Name;parent_id;etc\r\n1;Pets;;\r\n\r\n2;Cats & Co;1;y\r\n3;Toys;2;z\r\n",
    "table.txt": "id,parent_id,name\n1,,Pets\n2,1, Cats & Co \n3,2,Toys",
    "google.txt": "# Google_Product_Taxonomy_Version: 2021\n1 - Pets\n2 - Pets > Cats & Co\n"
    "3 - Pets > Cats & Co > Toys\n",
    "windows.txt": "1 - Pets\r\n\r\n2 - Pets > Cats & Co\r\n3 - Pets > Cats & Co > Toys\r\n",
    "old-mac.txt": "1 - Pets\r2 - Pets > Cats & Co\r3 - Pets > Cats & Co > Toys\r",
    "shopify.txt": "# Format: {GID} : ...\n\n"
    "gid://shopify/TaxonomyCategory/1   : Pets\n"
    "gid://shopify/TaxonomyCategory/2   : Pets > Cats & Co\n"
    "gid://shopify/TaxonomyCategory/3   : Pets > Cats & Co > Toys\n",
    "names.yml": "---\n- id: 1\n  full_name: Pets\n- id: 2\n  full_name: Pets > Cats & Co\n"
    "- id: 3\n  full_name: Pets > Cats & Co > Toys\n",
    "off.json": json.dumps(
        {
            "1": {"name": {"en": "Pets"}},
            "2": {"name": {"en": "Cats & Co"}, "parents": ["1"]},
            "3": {"name": {"en": "Toys"}, "parents": ["2"]},
        },
        indent=1,
    ),
    "taxonomy.jsonl": '{"id": "1", "name": "Pets", "parents": []}\n'
    '{"id": "2", "name": "Cats & Co", "parents": ["1"]}\n\n'
    '{"id": "3", "name": "Toys", "parents": ["2"]}\n',
}


@pytest.fixture
def file_of(tmp_path):
    def write(text, name="taxonomy.txt"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.mark.parametrize("name", FORMS)
def test_every_format_gives_the_same_taxonomy(file_of, name):
    taxonomy = read_taxonomy(file_of(FORMS[name], name))
    assert list(taxonomy) == PETS
    assert taxonomy.source.endswith(name)


@pytest.mark.parametrize("name", FORMS)
def test_every_format_may_be_compressed(file_of, name):
    path = file_of(gzip.compress(FORMS[name].encode()), name + ".gz")
    assert list(read_taxonomy(str(path))) == PETS


@pytest.mark.parametrize("name", set(FORMS) - {"old-mac.txt"})
def test_the_content_tells_the_format_where_the_name_does_not(file_of, name):
    assert list(read_taxonomy(file_of(FORMS[name], "taxonomy"))) == PETS


def test_ids_are_never_converted(file_of):
    ids = ["00123", "1e5", "NaN", "null", "true", "9" * 30, "0x1F", "1_000"]
    table = file_of("id,parent_id,name\n" + "".join(f"{i},,n{i}\n" for i in ids), "a.csv")
    yaml = file_of("".join(f"- id: {i}\n  full_name: n{i}\n" for i in ids), "a.yml")
    assert read_taxonomy(table).ids == tuple(ids)
    assert read_taxonomy(yaml).ids == tuple(ids)


def test_yaml_names_that_look_like_other_types_stay_text(file_of):
    taxonomy = read_taxonomy(file_of("- {id: a, full_name: No}\n- {id: b, full_name: 1984}\n"))
    assert taxonomy.names == ("No", "1984")


# --- CSV


def test_csv_holds_definitions_aliases_and_quoted_cells(file_of):
    text = (
        "id,parent_id,name,definition,aliases\n"
        '2,1,"17"" monitors\nand\ttabs","big, flat",screens | displays|\n'
        "1,,Monitors,,\n"
    )
    assert list(read_taxonomy(file_of(text, "a.csv"))) == [
        Node("2", '17" monitors\nand\ttabs', ("1",), ("screens", "displays"), "big, flat"),
        Node("1", "Monitors"),
    ]


def test_lines_of_csv_problems_count_line_breaks_inside_cells(file_of):
    problems = lint_file(file_of('id,parent_id,name\n1,,"a\nb"\n2,8,c\n', "a.csv"))
    assert [(p.code, p.line) for p in problems] == [("orphan", 4)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,name\n1,a\n", "line 1: no column 'parent_id'; the columns are 'id', 'name'; name the"),
        ("path\nA > B\n", "line 1: no column 'id'; the columns are 'path'; name the columns"),
        ("id,parent_id,name,name\n1,,a,b\n", "line 1: column 'name' is there twice; keep one"),
    ],
)
def test_missing_and_double_columns_are_usage_errors(file_of, text, message):
    with pytest.raises(ColumnError) as caught:
        read_taxonomy(file_of(text, "a.csv"))
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_quote_that_is_never_closed_does_not_swallow_the_rest(file_of):
    with pytest.raises(InputError, match=r"a\.csv, line 3: the row is not CSV: .*close the quote"):
        read_taxonomy(file_of('id,parent_id,name\n1,,a\n2,,"b\n3,,c\n4,,d\n', "a.csv"))


def test_csv_refuses_a_second_parent_and_a_second_row_of_an_id(file_of):
    text = "id,parent_id,name\n1,,a\n2,,b\n3,1|2,c\n4,1,d\n4,2,d\n"
    problems = lint_file(file_of(text, "a.csv"))
    assert [p.code for p in problems] == ["orphan", "duplicate_id"]


# --- paths


def test_google_ids_end_at_the_first_dash(file_of):
    text = "7 - Arts - Crafts\n8 - Arts - Crafts > Do - it : yourself\n"
    assert list(read_taxonomy(file_of(text))) == [
        Node("7", "Arts - Crafts"),
        Node("8", "Do - it : yourself", ("7",)),
    ]


def test_a_parent_may_come_after_its_child(file_of):
    taxonomy = read_taxonomy(file_of("3 - A > B > C\n2 - A > B\n1 - A\n"))
    assert list(taxonomy) == [Node("3", "C", ("2",)), Node("2", "B", ("1",)), Node("1", "A")]


def test_a_path_without_a_line_for_its_parent_is_an_orphan(file_of):
    path = file_of("1 - A\n3 - A > B > C\n")
    with pytest.raises(TaxonomyError) as caught:
        read_taxonomy(path)
    assert caught.value.problems == ("line 2: category '3': its parent 'A > B' does not exist",)
    assert [(p.code, p.node_id, p.line) for p in lint_file(path)] == [("orphan", "3", 2)]


def test_missing_ancestors_are_added_where_reading_is_not_strict(file_of):
    taxonomy = read_taxonomy(file_of("1 - A\n3 - A > B > C\n"), strict=False)
    made = hashlib.sha256(b"A > B").hexdigest()[:12]
    assert list(taxonomy) == [Node("1", "A"), Node(made, "B", ("1",)), Node("3", "C", (made,))]


def test_of_two_parents_with_one_path_the_one_listed_last_before_the_child_counts(file_of):
    text = "1 - A\n2 - A > B\n3 - A > B > C\n4 - A > B\n5 - A > B > D\n"
    taxonomy = read_taxonomy(file_of(text))
    assert taxonomy.primary_parents.tolist() == [-1, 0, 1, 0, 3]


def test_a_line_without_an_id_among_others_is_an_error_with_its_number(file_of):
    problems = lint_file(file_of("1 - A\n2 - A > B\n\nA > C\n"))
    assert [str(p) for p in problems] == [
        "line 4: 'A > C' is not 'id - A > B' as most lines are",
    ]


def test_bare_paths_get_ids_from_their_text_and_their_missing_ancestors(file_of):
    taxonomy = read_taxonomy(file_of("# a comment\nA > B > C\nA\n A >  B \nA > B > C\nD\n"))

    assert [taxonomy.path_text(column) for column in range(4)] == ["A", "A > B", "A > B > C", "D"]
    for column, label_id in enumerate(taxonomy.ids):
        text = taxonomy.path_text(column)
        assert label_id == hashlib.sha256(text.encode()).hexdigest()[:12]


def test_bare_paths_may_hold_dashes_and_digits(file_of):
    text = "Audio\nAudio > Hi-Fi\n4K - Video\n4K - Video > TVs\nTools\n"
    assert read_taxonomy(file_of(text)).names == ("Audio", "Hi-Fi", "4K - Video", "TVs", "Tools")


def test_empty_elements_of_paths_are_errors(file_of):
    problems = lint_file(file_of("A\nA >  > B\n > C\nD >\n"))
    assert [(p.code, p.line) for p in problems] == [
        ("empty_name", 2),
        ("separator_in_name", 3),
        ("separator_in_name", 4),
    ]


# --- Open Food Facts


def test_open_food_facts_names_aliases_and_parents(file_of):
    entries = {
        "en:fish": {
            "name": {"fr": "Poissons", "en": "Fish"},
            "synonyms": {"en": ["Fish", "fishes"]},
        },
        "fr:brut": {"name": {"de": "Roh", "fr": "Brut"}, "description": {"fr": "sec"}},
        "xx:cod": {"name": {"en": None, "it": "Merluzzo"}, "parents": ["fr:brut", "en:fish"]},
    }
    assert list(read_taxonomy(file_of(json.dumps(entries)))) == [
        Node("en:fish", "Fish", (), ("Poissons", "fishes")),
        Node("fr:brut", "Brut", (), ("Roh",), "sec"),
        Node("xx:cod", "Merluzzo", ("fr:brut", "en:fish")),
    ]


def test_open_food_facts_faults_are_listed_by_id(file_of):
    entries = {
        "en:a": {"name": {"en": "A"}, "parents": ["en:gone"]},
        "en:b": {"name": "B"},
        "en:c": {"name": {"en": " "}},
        "en:d": [],
    }
    problems = lint_file(file_of(json.dumps(entries)))
    assert [p.message for p in problems] == [
        "category 'en:b' has no names by language or odd parents",
        "category 'en:d' has no names by language or odd parents",
        "category 'en:a': its parent 'en:gone' does not exist",
        "category 'en:c': its name is empty",
    ]


def test_an_id_twice_in_json_is_not_overlooked(file_of):
    with pytest.raises(InputError, match="key 'en:a' is there twice"):
        read_taxonomy(file_of('{"en:a": {"name": {"en": "A"}}, "en:a": {"name": {"en": "B"}}}'))


# --- faults of whole files


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"", "the file is empty; give a file with"),
        ("a.txt", b"\xef\xbb\xbf \n", "the file is empty; give a file with"),
        ("a.txt", b"# only\n# comments\n", "holds no category; give a file with"),
        ("a.csv", b"id,parent_id,name\n", "holds no category; give a file with"),
        ("a.txt", b"A\nB\xff\n", "line 2 is not UTF-8 (byte 0xff); save the file as UTF-8"),
        ("a.txt", "1 - A\n".encode("utf-16"), "line 1 is not UTF-8 (byte 0xff); save the file"),
        ("a.txt.gz", b"1 - A\n", "is named .gz but is not gzip; rename or compress it"),
        ("a.gz", gzip.compress(b"1 - A\n")[:-9], "the gzip file is cut short or damaged"),
        ("a.json", b'{"en:a":\n', "line 2: broken JSON (Expecting value); give"),
        ("a.json", b"[1]", "not a JSON object of categories; give"),
        ("a.txt", b'[{"id": "1"}]', "not a JSON object of categories; give"),
        ("a.json", b'{"a":' * 100_000, "broken JSON"),
        ("a.yml", b"- id: 1\n  full_name: [A\n", "broken YAML"),
        ("a.jsonl", b'{"id": "1", "name": "a"}\n{"id"\n', "line 2: broken JSON"),
        ("a.jsonl", b"[]\n", "line 1: not a JSON object; a line is"),
        ("a.jsonl", b'{"id": 1, "name": "a"}\n', "line 1: 'id' is not a text: '1'; a line is"),
        ("a.jsonl", b'{"id": "1"}\n', "line 1: no key 'name'; a line is"),
        ("a.jsonl", b'{"id": "1", "name": "a", "parent": "2"}\n', "line 1: unknown key 'parent'"),
        ("a.jsonl", b'{"id": "1", "name": "a", "parents": "2"}\n', "'parents' is not a list of te"),
    ],
)
def test_a_file_that_cannot_be_read_gives_one_line(file_of, name, data, message):
    path = file_of(data, name)
    with pytest.raises(InputError) as caught:
        read_taxonomy(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.csv: no such file; check the path"):
        read_taxonomy(tmp_path / "gone.csv")
    with pytest.raises(InputError, match="is a folder; name the taxonomy file in it"):
        read_taxonomy(tmp_path)


def test_yaml_entries_of_another_form_are_listed(file_of):
    problems = lint_file(file_of("- {id: 1, full_name: A}\n- {id: 2}\n- A\n", "a.yaml"))
    assert [p.message for p in problems] == [
        "entry 2 is not {id, full_name}",
        "entry 3 is not {id, full_name}",
    ]


def test_writing_into_a_folder_that_does_not_exist_is_an_error(file_of, tmp_path):
    taxonomy = read_taxonomy(file_of(FORMS["pets.csv"], "pets.csv"))
    with pytest.raises(InputError, match="cannot be written: No such file or directory; choose"):
        write_taxonomy(taxonomy, tmp_path / "gone" / "taxonomy.jsonl")
