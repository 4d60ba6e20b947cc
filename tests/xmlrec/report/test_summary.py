from tests.xmlrec.report.evaluations import shop_evaluation
from xmlrec.report.rows import read_rows
from xmlrec.report.summary import summary, summary_plots


def test_rows_and_categories_are_counted():
    rows = read_rows(
        shop_evaluation([2, -1, 7], [{2, 7}, {3}, set()], counts=(0, 0, 5, 0, 0, 0, 0, 2))
    )

    facts = summary(rows)

    assert facts["Measured rows"] == {
        "Rows": "3",
        "With an answer": "2",
        "With several true categories": "1",
        "Without a text": "0",
        "True categories": "3",
        "Rows of a category without training items": "1 (33.3\u00a0%)",
    }
    assert facts["Taxonomy"] == {
        "Categories": "8",
        "With training items": "2",
        "Levels": "3",
        "At the top level": "2",
        "Training items, median of categories with any": "3",
    }


def test_plots_say_their_numbers_to_those_who_do_not_see_them():
    rows = read_rows(shop_evaluation([2, 2], [{2}, {6}], counts=(0, 0, 5, 0, 0, 0, 0, 2)))

    by_depth, rows_by_depth, by_items = summary_plots(rows)

    assert 'aria-label="Categories by level. 1: 2, 2: 3, 3: 3"' in by_depth
    assert "1: 0, 2: 1, 3: 1" in rows_by_depth
    assert "0: 6, 1–2: 1, 3–9: 1, 10–29: 0" in by_items
