import gzip
import os

import pytest

from tests.xmlrec.catalog.whole_file import write_file
from xmlrec.catalog import CatalogSettings, expand_sources, read_catalog
from xmlrec.errors import ColumnError, InputError


@pytest.fixture
def dump(tmp_path, monkeypatch):
    """A working folder with a dump of three parts and what else lies about."""
    folder = tmp_path / "dump"
    (folder / "older").mkdir(parents=True)
    for name in ("b.csv", "a.csv", "older/o.csv", ".hidden.csv", "out.jsonl.rejects.jsonl"):
        write_file(folder, name, f"id,title\n{name},text\n")
    write_file(folder, "c.csv.gz", gzip.compress(b"title,sku\ntext,c\n"))
    write_file(folder, "README.txt", "not a catalog")
    monkeypatch.chdir(tmp_path)
    return folder


def read_all(*sources, **settings):
    rejects = []
    with read_catalog(sources, CatalogSettings(**settings), rejects.append) as reader:
        return [(row.id, reader.source) for row in reader], rejects, reader


PARTS = ["dump/a.csv", "dump/b.csv", "dump/c.csv.gz"]


def test_folder_is_its_catalogs_by_name(dump):
    assert expand_sources(["dump"]) == PARTS
    assert expand_sources(["dump/"]) == PARTS


def test_pattern_is_its_files_by_name(dump):
    assert expand_sources(["dump/*.csv*"]) == PARTS
    assert expand_sources(["dump/?.csv"]) == PARTS[:2]
    assert expand_sources(["dump/**/*.csv"]) == [*PARTS[:2], "dump/older/o.csv"]
    assert expand_sources(["dump/*"]) == ["dump/README.txt", *PARTS]


def test_names_stay_in_their_order_and_can_be_expanded_again(dump):
    files = expand_sources(["dump/b.csv", "-", "dump/a*"])
    assert files == ["dump/b.csv", "-", "dump/a.csv"]
    assert expand_sources(files) == files


def test_file_whose_name_looks_like_a_pattern_is_that_file(dump):
    write_file(dump, "a[1].csv", "id,title\n")
    assert expand_sources(["dump/a[1].csv"]) == ["dump/a[1].csv"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "catalog: no file is named"),
        (["dump/none.csv"], "dump/none.csv: there is no such file"),
        (["dump/*.tsv"], "dump/*.tsv: no file fits this pattern"),
        (["dump/old*"], "dump/old*: no file fits this pattern"),
        (["dump", "./dump/a.csv"], "./dump/a.csv: it is named twice; its rows would be read"),
        (["-", "-"], "-: it is named twice"),
    ],
)
def test_what_stands_for_no_file_or_for_one_twice_is_named(dump, names, message):
    with pytest.raises(InputError) as error:
        expand_sources(names)
    assert str(error.value).startswith(message)


def test_several_files_are_read_as_one_catalog(dump):
    rows, rejects, reader = read_all("dump")
    assert rows == [
        ("a.csv", "dump/a.csv"),
        ("b.csv", "dump/b.csv"),
        ("3", "dump/c.csv.gz"),  # it has no id column: the number of the row
    ]
    assert rejects == []
    assert reader.columns.names == ("id", "title")
    assert reader.counts.n_rows == 3


def test_counts_are_of_all_files_and_rejects_name_their_own(dump):
    write_file(dump, "b.csv", "id,title\n1\n2,b\xe9\n".encode("latin-1"))
    write_file(dump, "d.jsonl", '{"title":"d"}\n[]\n')
    rows, rejects, reader = read_all("dump")
    assert [row_id for row_id, _ in rows] == ["a.csv", "2", "4", "5"]
    assert [(reject.source, reject.line) for reject in rejects] == [
        ("dump/b.csv", 2),
        ("dump/d.jsonl", 2),
    ]
    assert reader.counts.rejected == {"FIELD_COUNT": 1, "BAD_JSON": 1}
    assert reader.counts.repaired == {"INVALID_UTF8": 1}


def test_file_that_cannot_be_used_is_known_before_the_first_row(dump):
    write_file(dump, "b.csv", "id,name\n1,a\n")
    with pytest.raises(ColumnError, match=r"dump/b\.csv: no column 'title'"):
        read_catalog("dump", CatalogSettings(), print)
    (dump / "b.csv").unlink()
    (dump / "b.csv").symlink_to("b.csv")
    with pytest.raises(InputError, match=r"dump/b\.csv: it cannot be read"):
        read_catalog("dump", CatalogSettings(), print)


def test_files_after_one_that_breaks_off_are_read_and_it_is_named_in_the_end(dump):
    rows = "id,title\n" + "".join(f"{n},title {n * n}\n" for n in range(3000))
    half = gzip.compress(rows.encode())[:-2000]
    write_file(dump, "b.csv.gz", half)
    write_file(dump, "bb.csv.gz", half)
    got = []
    reader = read_catalog("dump", CatalogSettings(), print)
    with pytest.raises(InputError) as error:
        got.extend((row.id, reader.source) for row in reader)
    n_rows = sum(source == "dump/b.csv.gz" for _, source in got)
    assert 1000 < n_rows < 3000
    assert got[-1][1] == "dump/c.csv.gz"
    assert str(error.value) == (
        f"dump/b.csv.gz: incomplete: the gzip data end too soon; {n_rows:,} rows read; "
        "incomplete too: dump/bb.csv.gz; get the whole file again"
    )


def test_file_that_goes_away_while_others_are_read_is_named_in_the_end(dump):
    reader = read_catalog("dump", CatalogSettings(), print)
    (dump / "b.csv").unlink()
    got = []
    with pytest.raises(InputError, match=r"dump/b\.csv: there is no such file"):
        got.extend(row.id for row in reader)
    assert len(got) == 2


def test_empty_part_has_no_rows_and_the_columns_are_those_of_the_next(dump):
    write_file(dump, "a.csv", "")
    rows, _, reader = read_all("dump")
    assert len(rows) == 2
    assert reader.columns.names == ("id", "title")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_among_files_is_read_once(dump):
    import threading

    os.mkfifo(dump / "b2.csv")
    content = b"id,title\npiped,text\n"
    writer = threading.Thread(target=(dump / "b2.csv").write_bytes, args=(content,))
    writer.start()
    rows, _, _ = read_all("dump/b.csv", "dump/b2.csv")
    writer.join()
    assert [row_id for row_id, _ in rows] == ["b.csv", "piped"]


def test_file_is_closed_where_another_cannot_be_used(dump):
    write_file(dump, "b.csv", "id,name\n")
    with pytest.raises(ColumnError):  # a file left open would warn here, and warnings are errors
        read_catalog(["dump/a.csv", "dump/b.csv"], CatalogSettings(), print)


def test_many_rejects_of_a_caller_that_stops_at_the_first(dump):
    write_file(dump, "a.csv", "id,title\n1\n")

    def refuse(reject):
        raise InputError(reject.source, "no")

    with (
        read_catalog("dump", CatalogSettings(), refuse) as reader,
        pytest.raises(InputError, match=r"dump/a\.csv: no"),
    ):
        list(reader)
