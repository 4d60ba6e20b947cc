from bench.table import Table, show


def test_numbers_stand_right_and_texts_left():
    table = Table("Title", ("set", "P@1"), [("a", 9.5), ("longer", 100.25)])

    assert table.to_text().splitlines() == [
        "Title",
        "",
        "set      P@1",
        "------  ----",
        "a       9.50",
        "longer   100",
    ]


def test_markdown_shows_the_same_cells():
    table = Table("Title", ("set", "n", "gone"), [("a", 1234, None)], ["A note."])

    assert table.to_markdown().splitlines() == [
        "**Title**",
        "",
        "| set | n | gone |",
        "| --- | ---: | ---: |",
        "| a | 1,234 |  |",
        "",
        "A note.",
    ]


def test_large_numbers_lose_their_decimals():
    assert [show(cell) for cell in (0.284, -1.5, 99.99, 1234.5, 7, None)] == [
        "0.28",
        "-1.50",
        "99.99",
        "1,234",
        "7",
        "",
    ]
