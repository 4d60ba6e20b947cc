import pytest

from xmlrec.batch.formats.columns import FLAT, header


@pytest.mark.parametrize(
    ("carried", "named"),
    [
        (["Brand", "price"], ["Brand", "price"]),
        (["status"], ["input_status"]),
        (["ID", "Reason"], ["input_ID", "input_Reason"]),
        (["Brand", "BRAND"], ["Brand", "input_BRAND"]),
        (["input_status", "status"], ["input_status", "input_input_status"]),
        ([], []),
    ],
)
def test_carried_columns_come_after_the_id_and_never_under_a_name_that_is_taken(carried, named):
    assert header(FLAT, carried) == ["id", *named, *FLAT[1:]]
