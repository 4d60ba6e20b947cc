import numpy as np
import pytest

from xmlrec.errors import XmlrecError
from xmlrec.recommend.item_files import read_items, write_items
from xmlrec.recommend.items import ItemTable

ITEMS = [
    {"id": "a", "title": "Cup\u2028 caf\u00e9\n\ud800", "paths": ["Kitchen > Cups", "Gifts"]},
    {"id": "\u4e00", "available": False},
    {"id": "b", "brand": "Acme", "paths": ["Kitchen"]},
]


def saved(tmp_path, items=ITEMS):
    table = ItemTable.from_items(items)
    write_items(tmp_path / "items", table)
    return table, tmp_path / "items"


@pytest.mark.parametrize("items", [ITEMS, [{"id": "a"}], []])
def test_a_table_comes_back_as_it_was(tmp_path, items):
    table, folder = saved(tmp_path, items)
    again = read_items(folder)

    assert (again.ids, again.fields) == (table.ids, table.fields)
    assert again.taxonomy == table.taxonomy
    np.testing.assert_array_equal(again.P.toarray(), table.P.toarray())
    assert again.P.dtype == np.float32
    np.testing.assert_array_equal(again.is_available, table.is_available)
    np.testing.assert_array_equal(again.is_predicted, table.is_predicted)


def test_a_table_that_came_back_can_be_extended(tmp_path):
    _, folder = saved(tmp_path)
    more = read_items(folder).extended([{"id": "c", "paths": ["Gifts > Toys"]}])

    assert more.ids[3] == "c"
    assert more.taxonomy.path_text(int(more.P[[3]].indices[0])) == "Gifts > Toys"


def test_predictions_come_back_to_the_last_bit(tmp_path, classifier):
    table = ItemTable.from_items([{"id": "k", "title": "kettle hose pan"}], classifier=classifier)
    write_items(tmp_path / "items", table)
    again = read_items(tmp_path / "items")

    assert again.is_predicted.all()
    assert again.P.data.tobytes() == table.P.data.tobytes()


def test_equal_tables_give_equal_bytes(tmp_path):
    for name in ("one", "two"):
        write_items(tmp_path / name, ItemTable.from_items(ITEMS))
    files = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]

    assert len(files) == 7
    for path in files:
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert other.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("items.jsonl", b'["a",{}]\n'),
        ("items.jsonl", b'["a",{}\n'),
        ("taxonomy.jsonl", b""),
        ("taxonomy.jsonl", b"{}\n"),
        ("arrays/P.data.npy", b""),
        ("arrays/is_available.npy", None),
        ("items.jsonl", None),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, name, content):
    _, folder = saved(tmp_path)
    path = folder / name
    path.unlink() if content is None else path.write_bytes(content)

    with pytest.raises((ValueError, OSError, XmlrecError)):
        read_items(folder)


def test_columns_of_paths_outside_the_taxonomy_are_refused(tmp_path):
    _, folder = saved(tmp_path)
    indices = np.load(folder / "arrays" / "P.indices.npy")
    np.save(folder / "arrays" / "P.indices.npy", indices + 100)

    with pytest.raises(ValueError, match="indices"):
        read_items(folder)
