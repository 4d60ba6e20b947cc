import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.xmlrec.catalog.whole_file import read_whole, write_file
from xmlrec.catalog.csv_rows import LineFeed, csv_records, read_header, sniff_delimiter
from xmlrec.catalog.lines import read_chunks
from xmlrec.errors import ColumnError, InputError


@pytest.fixture
def read_csv(tmp_path):
    def read(content, **settings):
        return read_whole(write_file(tmp_path, "shop.csv", content), **settings)

    return read


def test_header_only_gives_no_rows(read_csv):
    file = read_csv("id,title\n")
    assert file.rows == file.rejects == []
    assert file.reader.columns.names == ("id", "title")


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("bom", ["", "\ufeff"], ids=["plain", "BOM"])
def test_every_line_break_and_a_byte_order_mark_are_read(read_csv, bom, line_break):
    lines = ["id,title", "1,red shoe", '2,"two\nlines"', "3,blue shoe", ""]
    file = read_csv(bom + line_break.join(lines))
    assert file.ids == ["1", "2", "3"]
    assert file.titles == ["red shoe", "two\nlines", "blue shoe"]


def test_mixed_line_breaks_are_read(read_csv):
    file = read_csv("id,title\r\n1,a\n2,b\r3,c\r\n\r\n4,d")
    assert file.ids == ["1", "2", "3", "4"]


def test_line_and_byte_say_where_a_row_starts(read_csv):
    content = 'id,title\n1,"é\né"\n\n2,b\n'
    rows = read_csv(content).rows
    assert [row.line for row in rows] == [2, 5]
    assert [row.byte for row in rows] == [9, content.encode().index(b"2,b")]


def test_byte_counts_the_byte_order_mark(read_csv):
    assert read_csv("\ufeffid,title\n1,a\n").rows[0].byte == 3 + 9


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ('17" monitor', '17" monitor'),
        ("5'4\" board", "5'4\" board"),
        ('"17"" monitor"', '17" monitor'),
        ('"17" monitor"', '17 monitor"'),
        ('"a, b"', "a, b"),
        ('"first\r\nsecond\n\nfourth"', "first\r\nsecond\n\nfourth"),
        ('"=1+1"', "=1+1"),
        ("", ""),
    ],
)
def test_quotes_and_line_breaks_in_a_field_are_read_right(read_csv, field, text):
    file = read_csv(f"id,title,brand\n1,before,x\n2,{field},y\n3,after,z\n")
    assert file.titles == ["before", text, "after"]
    assert file.rows[1].fields["brand"] == "y"
    assert file.rejects == []


def test_rows_with_too_many_or_too_few_fields_are_rejected_and_their_neighbours_kept(read_csv):
    file = read_csv("id,title\n1,a\n2,b,extra\n3,c\n4\n5,d\n")
    assert file.ids == ["1", "3", "5"]
    assert file.faults == [(3, "FIELD_COUNT"), (5, "FIELD_COUNT")]
    assert file.rejects[0].message == "3 fields under a header of 2"
    assert file.rejects[0].raw == "2,b,extra"


def test_record_of_several_lines_with_too_many_fields_is_one_reject(read_csv):
    file = read_csv('id,title,brand\n1,"a\nb",x,extra\n2,c,y\n')
    assert file.ids == ["2"]
    assert file.faults == [(2, "FIELD_COUNT")]
    assert file.rejects[0].raw == '1,"a\nb",x,extra'


def rows_with_open_quote_in(line, n_rows, row="{0},title {0},brand\n"):
    rows = ["id,title,brand\n", *(row.format(number) for number in range(2, n_rows + 2))]
    rows[line - 1] = f'{line},"never closed,brand\n'
    return "".join(rows)


def test_open_quote_costs_one_row_of_many(read_csv):
    file = read_csv(rows_with_open_quote_in(10, 5000))
    assert file.faults == [(10, "UNTERMINATED_QUOTE")]
    assert file.ids == [str(number) for number in range(2, 5002) if number != 10]


def test_open_quote_near_the_end_of_the_file_costs_one_row(read_csv):
    file = read_csv(rows_with_open_quote_in(20, 25))
    assert file.faults == [(20, "UNTERMINATED_QUOTE")]
    assert len(file.rows) == 24


def test_open_quote_in_the_last_line_is_rejected(read_csv):
    assert read_csv('id,title\n1,a\n2,"b').faults == [(3, "UNTERMINATED_QUOTE")]


def test_open_quote_that_a_later_row_closes_costs_one_row(read_csv):
    quoted = '{0},"title, {0}",brand\n'
    file = read_csv(rows_with_open_quote_in(10, 50, quoted))
    assert file.faults == [(10, "UNTERMINATED_QUOTE")]
    assert len(file.rows) == 49
    assert file.titles[8] == "title, 11"


def test_open_quote_before_a_row_of_several_lines_costs_one_row(read_csv):
    file = read_csv(rows_with_open_quote_in(10, 50, '{0},"title\n{0}",brand\n'))
    assert [code for _, code in file.faults] == ["UNTERMINATED_QUOTE"]
    assert len(file.rows) == 49


def test_open_quote_that_an_inch_mark_closes_long_after_costs_one_row(read_csv):
    lines = rows_with_open_quote_in(10, 100).splitlines(keepends=True)
    lines[59] = '60,17",brand\n'
    file = read_csv("".join(lines))
    assert file.faults == [(10, "UNTERMINATED_QUOTE")]
    assert len(file.rows) == 99


def test_description_of_many_lines_is_one_row(read_csv):
    description = "\n".join(f"line {number}, with a comma" for number in range(300))
    file = read_csv(f'id,title,description\n1,a,"{description}"\n2,b,c\n')
    assert file.ids == ["1", "2"]
    assert file.rows[0].fields["description"] == description


def test_field_beyond_the_limit_of_the_csv_module_is_read(read_csv):
    title = "x" * 500_000
    file = read_csv(f'id,title\n1,{title}\n2,"{title}"\n')
    assert file.titles == [title, title]


def test_field_that_is_too_long_is_cut_and_counted(read_csv):
    file = read_csv(f"id,title\n1,{'x' * 2_000_000}\n2,b\n")
    assert file.titles == ["x" * 1_048_576, "b"]
    assert file.reader.counts.repaired == {"FIELD_TOO_LONG": 1}


def test_id_that_is_too_long_is_rejected(read_csv):
    file = read_csv(f"id,title\n{'1' * 2_000_000},a\n2,b\n")
    assert file.ids == ["2"]
    assert file.faults == [(2, "FIELD_TOO_LONG")]
    assert "the id, column 'id', has more than 1,048,576 char" in file.rejects[0].message
    assert len(file.rejects[0].raw) == 1024


def test_line_that_is_too_long_is_rejected_with_its_neighbours_kept(read_csv):
    content = f"id,title\n1,a\n2,{'x' * 13_000_000}\n3,b\n"
    file = read_csv(content)
    assert file.ids == ["1", "3"]
    assert file.faults == [(3, "LINE_TOO_LONG")]
    assert file.rows[1].line == 4
    assert file.rows[1].byte == content.index("3,b\n")


def test_nul_is_removed_and_counted(read_csv):
    file = read_csv(b"id,title\n1,red\0 shoe\n2,b\n")
    assert file.titles == ["red shoe", "b"]
    assert file.reader.counts.repaired == {"NUL": 1}


def test_nul_in_the_id_is_rejected(read_csv):
    file = read_csv(b"id,title\n1\0,a\n2,b\n")
    assert file.ids == ["2"]
    assert file.faults == [(2, "NUL")]


def test_bad_byte_in_a_text_becomes_a_replacement_character_and_is_counted(read_csv):
    file = read_csv(b"id,title\n1,caf\xe9 set\n2,b\n")
    assert file.titles == ["caf\ufffd set", "b"]
    assert file.reader.counts.repaired == {"INVALID_UTF8": 1}
    assert file.reader.counts.n_rows == 2


def test_bad_byte_in_the_id_is_rejected(read_csv):
    file = read_csv(b"id,title\n1\xe9,a\n2,b\n")
    assert file.ids == ["2"]
    assert file.faults == [(2, "INVALID_UTF8")]
    assert file.rejects[0].raw == r"1\xe9,a"


def test_repairs_of_one_row_do_not_count_for_the_next(read_csv):
    file = read_csv(b"id,title\n1,\xe9\0\n2,b\n3,c\n")
    assert file.reader.counts.repaired == {"INVALID_UTF8": 1, "NUL": 1}


def test_duplicate_column_is_named(read_csv):
    with pytest.raises(ColumnError, match="'title' more than once"):
        read_csv("id,title,title\n1,a,b\n")


def test_unnamed_columns_are_left_out(read_csv):
    file = read_csv(",id,title,,\n0,1,a,x,y\n")
    assert file.rows[0].fields == {"id": "1", "title": "a"}


def test_white_space_around_column_names_does_not_count(read_csv):
    assert read_csv("id, title \n1,a\n").titles == ["a"]


def test_blank_lines_before_the_header_and_between_rows_are_skipped(read_csv):
    assert read_csv("\n\nid,title\n\n1,a\n\n2,b\n\n").ids == ["1", "2"]


def test_file_of_blank_lines_has_no_header(read_csv):
    with pytest.raises(InputError, match="there is no header line"):
        read_csv("\n\n")


def test_header_with_an_open_quote_is_a_clear_error(read_csv):
    with pytest.raises(InputError, match="its header cannot be read"):
        read_csv('id,"title\n1,a\n')


def test_header_of_a_million_columns_is_a_clear_error(read_csv):
    with pytest.raises(ColumnError, match="1,000,000 columns, more than 10,000"):
        read_csv("a," * 999_999 + "b\n")


def test_header_that_is_too_long_is_a_clear_error(read_csv):
    with pytest.raises(InputError, match="its header is longer than 12,582,912 bytes"):
        read_csv("a" * 13_000_000 + "\n1\n")


def test_row_of_a_million_fields_is_rejected(read_csv):
    assert read_csv("id,title\n" + "a," * 999_999 + "b\n1,a\n").faults == [(2, "FIELD_COUNT")]


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("id,title", ","),
        ("id;title;price", ";"),
        ("id\ttitle", "\t"),
        ("id|title", "|"),
        ("title", ","),
        ('id,"a;b;c;d"', ","),
    ],
)
def test_delimiter_is_guessed_from_the_header(header, delimiter):
    assert sniff_delimiter(f"{header}\n1;2;3;4;5".encode()) == delimiter


def test_delimiter_can_be_given(read_csv):
    assert read_csv("id^title\n1^a,b;c\n", delimiter="^").titles == ["a,b;c"]


def test_tsv_is_split_at_tabs_only(tmp_path):
    path = write_file(tmp_path, "shop.tsv", "id\ttitle,with;many,commas\n1\ta,b\n")
    file = read_whole(path, text_columns=("title,with;many,commas",))
    assert file.rows[0].fields == {"id": "1", "title,with;many,commas": "a,b"}


def test_csv_limit_that_another_library_raised_stays(read_csv):
    before = csv.field_size_limit(1 << 40)
    try:
        read_csv("id,title\n1,a\n")
        assert csv.field_size_limit() == 1 << 40
    finally:
        csv.field_size_limit(before)


class Blocks:
    """A source that gives its text in blocks of one size."""

    start = 0
    damage = None

    def __init__(self, text, n_bytes):
        self._blocks = [text[at : at + n_bytes] for at in range(0, len(text), n_bytes)]

    def blocks(self):
        return iter(self._blocks)


fields = st.text('ab,"\n\r é\0', max_size=8)


@given(st.lists(st.tuples(fields, fields), max_size=30), st.integers(1, 40), st.integers(3, 9))
def test_records_do_not_depend_on_how_lines_come_and_are_those_of_the_csv_module(
    rows, n_bytes, n_lines
):
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("id", "title"), *rows])
    text = file.getvalue()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xmlrec.catalog.csv_rows._RUN_LINES", n_lines)
        feed = LineFeed(read_chunks(Blocks(text.encode(), n_bytes)))
        names = read_header("a.csv", feed, ",")
        records = list(csv_records(feed, names, ","))
    assert [tuple(record.values.values()) for record in records] == rows
    assert b"".join(record.raw for record in records) == text[text.index("\n") + 1 :].encode()
    lines = text.encode().splitlines(keepends=True)
    assert all(record.raw.startswith(lines[record.line - 1]) for record in records)
    assert all(text.encode()[record.byte :].startswith(record.raw) for record in records)
