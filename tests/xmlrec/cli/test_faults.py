"""Faults of a catalog, by their number in the list that the project was given, as users see them.

Details of each are tested beside the modules that handle it, in ``tests/xmlrec/catalog``.
"""

import gzip
import json
import os
import threading

import pytest

from xmlrec.catalog import CatalogSettings, read_catalog
from xmlrec.errors import InputError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

HEADER = "id,title,description\n"


@pytest.fixture
def categorize(xmlrec, shop, model):
    """Categorize a file; give its result rows, its rejects and what was said on stderr."""

    def categorize(catalog, *options, code=0):
        result = xmlrec("categorize", catalog, "--model", model, "--out", "out.jsonl", *options)
        assert (result.code, result.out) == (code, ""), result.err
        assert "Traceback" not in result.err
        return json_rows("out.jsonl"), json_rows("out.jsonl.rejects.jsonl"), result.err

    def json_rows(name):
        if not (shop / name).exists():
            return []
        return [json.loads(line) for line in (shop / name).read_bytes().splitlines()]

    return categorize


@pytest.fixture
def refuse(xmlrec, model, new_files):
    """Categorize a file that cannot be; give the one line that says so."""

    def refuse(catalog, *options, code=1):
        before = new_files()
        result = xmlrec("categorize", catalog, "--model", model, "--out", "out.jsonl", *options)
        assert new_files() == before
        return result.refused(code)

    return refuse


def ids(rows):
    return [row["id"] for row in rows]


def faults(rejects):
    return [(reject["line"], reject["code"]) for reject in rejects]


@pytest.mark.parametrize("content", ["", HEADER], ids=["empty", "header"])
def test_01_file_without_rows_gives_an_empty_valid_output(categorize, write, shop, content):
    assert categorize(write("a.csv", content))[:2] == ([], [])
    assert (shop / "out.jsonl").read_bytes() == b""


def test_02_missing_title_column_is_a_usage_error_that_lists_the_columns(refuse, write):
    message = refuse(write("a.csv", "sku,name\n1,boot\n"), code=2)
    assert "no column 'title'" in message
    assert "its columns are 'sku', 'name'" in message


def test_03_duplicate_header_is_a_usage_error(refuse, write):
    message = refuse(write("a.csv", "id,title,title\n1,boot,boot\n"), code=2)
    assert "its header names 'title' more than once" in message


def test_04_duplicate_ids_are_kept_in_order(categorize, write):
    rows, rejects, _ = categorize(write("a.csv", HEADER + "7,boot,\n8,hose,\n7,hose,\n7,boot,\n"))
    assert ids(rows) == ["7", "8", "7", "7"]
    assert [row["paths"][0]["path"][-1] for row in rows] == ["Boots", "Hoses", "Hoses", "Boots"]
    assert rejects == []


ODD_IDS = [
    "00123",
    "1" * 30,
    "1e5",
    "NaN",
    "null",
    "true",
    "-0",
    " 7 ",
    "Größe 商品 \U0001f462",
    "",
]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.parquet"])
def test_05_ids_come_back_byte_for_byte(categorize, write, shop, name):
    lines = [f"{row_id}\tboot\t" for row_id in ODD_IDS]
    table = "\n".join(["id\ttitle\tdescription", *lines])
    contents = {
        "a.csv": table.replace("\t", ","),
        "a.tsv": table,
        "a.jsonl": "\n".join(json.dumps({"id": row_id, "title": "boot"}) for row_id in ODD_IDS),
    }
    if name in contents:
        write(name, contents[name])
    else:
        pq.write_table(pa.table({"id": ODD_IDS, "title": ["boot"] * len(ODD_IDS)}), shop / name)
    assert ids(categorize(name)[0]) == ODD_IDS


def test_06_row_with_a_field_too_many_or_too_few_is_rejected_by_its_line(categorize, write):
    rows, rejects, _ = categorize(write("a.csv", HEADER + "1,boot,\n2,boot\n3,a,b,c\n4,boot,\n"))
    assert ids(rows) == ["1", "4"]
    assert faults(rejects) == [(3, "FIELD_COUNT"), (4, "FIELD_COUNT")]


def test_07_unterminated_quote_costs_the_row_that_opens_it(categorize, write):
    lines = [f"{number},boot number {number},\n" for number in range(2, 3001)]
    lines[8] = '10,"boot,\n'
    rows, rejects, _ = categorize(write("a.csv", HEADER + "".join(lines)))
    assert faults(rejects) == [(10, "UNTERMINATED_QUOTE")]
    assert ids(rows) == [str(number) for number in range(2, 3001) if number != 10]


def test_08_quotes_within_fields_do_not_change_what_is_read(categorize, write):
    plain = ['17" boot', "5'4\" boot", '"boot"']
    quoted = [f'"{title.replace(chr(34), 2 * chr(34))}"' for title in plain]
    for number, titles in enumerate((plain[:2], quoted)):
        lines = [f"{n},{title},\n" for n, title in enumerate(titles)]
        rows, rejects, _ = categorize(write(f"{number}.csv", HEADER + "".join(lines)))
        assert (len(rows), rejects) == (len(titles), [])
        assert {row["paths"][0]["path_text"] for row in rows} == {"Shoes > Boots"}


def test_09_line_breaks_in_quotes_are_part_of_the_field(categorize, write):
    content = HEADER + '1,"ankle\r\n\nboot","leather\nsole"\n"2\n3",hose,\n'
    rows, rejects, _ = categorize(write("a.csv", content))
    assert (ids(rows), rejects) == (["1", "2\n3"], [])


@pytest.mark.parametrize("bom", ["", "\ufeff"], ids=["plain", "BOM"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r", "mixed"])
def test_10_any_line_end_and_a_byte_order_mark_are_read(categorize, write, bom, ends):
    lines = ["id,title,description", "1,boot,", "2,hose,", "3,boot,", ""]
    text = "\r\n".join(lines[:2]) + "\n" + "\r".join(lines[2:])
    rows, _, _ = categorize(write("a.csv", bom + (text if ends == "mixed" else ends.join(lines))))
    assert ids(rows) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("encoding", "named"), [("utf-16", "utf-16"), ("latin-1", "cp1252"), ("cp1252", "cp1252")]
)
def test_11_file_in_another_encoding_is_named_and_read_when_told(
    categorize, refuse, write, encoding, named
):
    text = HEADER + "".join(f"{number},boot größe {number},\n" for number in range(20))
    write("a.csv", text.encode(encoding))
    assert f"say --encoding {named}" in refuse("a.csv")
    assert len(categorize("a.csv", "--encoding", named)[0]) == 20


def test_12_single_bad_byte_is_repaired_or_in_an_id_rejected(categorize, write):
    content = HEADER.encode() + b"1,caf\xe9 boot,\n2\xe9,boot,\n3,boot,\n"
    rows, rejects, err = categorize(write("a.csv", content))
    assert ids(rows) == ["1", "3"]
    assert faults(rejects) == [(3, "INVALID_UTF8")]
    assert "1 row repaired (INVALID_UTF8 1)" in err


def test_13_any_characters_give_results_or_rejects_in_valid_utf8(categorize, write, shop):
    texts = [
        "\\u0000 boot",
        "\\u0001\\u001b[31m boot\\u007f",
        "\\u202eboot\\u202c",
        "bo\\u200dot\\ufeff",
        "boot " + "e" + "\\u0301" * 5000,
        "\\ud83d\\udc62 boot",
        "\\ud83d boot",
        "boot \\udc62",
    ]
    lines = [f'{{"id":"{n}","title":"{text}"}}' for n, text in enumerate(texts)]
    lines += ['{"id":"\\ud800","title":"boot"}', '{"id":"a\\u0000","title":"boot"}']
    rows, rejects, _ = categorize(write("a.jsonl", "\n".join(lines)))
    assert ids(rows) == [str(number) for number in range(len(texts))]
    assert faults(rejects) == [(9, "LONE_SURROGATE"), (10, "NUL")]
    for name in ("out.jsonl", "out.jsonl.rejects.jsonl"):
        (shop / name).read_bytes().decode()  # raises where it is not UTF-8


def test_14_title_of_ten_megabytes_is_cut_with_a_note(categorize, write):
    title = "ankle boot " + "x" * 10_000_000
    rows, rejects, err = categorize(write("a.csv", f"{HEADER}1,{title},\n2,boot,\n"))
    assert (ids(rows), rejects) == (["1", "2"], [])
    assert rows[0]["paths"][0]["path_text"] == "Shoes > Boots"
    assert "1 row repaired (FIELD_TOO_LONG 1)" in err


def test_15_a_million_columns_are_refused_and_as_fields_or_keys_rejected(categorize, refuse, write):
    message = refuse(write("wide.csv", "a," * 999_999 + "title\n"), code=2)
    assert "it has 1,000,000 columns, more than 10,000" in message
    rows, rejects, _ = categorize(write("a.csv", HEADER + "1," * 1_000_000 + "\n2,boot,\n"))
    assert (ids(rows), faults(rejects)) == (["2"], [(2, "FIELD_COUNT")])
    keys = ",".join(f'"k{number}":1' for number in range(100_000))
    lines = ['{"id":1,"title":"boot"}', f'{{"id":2,"title":"boot",{keys}}}']
    rows, rejects, _ = categorize(write("a.jsonl", "\n".join(lines)))
    assert (ids(rows), faults(rejects)) == (["1"], [(2, "TOO_MANY_FIELDS")])


def test_16_bad_json_is_rejected_row_by_row(categorize, write):
    lines = [
        '{"id":1,"title":"boot","price":NaN,"size":-Infinity}',
        '{"id":2,"title":"boot","price":1e400}',
        '{"id":3,"title":"boot","price":1,"price":2}',
        '{"id":4,"title":"boot","x":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"id":5,"title":"boot","big":' + "9" * 5000 + "}",
        '{"id":6,"title":"boot",}',
        '["boot"]',
        '{"id":8,"title":"boot"}{"id":9,"title":"boot"}',
        '{"id":10,"title":"boot"}',
    ]
    rows, rejects, err = categorize(write("a.jsonl", "\n".join(lines)))
    assert ids(rows) == ["1", "2", "5", "10"]
    codes = ["DUPLICATE_KEY", *["BAD_JSON"] * 4]
    assert faults(rejects) == list(zip([3, 4, 6, 7, 8], codes, strict=True))
    assert "1 row repaired (NOT_A_NUMBER 1)" in err


def test_17_parquet_is_read_whatever_its_columns_or_named(categorize, refuse, write, shop):
    columns = {
        "id": pa.array(["1", "2"]).dictionary_encode(),
        "title": ["boot", "hose"],
        "sizes": [[1, 2], None],
        "maker": [{"name": "x"}, None],
        "price": pa.array([1, 2], pa.decimal128(38, 9)),
        "nothing": pa.nulls(2),
    }
    pq.write_table(pa.table(columns), shop / "a.parquet", row_group_size=1)
    assert ids(categorize("a.parquet")[0]) == ["1", "2"]
    data = (shop / "a.parquet").read_bytes()
    (shop / "out.jsonl").unlink()
    for damaged in (data[:-20], data[:-4] + b"PAR2", b"id,title\n1,boot\n"):
        message = refuse(write("b.parquet", damaged))
        assert message.startswith("error: b.parquet: it cannot be read as Parquet (")


@pytest.mark.slow
def test_17_parquet_of_a_hundred_thousand_groups_of_rows_is_read(categorize, shop):
    table = pa.table({"id": range(100_000), "title": ["boot"] * 100_000})
    pq.write_table(table, shop / "a.parquet", row_group_size=1)
    assert len(categorize("a.parquet")[0]) == 100_000


def test_18_half_a_gzip_file_is_answered_and_named_incomplete(categorize, refuse, write):
    numbers = [number * number * 7919 for number in range(3000)]
    text = (HEADER + "".join(f"{number},boot {number},\n" for number in numbers)).encode()
    members = gzip.compress(text[:5000]) + gzip.compress(text[5000:])
    rows, _, _ = categorize(write("whole.csv.gz", members))
    assert ids(rows) == list(map(str, numbers))
    rows, _, err = categorize(write("half.csv.gz", members[:-2000]), code=1)
    assert ids(rows) == list(map(str, numbers[: len(rows)]))
    assert 1000 < len(rows) < 3000
    assert "half.csv.gz: incomplete: the gzip data end too soon" in err.splitlines()[-1]


def test_18_gz_file_that_is_not_gzip_is_named(refuse, write):
    message = refuse(write("a.csv.gz", HEADER))
    assert "it is not gzip although its name ends in .gz" in message


def test_19_bomb_of_ten_gigabytes_stops_at_a_ratio_and_takes_little_memory(categorize, write):
    resource = pytest.importorskip("resource")
    rows = gzip.compress(f"{HEADER}1,boot,\n2,hose,\n".encode())
    write("bomb.csv.gz", rows + gzip.compress(b"x" * 100_000_000) * 100)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers, _, err = categorize("bomb.csv.gz", code=1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
    assert ids(answers) == ["1", "2"]
    assert err.splitlines()[-1].startswith("error: bomb.csv.gz: incomplete: ")
    assert "more than 1,073,741,824 and more than 200 times as many; 2 rows read" in err
    assert "--max-decompressed" in err


def test_20_what_is_no_file_is_named(refuse, shop):
    (shop / "loop.csv").symlink_to("loop.csv")
    (shop / "folder").mkdir()
    assert refuse("none.csv") == "error: none.csv: there is no such file"
    assert "it cannot be read" in refuse("loop.csv")
    assert "it is a folder, not a file" in refuse("folder")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_20_unreadable_file_is_named(refuse, write, shop):
    (shop / write("a.csv", HEADER)).chmod(0)
    assert "it cannot be read" in refuse("a.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_20_pipe_is_read(categorize, shop):
    os.mkfifo(shop / "pipe.csv")
    content = f"{HEADER}1,boot,\n".encode()
    writer = threading.Thread(target=(shop / "pipe.csv").write_bytes, args=(content,))
    writer.start()
    assert ids(categorize("pipe.csv")[0]) == ["1"]
    writer.join()


def test_20_folder_of_catalogs_is_read(categorize, shop):
    (shop / "folder").mkdir()
    for name in ("b.csv", "a.csv"):
        (shop / "folder" / name).write_text(f"{HEADER}{name},boot,\n")
    assert ids(categorize("folder")[0]) == ["a.csv", "b.csv"]


def test_20_file_that_changes_while_it_is_read_is_named_incomplete(write, shop):
    rows = "".join(f"{number},ankle boot,\n" for number in range(20_000))
    write("a.csv", HEADER + rows)
    reader = read_catalog("a.csv", CatalogSettings(), print)
    got = [next(iter(reader))]
    with (shop / "a.csv").open("a") as file:
        file.write("x,hose,\n")
    with pytest.raises(InputError, match="incomplete: it changed while it was read; .* rows read"):
        got.extend(reader)
    assert len(got) >= 20_000


def test_21_case_unicode_form_and_white_space_do_not_change_the_answer(categorize, write):
    titles = ["ankle boot größe", "ANKLE BOOT GRÖSSE", "ankle\u00a0 boot  gro\u0308ße"]
    lines = [json.dumps({"id": "1", "title": title}) for title in titles]
    rows, _, _ = categorize(write("a.jsonl", "\n".join(lines)))
    assert all(row == rows[0] for row in rows)


def test_22_row_without_a_word_abstains(categorize, write):
    empty = ["", "  ", "?!...", "<p></p><br/>", "&nbsp;"]
    titles = [*empty, "https://example.com/boot?y=1", "www.boot.com", "12345 678", "5'4\""]
    lines = [json.dumps({"id": title, "title": title}) for title in titles]
    rows, _, _ = categorize(write("a.jsonl", "\n".join(lines)))
    assert [(row["status"], row["reason"]) for row in rows] == [("abstain", "empty_text")] * 9


@pytest.mark.parametrize("title", ["短靴 牛革", "ботинки", "αρβύλα", "جزمة"])
def test_23_text_in_another_language_is_flagged(categorize, write, title):
    rows, _, _ = categorize(write("a.jsonl", json.dumps({"id": "1", "title": title})))
    assert (rows[0]["status"], rows[0]["reason"]) == ("abstain", "no_known_words")
