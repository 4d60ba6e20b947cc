import csv
import gzip

from bench.dumps import BROKEN, row_id, write_dump, write_rows

ROWS = [
    {"title": "Steel kettle with lid", "description": "A kettle. It whistles."},
    {"title": "Saw", "description": ""},
]


def read(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_smaller_dump_is_the_beginning_of_a_larger_one(tmp_path):
    small, large = tmp_path / "small.csv.gz", tmp_path / "large.csv.gz"
    write_dump(ROWS, small, 50)
    write_dump(ROWS, large, 200)

    assert read(small) == read(large)[:51]


def test_same_dump_has_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_dump(ROWS, tmp_path / name, 20)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_rows_repeat_with_fresh_ids_and_edits(tmp_path):
    write_dump(ROWS, tmp_path / "dump.csv.gz", 400)

    header, *rows = read(tmp_path / "dump.csv.gz")

    assert header == ["id", "title", "description"]
    assert [row[0] for row in rows] == [row_id(number) for number in range(400)]
    kettles, saws = rows[::2], rows[1::2]
    assert len({tuple(row[1:]) for row in kettles}) > 150
    assert all("saw" in row[1].lower() and row[2] == "" for row in saws)


def test_each_kind_of_edit_is_made(tmp_path):
    write_dump(ROWS, tmp_path / "dump.csv.gz", 400)

    titles = {row[1] for row in read(tmp_path / "dump.csv.gz")[1::2]}

    assert {"STEEL KETTLE WITH LID", "Steel kettle lid", "Steel kettle Saw with lid"} <= titles
    assert any(title[-1].isdigit() for title in titles)


def test_broken_rows_have_a_field_too_many(tmp_path):
    write_dump(ROWS, tmp_path / "dump.csv.gz", 10, break_every=4)

    assert [row[0] for row in read(tmp_path / "dump.csv.gz") if row[-1] == BROKEN] == [
        row_id(3),
        row_id(7),
    ]


def test_rows_as_they_are(tmp_path):
    write_rows(ROWS, tmp_path / "rows.csv.gz")

    assert read(tmp_path / "rows.csv.gz")[2] == [row_id(1), "Saw", ""]
