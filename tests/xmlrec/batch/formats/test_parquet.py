import pytest

from tests.xmlrec.batch.formats.files import abstained, answered, read_rows, write_output
from xmlrec.catalog import result_path, result_row


@pytest.fixture
def out(tmp_path):
    pytest.importorskip("pyarrow")
    return tmp_path / "out.parquet"


def test_rows_are_those_of_json(out):
    rows = [answered("1"), abstained("2"), result_row("3", [], taxonomy="t", model="m")]
    write_output(out, rows[:2], rows[2:])
    assert read_rows(out) == rows


def test_columns_have_types_even_without_rows(out):
    from pyarrow import parquet

    write_output(out, carried=("Brand", "confidence", "schema"))
    path = (
        "list<element: struct<category_id: large_string, path: list<element: large_string>, "
        "path_text: large_string, score: double, confidence: double, "
        "level_confidence: list<element: double>>>"
    )
    assert {field.name: str(field.type) for field in parquet.read_schema(out)} == {
        "id": "large_string",
        "Brand": "large_string",
        "confidence": "large_string",
        "input_schema": "large_string",
        "status": "large_string",
        "reason": "large_string",
        "paths": path,
        "alternatives": path,
        "taxonomy": "large_string",
        "model": "large_string",
        "schema": "int32",
        "error": "large_string",
    }


def test_flat_form_has_the_best_path_only(out):
    row = {**answered("00123"), "input": {"Brand": "Acme", "confidence": "low"}}
    write_output(out, [row], [abstained("2")], flat=True, carried=("Brand", "confidence"))
    first, second = read_rows(out)
    assert first == {
        "id": "00123",
        "Brand": "Acme",
        "input_confidence": "low",
        "status": "ok",
        "reason": None,
        "category_id": "328",
        "category_path": "Electronics > Laptops",
        "confidence": 0.75,
    }
    assert [second[name] for name in ("id", "category_id", "confidence")] == ["2", None, None]


def test_each_part_is_a_row_group(out):
    from pyarrow import parquet

    write_output(out, [answered("1")] * 3, [answered("2")] * 5)
    metadata = parquet.read_metadata(out)
    sizes = [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]
    assert sizes == [3, 5]


@pytest.mark.slow
def test_over_two_gibibytes_of_one_column_in_a_part_and_in_the_file(out):
    """A text in a list, which a library cannot cut in two where an offset of 32 bits ends."""
    from pyarrow import parquet

    long = "x" * (1 << 20)
    path = result_path("1", ["A"], 0.0) | {"path_text": long}
    rows = [result_row(str(number), [path], taxonomy="", model="") for number in range(2100)]
    write_output(out, rows, rows[:100])
    n_rows = 0
    with parquet.ParquetFile(out) as file:
        for batch in file.iter_batches(batch_size=50, columns=["id", "paths"]):
            n_rows += batch.num_rows
            last = batch.to_pylist()[-1]
            assert last["paths"] == [path]
    assert (n_rows, last["id"]) == (2200, "99")
