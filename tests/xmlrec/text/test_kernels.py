import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmlrec.text.kernels import EMPTY, fill_table
from xmlrec.text.kernels.names import write_utf8
from xmlrec.text.kernels.ngrams import find_slot, insertion_sort, radix_sort

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")

keys_32 = st.lists(st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1)), max_size=80)


@settings(deadline=None)
@given(keys_32)
def test_both_sorts_sort(keys):
    inserted, by_digit = np.array(keys, dtype=np.uint32), np.array(keys, dtype=np.uint32)

    insertion_sort(inserted)
    if keys:
        radix_sort(by_digit, np.empty_like(by_digit), np.empty(1025, dtype=np.int32))

    assert inserted.tolist() == by_digit.tolist() == sorted(keys)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 2**64 - 1), unique_by=lambda key: key >> 6, max_size=30),
    st.integers(0, 2**64 - 1),
)
def test_a_table_finds_its_keys_and_no_other(keys, other):
    table = np.full(64, EMPTY, dtype=np.uint64)
    fill_table(np.array(keys, dtype=np.uint64), table)

    found = [int(table[find_slot(table, np.uint64(key))] & np.uint64(63)) for key in keys]

    assert found == list(range(len(keys)))
    if other >> 6 not in {key >> 6 for key in keys}:
        assert table[find_slot(table, np.uint64(other))] == EMPTY


@pytest.mark.parametrize(
    "char", ["a", "\x7f", "\x80", "é", "\u07ff", "\u0800", "日", "\uffff", "𠀀"]
)
def test_a_code_point_is_written_as_utf8(char):
    out = np.zeros(4, dtype=np.uint8)

    n = write_utf8(np.uint32(ord(char)), out, 0)

    assert out[:n].tobytes() == char.encode()
