import gzip
import io
import os
import sys

import pytest

from tests.xmlrec.catalog.whole_file import read_whole, write_file
from xmlrec.catalog import CatalogSettings, read_catalog
from xmlrec.errors import InputError

JSON_ROWS = "".join(f'{{"id":"{n}","title":"title number {n}"}}\n' for n in range(2000))
CSV_ROWS = "id,title\n" + "".join(f"{n},title number {n * n}\n" for n in range(2000))


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    return text


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: there is no such file"):
        read_whole(tmp_path / "none.csv")


def test_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="it is a folder, not a file; name a file in it"):
        read_whole(tmp_path)


def test_symlink_loop_is_named(tmp_path):
    (tmp_path / "a.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(InputError, match="it cannot be read"):
        read_whole(tmp_path / "a.csv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_unreadable_file_is_named(tmp_path):
    path = write_file(tmp_path, "shop.csv", "id,title\n")
    path.chmod(0)
    with pytest.raises(InputError, match="it cannot be read"):
        read_whole(path)


@pytest.mark.parametrize("name", ["shop.csv", "shop.jsonl", "shop.csv.gz", "shop"])
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"], ids=["nothing", "BOM"])
def test_empty_file_is_named_by_those_who_learn_from_it_and_else_has_no_rows(
    tmp_path, name, content
):
    path = write_file(tmp_path, name, gzip.compress(content) if "gz" in name else content)
    with pytest.raises(InputError, match=f"{name}: the file is empty"):
        read_whole(path, needs_labels=True)
    file = read_whole(path)
    assert (file.rows, file.rejects, file.reader.columns.names) == ([], [], ())


def test_gz_file_of_no_bytes_is_empty(tmp_path):
    with pytest.raises(InputError, match="the file is empty"):
        read_whole(write_file(tmp_path, "shop.csv.gz", b""))


@pytest.mark.parametrize(("name", "rows"), [("a.csv.gz", CSV_ROWS), ("a.jsonl.gz", JSON_ROWS)])
def test_gzip_is_read(tmp_path, name, rows):
    file = read_whole(write_file(tmp_path, name, gzip.compress(rows.encode())))
    assert file.ids == [str(number) for number in range(2000)]


def test_gzip_is_recognised_whatever_its_name(tmp_path):
    path = write_file(tmp_path, "shop.csv", gzip.compress(CSV_ROWS.encode()))
    assert len(read_whole(path).rows) == 2000


def test_gzip_of_several_members_is_read_whole(tmp_path):
    rows = CSV_ROWS.encode()
    parts = [rows[:7], rows[7:1000], b"", rows[1000:]]
    path = write_file(tmp_path, "shop.csv.gz", b"".join(map(gzip.compress, parts)) + b"\0" * 512)
    assert len(read_whole(path).rows) == 2000


def test_gz_file_that_is_not_gzip_is_named(tmp_path):
    path = write_file(tmp_path, "shop.csv.gz", CSV_ROWS)
    with pytest.raises(InputError, match="it is not gzip although its name ends in .gz"):
        read_whole(path)


@pytest.mark.parametrize(("name", "rows"), [("a.csv.gz", CSV_ROWS), ("a.jsonl.gz", JSON_ROWS)])
def test_half_a_gzip_file_gives_its_whole_rows_and_then_an_error(tmp_path, name, rows):
    zipped = gzip.compress(rows.encode())
    path = write_file(tmp_path, name, zipped[: len(zipped) // 2])
    rejects, got = [], []
    reader = read_catalog(str(path), CatalogSettings(), rejects.append)
    with pytest.raises(InputError) as error:
        got.extend(reader)
    assert 500 < len(got) < 1500
    assert [row.id for row in got] == [str(number) for number in range(len(got))]
    assert rejects == []
    assert one_line(error).endswith(
        f"incomplete: the gzip data end too soon; {len(got):,} rows read; get the whole file again"
    )


def test_gzip_file_with_a_flipped_bit_gives_an_error_at_its_end(tmp_path):
    zipped = bytearray(gzip.compress(CSV_ROWS.encode()))
    zipped[-6] ^= 1  # in the check sum
    reader = read_catalog(
        str(write_file(tmp_path, "a.csv.gz", bytes(zipped))), CatalogSettings(), print
    )
    with pytest.raises(InputError, match="incomplete: the gzip data are damaged"):
        list(reader)
    assert reader.counts.n_rows > 1000


def test_gzip_file_cut_in_its_first_bytes_is_incomplete(tmp_path):
    path = write_file(tmp_path, "a.csv.gz", gzip.compress(CSV_ROWS.encode())[:12])
    with pytest.raises(InputError, match="the gzip data end too soon"):
        read_whole(path)


def test_gzip_bomb_of_one_line_takes_little_memory(tmp_path):
    resource = pytest.importorskip("resource")
    zipped = gzip.compress(b"id,title\n1,a\n2," + b"x" * 100_000_000 + b"\n3,b\n", 1)
    path = write_file(tmp_path, "a.csv.gz", zipped)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    file = read_whole(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    assert file.ids == ["1", "3"]


@pytest.mark.parametrize(
    ("encoding", "guess"),
    [("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")],
)
def test_utf16_is_guessed_and_read_when_named(tmp_path, encoding, guess):
    path = write_file(tmp_path, "a.csv", CSV_ROWS.replace("title n", "tïtle n").encode(encoding))
    with pytest.raises(InputError) as error:
        read_whole(path)
    assert one_line(error).endswith(f"it looks like {guess}, not utf-8; say --encoding {guess}")
    file = read_whole(path, encoding=guess)
    assert len(file.rows) == 2000
    assert file.titles[3] == "tïtle number 9"


def test_latin_1_is_guessed_and_read_when_named(tmp_path):
    rows = "id,title\n" + "".join(f"{n},Café Nº {n}\n" for n in range(50))
    path = write_file(tmp_path, "a.csv", rows.encode("latin-1"))
    with pytest.raises(InputError) as error:
        read_whole(path)
    assert "it looks like Latin-1 (cp1252), not utf-8; say --encoding cp1252" in one_line(error)
    assert read_whole(path, encoding="cp1252").titles[7] == "Café Nº 7"
    assert read_whole(path, encoding="utf-8").titles[7] == "Caf\ufffd N\ufffd 7"


def test_some_bad_bytes_do_not_make_a_file_latin_1(tmp_path):
    content = b"id,title\n" + b"1,plain\n" * 20 + b"2,caf\xe9\n" * 5
    file = read_whole(write_file(tmp_path, "a.csv", content))
    assert file.reader.counts.n_rows == 25
    assert file.reader.counts.repaired == {"INVALID_UTF8": 5}


def test_bad_bytes_beside_real_utf8_do_not_make_a_file_latin_1(tmp_path):
    content = "id,title\n1,café\n".encode() + b"2,caf\xe9\n" * 5
    assert read_whole(write_file(tmp_path, "a.csv", content)).reader.counts.n_rows == 6


def test_damage_in_another_encoding_is_repaired_and_counted(tmp_path):
    content = "id,title\n1,日本\n".encode("shift_jis") + b"2,a\xffb\n3,\x93\xfa\n"
    file = read_whole(write_file(tmp_path, "a.csv", content), encoding="shift_jis")
    assert file.titles == ["日本", "a\ufffdb", "日"]
    assert file.reader.counts.repaired == {"INVALID_UTF8": 1}


def test_utf16_that_ends_within_a_character_is_repaired(tmp_path):
    content = "id,title\n1,ab".encode("utf-16") + b"c"
    file = read_whole(write_file(tmp_path, "a.csv", content), encoding="utf-16")
    assert file.titles == ["ab\ufffd"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_wide_encoding_without_a_mark_asks_for_its_byte_order(tmp_path, encoding):
    path = write_file(tmp_path, "a.csv", CSV_ROWS.encode(f"{encoding}-le"))
    with pytest.raises(InputError, match=f"say --encoding {encoding}-le or --encoding"):
        read_whole(path, encoding=encoding)
    assert len(read_whole(path, encoding=f"{encoding}-le").rows) == 2000


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04" + bytes(100), "a ZIP archive or an Excel workbook"),
        (b"PAR1" + bytes(100), "a Parquet file"),
        (gzip.compress(b"\x28\xb5\x2f\xfd" + bytes(100)), "Zstandard data"),
        (bytes(range(256)) + bytes(100), "binary data"),
        (gzip.compress(b"PAR1" + bytes(100)), "a Parquet file"),
    ],
    ids=["xlsx", "parquet", "zst.gz", "binary", "parquet.gz"],
)
def test_binary_file_is_named_for_what_it_looks_like(tmp_path, content, kind):
    path = write_file(tmp_path, "a.csv", content)
    for encoding in (None, "utf-8", "cp1252"):
        with pytest.raises(InputError, match=f"it looks like {kind}, not like text"):
            read_whole(path, encoding=encoding)


def test_utf16_is_seen_behind_another_encoding(tmp_path):
    path = write_file(tmp_path, "a.csv", CSV_ROWS.encode("utf-16"))
    with pytest.raises(InputError, match="it looks like utf-16, not cp1252"):
        read_whole(path, encoding="cp1252")
    assert len(read_whole(path, encoding="UTF-16").rows) == 2000


@pytest.mark.parametrize("encoding", ["utf-9", "rot13", "base64", "idna", ""])
def test_unknown_encoding_is_named(encoding):
    with pytest.raises(InputError, match=f"there is no encoding '{encoding}'"):
        CatalogSettings(encoding=encoding)


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n"])
def test_impossible_delimiter_is_named(delimiter):
    with pytest.raises(InputError, match="--delimiter: .* is not one character"):
        CatalogSettings(delimiter=delimiter)


@pytest.mark.parametrize(
    "content",
    [CSV_ROWS, JSON_ROWS, "\ufeff" + JSON_ROWS, "\n \n" + JSON_ROWS],
    ids=["CSV", "JSON lines", "BOM", "blank"],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_recognised_by_its_first_character(monkeypatch, content, pack):
    stdin = io.TextIOWrapper(io.BytesIO(pack(content.encode())))
    monkeypatch.setattr(sys, "stdin", stdin)
    file = read_whole("-")
    assert len(file.rows) == 2000
    assert not stdin.buffer.closed


def test_standard_input_is_called_so_in_rejects_and_errors(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"title":"a"}\n{')))
    assert read_whole("-").rejects[0].source == "standard input"
    with pytest.raises(InputError, match="standard input: the file is empty"):
        read_whole("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_without_a_suffix_is_read(tmp_path):
    import threading

    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(JSON_ROWS.encode(),))
    writer.start()
    assert len(read_whole(path).rows) == 2000
    writer.join()
