from random import Random

from xmlrec.demo import dirt
from xmlrec.demo.product import Product
from xmlrec.demo.vocabulary import read_phrases

PHRASES = read_phrases()
SWAPPED = {"Balck", "Blcak", "Blakc"}
DROPPED = {"Back", "Blck", "Blak"}
DOUBLED = {"Bllack", "Blaack", "Blacck"}


def lamp() -> Product:
    return Product(
        id="1",
        title="Black lamp, wall-mounted",
        brand="Nordhult",
        description="With steel arm, for reading.",
        paths=[["Home & Kitchen", "Lighting"]],
    )


def test_a_typo_changes_one_long_word_by_one_letter_or_one_swap():
    for seed in range(50):
        product = lamp()
        dirt._mistype(product, PHRASES, Random(seed))
        # "lamp," and "wall-mounted" hold punctuation: only "Black" is long enough and clean
        typo, rest = product["title"].split(" ", 1)
        assert rest == "lamp, wall-mounted"
        assert typo in SWAPPED | DROPPED | DOUBLED


def test_foreign_words_replace_only_words_that_they_translate():
    product = lamp()
    dirt._mix_languages(product, PHRASES, Random(0))

    expected = [
        "Schwarz Lampe, wall-mounted",
        "Noir lampe, wall-mounted",
        "Negro lámpara, wall-mounted",
    ]
    assert product["title"].casefold() in [title.casefold() for title in expected]


def test_lost_characters_are_the_replacement_character():
    product = lamp()
    dirt._lose_characters(product, PHRASES, Random(0))

    assert product["title"] == "Black lamp\ufffd wall\ufffdmounted"
    assert product["description"] == "With steel arm\ufffd for reading."


def test_clean_and_dirty_rows_are_both_common():
    rng = Random(0)
    products = [lamp() for _ in range(1000)]
    for product in products:
        dirt.soil(product, PHRASES, rng)

    # all faults independent: 0.95 * 0.97 * 0.90 * 0.96 * 0.95 * 0.98 * 0.95 * 0.96 * 0.96 = 0.65
    assert 600 < sum(product == lamp() for product in products) < 700
    assert 20 < sum(product["title"].isupper() for product in products) < 60
    assert 70 < sum(product["description"] == "" for product in products) < 130
