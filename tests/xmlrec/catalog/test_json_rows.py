import json

import pytest

from tests.xmlrec.catalog.whole_file import read_whole, write_file
from xmlrec.errors import InputError


@pytest.fixture
def read_json(tmp_path):
    def read(*lines, **settings):
        texts = [line if isinstance(line, bytes) else line.encode() for line in lines]
        path = write_file(tmp_path, "shop.jsonl", b"\n".join(texts) + b"\n")
        return read_whole(path, **settings)

    return read


@pytest.mark.parametrize(
    ("value", "row_id"),
    [
        ('"00123"', "00123"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("1e5", "1e5"),
        ("0.10", "0.10"),
        ("-0", "-0"),
        ("1E400", "1E400"),
        ('"1e5"', "1e5"),
        ('"NaN"', "NaN"),
        ('"null"', "null"),
        ("true", "true"),
        ('" 7 "', " 7 "),
        ('""', ""),
        ('"Ünï 商品 \\ud83d\\ude00 a\\u2028b"', "Ünï 商品 😀 a\u2028b"),
        ('"a\\nb"', "a\nb"),
    ],
)
def test_id_is_what_the_file_says(read_json, value, row_id):
    assert read_json(f'{{"id":{value},"title":"a"}}').ids == [row_id]


@pytest.mark.parametrize("value", ["null", "NaN", "[1]", '{"a":1}'])
def test_id_that_is_no_value_is_rejected(read_json, value):
    file = read_json('{"id":1,"title":"a"}', f'{{"id":{value},"title":"b"}}')
    assert file.ids == ["1"]
    assert file.faults == [(2, "BAD_ID")]


def test_missing_id_is_rejected_where_other_rows_have_one(read_json):
    file = read_json('{"id":1,"title":"a"}', '{"title":"b"}')
    assert file.faults == [(2, "BAD_ID")]


def test_values_become_text_as_they_are_written(read_json):
    row = read_json(
        '{"title":"a","price":12.50,"big":12345678901234567890,"new":true,"gone":null,'
        '"tags":["x","y",3],"size":{"cm":[1.0,2]},"mixed":["x",null],"none":[]}'
    ).rows[0]
    assert row.fields == {
        "title": "a",
        "price": "12.50",
        "big": "12345678901234567890",
        "new": "true",
        "tags": "x y 3",
        "size": '{"cm":["1.0","2"]}',
        "mixed": '["x",null]',
        "none": "",
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id":2,"title":"b"', "not JSON"),
        ('{"id":2,"title":"b",}', "not JSON"),
        ('{"id":002}', "not JSON: Expecting ',' delimiter at character 8"),
        ("{'id':2}", "not JSON"),
        ("id,title", "not JSON"),
        ("\0\0\0\0", "not JSON"),
        ('{"id":2}{"id":3}', "more text after the object's end at character 8"),
        ("[1,2]", "a list, not an object"),
        ('"text"', "one value, not an object"),
        ("null", "one value, not an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
    ],
    ids=lambda text: text[:20],
)
def test_bad_json_is_rejected_and_its_neighbours_kept(read_json, line, message):
    file = read_json('{"id":1,"title":"a"}', line, '{"id":3,"title":"c"}')
    assert file.ids == ["1", "3"]
    assert file.faults == [(2, "BAD_JSON")]
    assert message in file.rejects[0].message
    assert file.rejects[0].raw == line[:1024]


def test_value_nested_as_deep_as_it_can_be_read_is_read_or_rejected(read_json):
    lines = [f'{{"title":"a","x":{"[" * n}{"]" * n}}}' for n in range(700, 1000, 10)]
    file = read_json(*lines)
    assert len(file.rows) + len(file.rejects) == 30
    assert {code for _, code in file.faults} <= {"BAD_JSON"}


def test_key_that_comes_twice_is_rejected(read_json):
    file = read_json('{"id":1,"title":"a"}', '{"id":2,"title":"a","id":3}')
    assert file.ids == ["1"]
    assert file.faults == [(2, "DUPLICATE_KEY")]
    assert "'id' comes twice" in file.rejects[0].message


def test_nan_and_infinity_are_read_as_null_and_counted(read_json):
    file = read_json('{"id":1,"title":"a","x":NaN,"y":-Infinity}', '{"id":2,"title":"b"}')
    assert file.rows[0].fields == {"id": "1", "title": "a"}
    assert file.reader.counts.repaired == {"NOT_A_NUMBER": 1}


def test_nan_in_a_broken_row_does_not_count_for_the_next(read_json):
    file = read_json('{"id":1,"title":NaN', '{"id":2,"title":"b"}')
    assert file.ids == ["2"]
    assert not file.reader.counts.repaired


def test_half_surrogate_pair_becomes_a_replacement_character(read_json):
    file = read_json(r'{"id":1,"title":"a\ud800b","x\udfff":["\udc00"]}')
    assert file.rows[0].fields == {"id": "1", "title": "a\ufffdb", "x\ufffd": "\ufffd"}
    assert file.reader.counts.repaired == {"LONE_SURROGATE": 1}


def test_half_surrogate_pair_in_the_id_is_rejected(read_json):
    assert read_json(r'{"id":"\ud800","title":"a"}').faults == [(1, "LONE_SURROGATE")]


def test_whole_surrogate_pair_needs_no_repair(read_json):
    file = read_json(r'{"id":"\ud83d\ude00","title":"\u00e9"}')
    assert file.ids == ["😀"]
    assert not file.reader.counts.repaired


@pytest.mark.parametrize("nul", [b"\\u0000", b"\0"], ids=["escaped", "raw"])
def test_nul_is_removed_from_texts_and_rejected_in_ids(read_json, nul):
    file = read_json(b'{"id":1,"title":"a%bb"}' % nul, b'{"id":"2%b","title":"c"}' % nul)
    assert file.titles == ["ab"]
    assert file.faults == [(2, "NUL")]
    assert file.reader.counts.repaired == {"NUL": 1}


def test_raw_tab_in_a_string_is_read(read_json):
    assert read_json('{"title":"a\tb"}').titles == ["a\tb"]


def test_bad_byte_is_repaired_in_a_text_and_rejected_in_an_id(read_json):
    file = read_json(b'{"id":1,"title":"caf\xe9"}', b'{"id":"\xff","title":"b"}')
    assert file.titles == ["caf\ufffd"]
    assert file.faults == [(2, "INVALID_UTF8")]
    assert file.reader.counts.repaired == {"INVALID_UTF8": 1}


def test_object_with_too_many_keys_is_rejected(read_json):
    line = json.dumps({f"k{number}": 1 for number in range(100_000)})
    assert read_json('{"title":"a"}', line).faults == [(2, "TOO_MANY_FIELDS")]


def test_text_that_is_too_long_is_cut_and_a_line_rejected(read_json):
    lines = [f'{{"id":{n},"title":"{"x" * n}"}}' for n in (1_048_576, 1_048_577, 13_000_000)]
    file = read_json(*lines, '{"id":4,"title":"d"}')
    assert file.ids == ["1048576", "1048577", "4"]
    assert [len(title) for title in file.titles] == [1_048_576, 1_048_576, 1]
    assert file.reader.counts.repaired == {"FIELD_TOO_LONG": 1}
    assert file.faults == [(3, "LINE_TOO_LONG")]


def test_blank_lines_are_skipped_and_rows_numbered_without_them(read_json):
    file = read_json("", '{"title":"a"}', "  ", "{", '{"title":"b"}')
    assert file.ids == ["1", "3"]
    assert [row.line for row in file.rows] == [2, 5]


def test_carriage_returns_end_lines(tmp_path):
    path = write_file(tmp_path, "shop.jsonl", '{"title":"a"}\r{"title":"b"}\r\n{"title":"c"}')
    assert read_whole(path).titles == ["a", "b", "c"]


@pytest.mark.parametrize(
    "content", ['[\n{"title":"a"}\n]\n', '[{"title":"a"},\n{"title":"b"}]\n', '[{"title":"a"}]']
)
def test_one_json_list_is_named_as_such(tmp_path, content):
    with pytest.raises(InputError, match="it is one JSON list"):
        read_whole(write_file(tmp_path, "shop.jsonl", content))


def test_list_in_the_first_line_of_json_lines_is_rejected(read_json):
    assert read_json('[{"title":"a"}]', '{"title":"b"}').faults == [(1, "BAD_JSON")]


def test_file_that_is_no_json_at_all_is_refused_after_a_thousand_rows(read_json):
    with pytest.raises(InputError, match="none of its first 1,000 rows can be used"):
        read_json(*["id,title"] * 2000)


def test_short_file_without_a_good_row_gives_only_rejects(read_json):
    file = read_json("a", "b", needs_labels=True)
    assert file.rows == []
    assert file.faults == [(1, "BAD_JSON"), (2, "BAD_JSON")]
