import json
import os
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.xmlrec.catalog.whole_file import read_whole, write_file
from xmlrec.catalog import CatalogSettings, read_catalog
from xmlrec.errors import ColumnError, InputError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def read(tmp_path):
    """Write columns as a Parquet file and read it."""

    def read(columns, *, name="shop.parquet", row_group_size=None, **settings):
        pq.write_table(pa.table(columns), tmp_path / name, row_group_size=row_group_size)
        return read_whole(tmp_path / name, **settings)

    return read


def test_rows_are_those_of_the_file_with_their_numbers(read):
    file = read({"id": ["00123", "b"], "title": ["red shoe", "hose"], "brand": [None, "x"]})
    assert file.ids == ["00123", "b"]
    assert [row.fields for row in file.rows] == [
        {"id": "00123", "title": "red shoe"},
        {"id": "b", "title": "hose", "brand": "x"},
    ]
    assert [(row.line, row.byte) for row in file.rows] == [(1, 0), (2, 0)]
    assert file.reader.columns.names == ("id", "title", "brand")


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array(["1e5", "NaN", "null", "Ünï 商品"]), ["1e5", "NaN", "null", "Ünï 商品"]),
        (pa.array([123, -5, 2**63 - 1]), ["123", "-5", "9223372036854775807"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([123.0, 0.1, 12.5]), ["123", "0.1", "12.5"]),
        (pa.array([0.1], pa.float32()), ["0.1"]),
        (
            pa.array([Decimal("123456789012345678901234567890.12"), Decimal("0.10")]),
            ["123456789012345678901234567890.12", "0.10"],
        ),
        (pa.array([Decimal("0.0000000001")]), ["0.0000000001"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([b"00123", "é".encode()]), ["00123", "é"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
        (pa.array([date(2024, 2, 29)]), ["2024-02-29"]),
        (pa.array([datetime(2024, 2, 29, 1, 2, 3)]), ["2024-02-29T01:02:03.000000"]),
        (pa.array([1234567890123456789], pa.timestamp("ns")), ["2009-02-13T23:31:30.123456789"]),
        (pa.array([0], pa.timestamp("ms", "UTC")), ["1970-01-01T00:00:00.000Z"]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_values_are_text_as_the_file_says_them_and_as_ids_too(read, values, texts):
    file = read({"id": values, "title": ["a"] * len(values), "value": values})
    assert file.ids == texts
    assert [row.fields["value"] for row in file.rows] == texts


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([["x", "y z"]], "x y z"),
        ([[]], ""),
        ([[1, 2]], "1 2"),
        ([[["a"], ["b", None]]], '[["a"],["b",null]]'),
        ([{"cm": [1.0, 2.5], "new": True}], '{"cm":["1","2.5"],"new":true}'),
        (pa.array([[("k", 1), ("l", None)]], pa.map_("string", pa.int64())), '{"k":"1","l":null}'),
        (pa.array([[1, 2]], pa.list_(pa.int64(), 2)), "1 2"),
        (pa.array([["a", "b"]], pa.large_list(pa.string())), "a b"),
        (pa.array([[{"at": 0}]], pa.list_(pa.struct([("at", pa.timestamp("ns"))]))),
         '[{"at":"1970-01-01T00:00:00.000000000"}]'),
    ],
    ids=str,
)  # fmt: skip
def test_nested_values_are_joined_texts_or_compact_json(read, values, text):
    array = pa.array(values) if isinstance(values, list) else values
    nothing = pa.nulls(1, array.type)
    file = read({"title": ["a", "b", "c"], "value": pa.chunked_array([nothing, array, nothing])})
    assert [row.fields.get("value") for row in file.rows] == [None, text, None]


def test_null_is_absent_and_so_is_what_is_no_number(read):
    nothing = [float("nan"), float("inf"), None]
    file = read({"title": ["a", "b", "c"], "x": nothing, "y": pa.nulls(3)})
    assert [row.fields for row in file.rows] == [{"title": "a"}, {"title": "b"}, {"title": "c"}]
    assert file.reader.columns.names == ("title", "x", "y")


def test_row_without_an_id_is_rejected_as_json(read):
    file = read({"id": ["1", None], "title": ["a", "b"]})
    assert file.ids == ["1"]
    assert file.faults == [(2, "BAD_ID")]
    assert json.loads(file.rejects[0].raw) == {"id": None, "title": "b"}


@pytest.mark.parametrize(
    "paths", [["A > B", "C"], [["A", "B"], ["C"]], "A > B\nC", '["A > B", "C"]'], ids=str
)
def test_labels_are_lists_of_paths_or_text(read, paths):
    file = read({"title": ["a"], "paths": [paths]}, needs_labels=True)
    assert file.rows[0].paths == (("A", "B"), ("C",))


def test_bad_label_is_rejected_with_what_it_says(read):
    file = read({"title": ["a"], "paths": [["A >  > B"]]}, needs_labels=True)
    assert file.faults == [(1, "BAD_LABEL")]
    assert json.loads(file.rejects[0].raw) == {"title": "a", "paths": ["A >  > B"]}


def test_text_that_is_not_utf8_is_repaired_and_an_id_rejected(read):
    offsets = pa.array([0, 4, 5], pa.int32()).buffers()[1]
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"caf\xe9b")])
    file = read({"id": ["1", "2"], "title": broken, "tags": [["a\0"], ["b"]]})
    assert file.titles == ["caf\ufffd", "b"]
    assert file.rows[0].fields["tags"] == "a"
    assert file.reader.counts.repaired == {"INVALID_UTF8": 1, "NUL": 1}
    assert read({"id": broken, "title": ["a", "b"]}).faults == [(1, "INVALID_UTF8")]


def test_text_that_is_too_long_is_cut_and_counted(read):
    file = read({"title": ["a", "x" * 1_048_577, "b" * 1_048_576]})
    assert [len(title) for title in file.titles] == [1, 1_048_576, 1_048_576]
    assert file.reader.counts.repaired == {"FIELD_TOO_LONG": 1}


def test_many_small_groups_of_rows_are_read_in_order(read):
    file = read({"id": range(10_000), "title": ["a"] * 10_000}, row_group_size=1)
    assert file.ids == [str(number) for number in range(10_000)]


READ_AND_PRINT_MEMORY = """
import sys
from pathlib import Path
from xmlrec.catalog import CatalogSettings, read_catalog

def n_pages():
    return int(Path("/proc/self/statm").read_text().split()[1])

with read_catalog(sys.argv[1], CatalogSettings(), print) as reader:
    before = n_pages()
    peak = max(n_pages() for row in reader if row.line % 1000 == 1)
print(reader.counts.n_rows, 4096 * (peak - before))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
def test_a_group_of_rows_is_not_read_at_once(tmp_path):
    path = tmp_path / "a.parquet"
    titles = [f"{number} " + "long title " * 40 for number in range(200_000)]
    pq.write_table(pa.table({"title": titles}), path, compression="none", use_dictionary=False)
    command = [sys.executable, "-c", READ_AND_PRINT_MEMORY, str(path)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    n_rows, n_grown = map(int, result.stdout.split())
    assert n_rows == 200_000
    assert n_grown < 40_000_000 < path.stat().st_size / 2


@pytest.mark.parametrize("name", ["shop.parquet", "SHOP.PQ"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-5] + b"12345",
        lambda data: data[:-100] + bytes(92) + data[-8:],
        lambda data: b"id,title\n1,a\n" * 10,
        lambda data: b"PAR1",
        lambda data: b"",
    ],
    ids=["half", "end", "footer", "csv", "magic", "empty"],
)
def test_file_that_is_not_whole_parquet_is_named(tmp_path, name, damage):
    pq.write_table(pa.table({"title": [f"title {n * n}" for n in range(9999)]}), tmp_path / name)
    data = (tmp_path / name).read_bytes()
    write_file(tmp_path, name, damage(data))
    with pytest.raises(InputError) as error:
        read_whole(tmp_path / name)
    message = str(error.value)
    assert message.startswith(f"{tmp_path / name}: ")
    assert "it cannot be read as Parquet" in message or "the file is empty" in message
    assert "\n" not in message


def test_damage_among_the_rows_gives_those_before_and_then_an_error(tmp_path):
    path = tmp_path / "a.parquet"
    titles = [f"title number {n * n}" for n in range(50_000)]
    pq.write_table(pa.table({"title": titles}), path, row_group_size=5_000)
    data = path.read_bytes()
    middle = len(data) // 2
    write_file(tmp_path, "a.parquet", data[:middle] + bytes(5_000) + data[middle + 5_000 :])
    reader = read_catalog(str(path), CatalogSettings(), print)
    with pytest.raises(InputError, match="incomplete: the Parquet data are damaged"):
        list(reader)
    assert 10_000 < reader.counts.n_rows < 40_000


def test_parquet_under_another_name_is_named(tmp_path):
    pq.write_table(pa.table({"title": ["a"]}), tmp_path / "a.csv")
    with pytest.raises(InputError, match="a Parquet file, not .* or a file that ends in .parquet"):
        read_whole(tmp_path / "a.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_parquet_in_a_pipe_is_refused(tmp_path):
    import threading

    path = tmp_path / "a.parquet"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"",))
    writer.start()
    with pytest.raises(InputError, match="Parquet cannot be read from a pipe; save it as a file"):
        read_whole(path)
    writer.join()


def test_columns_that_come_twice_or_are_too_many_are_named(tmp_path):
    table = pa.table([["a"], ["b"]], names=["title", "title"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(ColumnError, match="its header names 'title' more than once"):
        read_whole(tmp_path / "a.parquet")
    pq.write_table(pa.table({f"c{n}": [1] for n in range(10_001)}), tmp_path / "b.parquet")
    with pytest.raises(ColumnError, match="it has 10,001 columns, more than 10,000"):
        read_whole(tmp_path / "b.parquet")


def test_file_that_unpacks_to_more_than_is_allowed_is_refused(read):
    with pytest.raises(InputError, match="bytes gave .* --max-decompressed BYTES"):
        read({"title": ["a" * 100_000]}, max_decompressed=1_000)


def test_without_pyarrow_the_error_says_what_to_install(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError) as error:
        read({"title": ["a"]})
    assert str(error.value).endswith(
        'it is Parquet, which needs pyarrow; install what reads it: pip install "xmlrec[parquet]"'
    )


def test_shopify_export_as_parquet_is_its_products(read):
    columns = {
        "Handle": ["a", "a", "b"],
        "Title": ["shirt", None, "mug"],
        "Vendor": ["x", None, "y"],
        "Type": ["Shirts", None, "Mugs"],
    }
    file = read(columns, needs_labels=True)
    assert file.ids == ["a", "b"]
    assert [row.paths for row in file.rows] == [(("Shirts",),), (("Mugs",),)]
    assert file.reader.counts.n_skipped == 1
