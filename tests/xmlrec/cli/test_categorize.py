import csv
import gzip
import json

import pytest

IDS = ["00123", "123456789012345678901234567890", "1e5", "NaN", "null", "Größe \U0001f462", "-5"]


def json_rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def csv_rows(path, delimiter=","):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_json_lines_keep_ids_and_order(xmlrec, shop, model, write, new_files):
    write("ids.csv", "id,title,description\n" + "".join(f"{row},ankle boot,\n" for row in IDS))
    result = xmlrec("categorize", "ids.csv", "--model", model, "--out", "out.jsonl")

    assert (result.code, result.out) == (0, "")
    assert "out.jsonl: 7 rows (7 ok)" in result.err
    assert new_files() == ["ids.csv", "out.jsonl"]
    rows = json_rows(shop / "out.jsonl")
    assert [row["id"] for row in rows] == IDS
    assert {row["paths"][0]["path_text"] for row in rows} == {"Shoes > Boots"}
    assert {len(row["alternatives"]) for row in rows} == {2}


def test_csv_keeps_ids_and_order(xmlrec, shop, model, write):
    lines = [json.dumps({"id": row, "title": "hose", "description": ""}) for row in IDS]
    write("ids.jsonl", "\n".join(lines))
    result = xmlrec("categorize", "ids.jsonl", "--model", model, "--out", "out.csv", "-k", "2")

    assert result.code == 0
    rows = csv_rows(shop / "out.csv")
    assert [row["id"] for row in rows] == IDS
    assert {row["category_path"] for row in rows} == {"Garden > Hoses"}
    assert len({row["alt1_path"] for row in rows} - {"Garden > Hoses", ""}) == 1


def test_numbers_as_ids_are_not_numbers(xmlrec, shop, model, write):
    numbers = ["0.10", "1e400", "12345678901234567890123", "-0"]
    lines = [f'{{"id": {number}, "title": "hose", "description": ""}}' for number in numbers]
    write("ids.jsonl", "\n".join(lines))
    xmlrec("categorize", "ids.jsonl", "--model", model, "--out", "out.jsonl")

    assert [row["id"] for row in json_rows(shop / "out.jsonl")] == numbers


def test_another_id_column_can_be_named(xmlrec, shop, model, write):
    write("sku.csv", "id,sku,title,description\n1,a7,hose,\n")
    xmlrec("categorize", "sku.csv", "--model", model, "--out", "o.jsonl", "--id-column", "sku")

    assert [row["id"] for row in json_rows(shop / "o.jsonl")] == ["a7"]


def test_without_ids_rows_are_numbered(xmlrec, shop, model, write):
    write("no_ids.csv", "title,description\nhose,\nboot,\n")
    xmlrec("categorize", "no_ids.csv", "--model", model, "--out", "o.jsonl")

    assert [row["id"] for row in json_rows(shop / "o.jsonl")] == ["1", "2"]


def test_a_dash_reads_standard_input_and_writes_standard_output(xmlrec, model):
    stdin = b'{"id": "7", "title": "ankle boot", "description": ""}\n'
    result = xmlrec("categorize", "-", "--model", model, "--out", "-", stdin=stdin)

    assert result.code == 0
    ((row),) = result.rows
    assert (row["id"], row["paths"][0]["path"]) == ("7", ["Shoes", "Boots"])
    assert "1 rows (1 ok)" in result.err


@pytest.mark.parametrize("name", ["out.jsonl.gz", "out.tsv", "out.csv.gz"])
def test_other_formats_are_written(xmlrec, shop, model, name):
    assert xmlrec("categorize", "shop.csv", "--model", model, "--out", name).code == 0

    data = (shop / name).read_bytes()
    text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
    assert text.count("Shoes > Boots") >= 6


def test_labels_in_the_catalog_are_not_needed_and_not_read(xmlrec, shop, model, write):
    write("bad_labels.csv", "id,title,description,path\n1,ankle boot,,> > >\n")
    result = xmlrec("categorize", "bad_labels.csv", "--model", model, "--out", "o.jsonl")

    assert result.code == 0
    assert json_rows(shop / "o.jsonl")[0]["status"] == "ok"


def test_a_catalog_is_never_replaced_by_its_answers(xmlrec, shop, model):
    before = (shop / "shop.jsonl").read_bytes()
    result = xmlrec("categorize", "shop.jsonl", "--model", model, "--out", "./shop.jsonl")

    assert "./shop.jsonl: it would be written over while shop.jsonl is read" in result.refused()
    assert (shop / "shop.jsonl").read_bytes() == before


def test_results_are_not_put_into_the_model(xmlrec, model):
    result = xmlrec("categorize", "shop.jsonl", "--model", model, "--out", model / "out.jsonl")
    assert "it lies in the model's folder" in result.refused()


def test_rows_in_several_chunks_are_the_rows_in_one(xmlrec, shop, model, monkeypatch):
    xmlrec("categorize", "shop.csv", "--model", model, "--out", "whole.jsonl")
    monkeypatch.setattr("xmlrec.batch.chunks.ENTRIES_PER_CHUNK", 5)
    xmlrec("categorize", "shop.csv", "--model", model, "--out", "parts.jsonl")

    assert (shop / "parts.jsonl").read_bytes() == (shop / "whole.jsonl").read_bytes()


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_do_not_change_a_byte(xmlrec, shop, model, threads):
    xmlrec("categorize", "shop.csv", "--model", model, "--out", "a.csv")
    xmlrec("categorize", "shop.csv", "--model", model, "--out", "b.csv", "--threads", threads)

    assert (shop / "a.csv").read_bytes() == (shop / "b.csv").read_bytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.csv", "id,title,description\n"), ("empty.jsonl", "\n")],
)
def test_a_header_without_rows_gives_an_empty_valid_output(
    xmlrec, shop, model, write, name, content
):
    write(name, content)
    for out in ("out.jsonl", "out.csv"):
        result = xmlrec("categorize", name, "--model", model, "--out", out)
        assert result.code == 0
        assert "0 rows (none)" in result.err

    assert (shop / "out.jsonl").read_bytes() == b""
    assert csv_rows(shop / "out.csv") == []
    assert (shop / "out.csv").read_text().startswith("id,status,reason,category_id,")


def test_a_row_without_text_is_answered_abstain(xmlrec, shop, model, write):
    write("blank.csv", "id,title,description\n1,,\n2,  ,\n3,ankle boot,\n4,\u4e00,\n")
    result = xmlrec("categorize", "blank.csv", "--model", model, "--out", "out.csv")

    assert result.code == 0
    assert "4 rows (3 abstain, 1 ok)" in result.err
    assert [(row["status"], row["reason"]) for row in csv_rows(shop / "out.csv")] == [
        ("abstain", "empty_text"),
        ("abstain", "empty_text"),
        ("ok", ""),
        ("abstain", "no_known_words"),
    ]


def test_bad_rows_are_rejected_or_repaired_counted_and_kept(xmlrec, shop, model, write):
    write(
        "dirty.csv",
        b"id,title,description\n"
        b"1,ankle boot,\n"
        b"2,ankle boot\n"  # a field too few
        b"3,ankle boot,,,\n"  # two too many
        b"4,caf\xe9 boot,\n"
        b"5,nul\x00 boot,\n"
        b"6\x00,boot,\n"
        b"7,flexible hose,\n",
    )
    result = xmlrec("categorize", "dirty.csv", "--model", model, "--out", "out.jsonl")

    assert (result.code, result.out) == (0, "")
    assert "3 rows rejected (FIELD_COUNT 2, NUL 1); kept in out.jsonl.rejects.jsonl" in result.err
    assert "2 rows repaired (INVALID_UTF8 1, NUL 1)" in result.err
    assert [row["id"] for row in json_rows(shop / "out.jsonl")] == ["1", "4", "5", "7"]
    rejects = json_rows(shop / "out.jsonl.rejects.jsonl")
    assert [(row["line"], row["code"], row["raw"]) for row in rejects] == [
        (3, "FIELD_COUNT", "2,ankle boot"),
        (4, "FIELD_COUNT", "3,ankle boot,,,"),
        (7, "NUL", "6\x00,boot,"),
    ]


def test_broken_json_is_rejected_and_the_rest_is_answered(xmlrec, shop, model, write):
    write("a.jsonl", '{"id": "1", "title": "boot", "description": ""}\n{"id": "2", \n[]\n')
    result = xmlrec("categorize", "a.jsonl", "--model", model, "--out", "out.csv")

    assert result.code == 0
    assert "rejected a.jsonl:2: BAD_JSON: " in result.err
    assert "2 rows rejected (BAD_JSON 2); kept in out.csv.rejects.jsonl" in result.err
    assert [row["id"] for row in csv_rows(shop / "out.csv")] == ["1"]


def test_only_the_first_rejects_are_shown(xmlrec, model, write):
    write("a.csv", "id,title,description\n" + "x\n" * 50)
    result = xmlrec("categorize", "a.csv", "--model", model, "--out", "out.csv")

    assert result.err.count("rejected a.csv:") == 3
    assert "50 rows rejected (FIELD_COUNT 50)" in result.err


@pytest.mark.parametrize("from_stdin", [False, True], ids=["file", "stdin"])
def test_half_a_gz_is_answered_as_far_as_it_goes_and_named(
    xmlrec, shop, model, write, new_files, from_stdin
):
    # numbers that do not compress: the end is missing, not most of the rows
    rows = "".join(f"{n},ankle boot {n * n * 7919},x{n**5}\n" for n in range(3000))
    half = gzip.compress(f"id,title,description\n{rows}".encode())[:-2000]
    write("half.csv.gz", half)
    source = ["-"] if from_stdin else ["half.csv.gz"]

    result = xmlrec("categorize", *source, "--model", model, "--out", "out.csv", stdin=half)

    assert (result.code, result.out) == (1, "")
    n_rows = len(csv_rows(shop / "out.csv"))
    assert 1000 < n_rows < 3000
    name = "standard input" if from_stdin else "half.csv.gz"
    assert (
        f"error: {name}: incomplete: the gzip data end too soon; {n_rows:,} rows read; "
        "get the whole file again"
    ) == result.err.splitlines()[-1]
    assert "out.csv" in new_files()


def test_an_output_that_cannot_be_is_refused(xmlrec, shop, model, new_files):
    out = ["categorize", "shop.csv", "--model", model, "--out"]

    assert "the name does not say in which format" in xmlrec(*out, "answers").refused()
    assert "there is no folder" in xmlrec(*out, "none/out.csv").refused()
    assert new_files() == []


def test_a_failing_run_leaves_the_old_output_as_it_was(xmlrec, shop, model, write):
    write("out.csv", "old\n")
    write("twice.csv", "id,title,title\n")
    xmlrec("categorize", "twice.csv", "--model", model, "--out", "out.csv").refused(2)

    assert (shop / "out.csv").read_text() == "old\n"


def test_a_dump_may_lack_all_but_the_title(xmlrec, shop, model, write):
    write("titles.csv", "id,title\n1,ankle boot\n")
    result = xmlrec("categorize", "titles.csv", "--model", model, "--out", "out.jsonl")

    assert result.code == 0
    assert json_rows(shop / "out.jsonl")[0]["paths"][0]["path_text"] == "Shoes > Boots"


def test_a_dump_without_the_title_is_refused(xmlrec, model, write):
    write("texts.csv", "id,description\n1,ankle boot\n")
    result = xmlrec("categorize", "texts.csv", "--model", model, "--out", "out.jsonl")

    assert "no column 'title', which the model reads; its columns are" in result.refused(2)


def test_columns_are_carried_through(xmlrec, shop, model, write):
    write("a.csv", "id,title,brand,sku\n1,ankle boot,Acme,007\n2,garden hose,,008\n")
    carry = ["--carry", "sku", "--carry", "brand"]
    xmlrec("categorize", "a.csv", "--model", model, "--out", "out.jsonl", *carry)
    xmlrec("categorize", "a.csv", "--model", model, "--out", "out.csv", *carry)

    assert [row["input"] for row in json_rows(shop / "out.jsonl")] == [
        {"sku": "007", "brand": "Acme"},
        {"sku": "008", "brand": ""},
    ]
    assert [(row["sku"], row["brand"]) for row in csv_rows(shop / "out.csv")] == [
        ("007", "Acme"),
        ("008", ""),
    ]


def test_a_column_that_is_not_there_is_not_carried(xmlrec, model, write, new_files):
    write("a.csv", "id,title\n1,ankle boot\n")
    result = xmlrec("categorize", "a.csv", "--model", model, "--out", "o.csv", "--carry", "brand")

    assert result.refused(2) == (
        "error: a.csv: no column 'brand', which --carry names; its columns are 'id', 'title'"
    )
    assert new_files() == ["a.csv"]


def test_too_many_rejects_are_another_exit_code(xmlrec, shop, model, write):
    write("a.csv", "id,title\n1,ankle boot\n2\n3\n")
    command = ["categorize", "a.csv", "--model", model, "--out", "out.jsonl", "--max-errors"]

    assert xmlrec(*command, 2).code == 0
    result = xmlrec(*command, 1)
    assert result.code == 3
    assert result.err.endswith("error: 2 rows were rejected, more than --max-errors 1\n")
    assert len(json_rows(shop / "out.jsonl")) == 1


def test_the_summary_says_what_was_found(xmlrec, model, write):
    rows = "".join(f"{n},{'ankle boot' if n < 6 else 'garden hose'}\n" for n in [*range(8), 7])
    write("a.csv", f"id,title\n{rows}")
    lines = xmlrec("categorize", "a.csv", "--model", model, "--out", "o.jsonl").err.splitlines()

    assert lines == [
        "o.jsonl: 9 rows (9 ok)",
        "1 row with the id of a row before",
        " 66.7 %  Shoes > Boots",
        " 33.3 %  Garden > Hoses",
    ]


def test_progress_is_told_to_machines(xmlrec, model, write, monkeypatch):
    monkeypatch.setattr("xmlrec.batch.chunks.ENTRIES_PER_CHUNK", 2)
    write("a.csv", "id,title\n1,ankle boot\n2,\n3,garden hose\n4\n5,kettle\n")
    command = ["categorize", "a.csv", "--model", model, "--out", "o.jsonl", "--threads", 1]
    err = xmlrec(*command, "--progress", "json").err
    facts = [json.loads(line) for line in err.splitlines() if line.startswith("{")]

    assert [fact["rows"] for fact in facts] == [2, 3, 4]
    assert [fact["rejects"] for fact in facts] == [0, 1, 1]
    assert facts[-1]["abstain_share"] == 0.25
    assert facts[-1]["share_read"] == 1.0
    assert "{" not in xmlrec(*command, "--progress", "none").err
    assert xmlrec(*command, "--progress", "loud").code == 2
