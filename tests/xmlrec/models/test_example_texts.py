import numpy as np
import pytest

from xmlrec.models.example_texts import MAX_CHARS, ExampleTexts, shown_text

TEXTS = ["Kettle 1.7 l", "", "電気ケトル", "a\ud800b"]


def test_texts_come_out_as_they_went_in_but_for_half_a_surrogate_pair():
    texts = ExampleTexts.of(TEXTS)

    assert [texts.text(number) for number in range(4)] == [*TEXTS[:3], "a?b"]
    texts.check(4)


def test_texts_of_nothing_are_whole():
    ExampleTexts.of([]).check(0)


@pytest.mark.parametrize("starts", [[], [0], [0, 2], [0, 3, 2, 3], [1, 2, 3], [0, 1, 2]])
def test_parts_that_do_not_fit_together_are_refused(starts):
    texts = ExampleTexts(np.zeros(3, dtype=np.uint8), np.array(starts, dtype=np.int64))

    with pytest.raises(ValueError, match="texts of examples are damaged: there should be 2"):
        texts.check(2)


def test_the_first_field_is_shown_on_one_line_and_cut_short():
    assert shown_text("  Red\n kettle ") == "Red kettle"
    assert shown_text({"title": "Kettle", "description": "It boils."}) == "Kettle"
    assert shown_text({"description": 12}) == "12"
    assert shown_text({}) == ""
    assert shown_text("Red \x1b[31mkettle\ud800 \u2b50") == "Red [31mkettle \u2b50"
    assert len(shown_text("word " * 10_000)) <= MAX_CHARS
