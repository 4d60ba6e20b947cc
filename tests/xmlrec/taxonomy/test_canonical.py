import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmlrec.errors import InputError
from xmlrec.taxonomy import Node, Taxonomy, read_taxonomy, write_taxonomy
from xmlrec.taxonomy.node import has_forbidden_characters, name_fault

# every separator of every format, line breaks, a byte order mark, NFC and NFD, right to left
odd_characters = st.sampled_from(list(">-:|,;#_{}[]\"'=\\/ \t\n\r\ufeff\u2028\x85e\u0301\u00e9ש🙂"))
texts = st.text(odd_characters | st.characters(codec="utf-8"), max_size=8).filter(
    lambda text: not has_forbidden_characters(text)
)
names = texts.filter(lambda text: name_fault(text) is None)
ids = texts.filter(lambda text: bool(text.strip()))


@st.composite
def dags(draw):
    label_ids = draw(st.lists(ids, min_size=1, max_size=8, unique=True))
    nodes = []
    for rank, label_id in enumerate(label_ids):
        above = label_ids[:rank]
        parents = draw(st.lists(st.sampled_from(above), unique=True, max_size=3)) if above else []
        aliases = draw(st.lists(texts, max_size=3))
        nodes.append(Node(label_id, draw(names), tuple(parents), tuple(aliases), draw(texts)))
    return draw(st.permutations(nodes))


@settings(deadline=None)
@given(dags())
def test_writing_and_reading_again_is_the_identity(tmp_path_factory, nodes):
    folder = tmp_path_factory.mktemp("canonical")
    taxonomy = Taxonomy.from_nodes(nodes, source="made")
    write_taxonomy(taxonomy, folder / "taxonomy.jsonl")

    again = read_taxonomy(folder / "taxonomy.jsonl")
    write_taxonomy(again, folder / "again.jsonl")

    assert list(again) == list(nodes)
    assert again == taxonomy
    assert (folder / "again.jsonl").read_bytes() == (folder / "taxonomy.jsonl").read_bytes()


def test_the_form_is_one_sorted_line_a_category(tmp_path):
    nodes = [Node("1", 'ä\t"x"', (), ("a",), "d"), Node("2", "b", ("1",))]
    path = tmp_path / "taxonomy.jsonl"

    write_taxonomy(Taxonomy.from_nodes(nodes, source="x"), path)

    assert path.read_text(encoding="utf-8") == (
        '{"aliases": ["a"], "definition": "d", "id": "1", "name": "ä\\t\\"x\\"", "parents": []}\n'
        '{"id": "2", "name": "b", "parents": ["1"]}\n'
    )


def test_what_happened_to_a_category_is_kept(tmp_path):
    nodes = [
        Node("1", "a", other_ids=("x",), former=(("", "b"), ("2", "a"))),
        Node("2", "c", replaced_by=("1",)),
        Node("3", "d", replaced_by=()),
    ]
    path = tmp_path / "taxonomy.jsonl"

    write_taxonomy(Taxonomy.from_nodes(nodes, source="x"), path)

    assert path.read_text(encoding="utf-8") == (
        '{"former": [["", "b"], ["2", "a"]], "id": "1", "name": "a", "other_ids": ["x"],'
        ' "parents": []}\n'
        '{"id": "2", "name": "c", "parents": [], "replaced_by": ["1"]}\n'
        '{"id": "3", "name": "d", "parents": [], "replaced_by": []}\n'
    )
    assert list(read_taxonomy(path)) == nodes


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ('"former": ["a"]', "'former' is not a list of pairs of texts"),
        ('"former": [["a"]]', "'former' is not a list of pairs of texts"),
        ('"former": "a"', "'former' is not a list of pairs of texts"),
        ('"replaced_by": null', "'replaced_by' is not a list of texts"),
        ('"other_ids": [1]', "'other_ids' is not a list of texts"),
        ('"definition": []', "'definition' is not a text"),
        ('"colour": "red"', "unknown key 'colour'"),
    ],
)
def test_a_line_of_another_shape_is_refused(tmp_path, fields, message):
    path = tmp_path / "taxonomy.jsonl"
    path.write_text(f'{{"id": "1", "name": "a", {fields}}}\n')

    with pytest.raises(InputError, match=message):
        read_taxonomy(path)


def test_a_name_ending_in_gz_is_compressed_and_read_again(tmp_path):
    taxonomy = Taxonomy.from_nodes([Node("1", "a")], source="x")
    write_taxonomy(taxonomy, tmp_path / "taxonomy.jsonl.gz")
    assert (tmp_path / "taxonomy.jsonl.gz").read_bytes().startswith(b"\x1f\x8b")
    assert read_taxonomy(tmp_path / "taxonomy.jsonl.gz") == taxonomy


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "taxonomy.jsonl"
    write_taxonomy(Taxonomy.from_nodes([Node("1", "old")], source="x"), path)

    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write_taxonomy(Taxonomy.from_nodes([Node("1", "new")], source="x"), path)

    assert read_taxonomy(path).names == ("old",)
    assert [file.name for file in tmp_path.iterdir()] == ["taxonomy.jsonl"]
