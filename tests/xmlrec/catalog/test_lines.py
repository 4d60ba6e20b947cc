import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlrec.catalog import lines as lines_module
from xmlrec.catalog.lines import split_lines


class Blocks:
    """A source that gives its text in blocks of the sizes that a test wants."""

    start = 5
    damage = None

    def __init__(self, *blocks):
        self._blocks = blocks

    def blocks(self):
        return iter(self._blocks)


@given(st.lists(st.text("ab\r\n", min_size=1).map(str.encode)))
def test_lines_do_not_depend_on_how_the_text_comes_in_blocks(blocks):
    whole = b"".join(blocks).splitlines(keepends=True)
    starts = [5 + sum(map(len, whole[:place])) for place in range(len(whole))]

    lines = list(split_lines(Blocks(*blocks)))

    expected = [(place + 1, starts[place], line, False) for place, line in enumerate(whole)]
    assert lines == expected


@given(st.lists(st.text("ab\r\n", min_size=1).map(str.encode)))
def test_long_lines_are_cut_and_the_others_keep_their_places(blocks):
    limit, head = 4, 2
    whole = b"".join(blocks).splitlines(keepends=True)
    starts = [5 + sum(map(len, whole[:place])) for place in range(len(whole))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines_module, "MAX_LINE_BYTES", limit)
        patch.setattr(lines_module, "_HEAD_BYTES", head)
        lines = list(split_lines(Blocks(*blocks)))

    assert [line[:2] for line in lines] == [(n + 1, start) for n, start in enumerate(starts)]
    assert [line[3] for line in lines] == [len(line) > limit for line in whole]
    assert all(got[2] == line for got, line in zip(lines, whole, strict=True) if not got[3])
    assert all(len(line[2]) <= limit for line in lines)


def test_half_line_of_a_damaged_file_is_dropped():
    source = Blocks(b"one\ntw")
    source.damage = "the gzip data end too soon"
    assert list(split_lines(source)) == [(1, 5, b"one\n", False)]
