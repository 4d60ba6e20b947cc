"""What real catalogs do to clean products: shouting, lost characters, tags, typos, noise."""

import re
from collections.abc import Callable
from random import Random

from xmlrec.demo.product import Product
from xmlrec.demo.vocabulary import Phrases

_LOSABLE = re.compile(r"[-'&,]")
_WORD = re.compile(r"[A-Za-z]+")


def soil(product: Product, phrases: Phrases, rng: Random) -> None:
    """Change title and description in place; most products are left as they are."""
    for share, spoil in _FAULTS:
        if rng.random() < share:
            spoil(product, phrases, rng)


def _mistype(product: Product, _: Phrases, rng: Random) -> None:
    words = product["title"].split(" ")
    long_words = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if long_words:
        i = rng.choice(long_words)
        word, at = words[i], rng.randrange(1, len(words[i]) - 1)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        words[i] = rng.choice(
            [swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]]
        )
        product["title"] = " ".join(words)


def _mix_languages(product: Product, phrases: Phrases, rng: Random) -> None:
    foreign = rng.choice(phrases.foreign)

    def translate(match: re.Match[str]) -> str:
        word = foreign.get(match[0].lower(), match[0])
        return word[:1].upper() + word[1:] if match[0][0].isupper() else word

    product["title"] = _WORD.sub(translate, product["title"])
    product["description"] = _WORD.sub(translate, product["description"])


def _empty_description(product: Product, _: Phrases, __: Random) -> None:
    product["description"] = ""


def _add_tags(product: Product, phrases: Phrases, rng: Random) -> None:
    product["description"] = rng.choice(phrases.tags).format(text=product["description"])


def _add_noise(product: Product, phrases: Phrases, rng: Random) -> None:
    noise = rng.choice(phrases.noise)
    title = product["title"]
    product["title"] = rng.choice([f"{noise} {title}", f"{title} {noise}"])


def _add_emoji(product: Product, phrases: Phrases, rng: Random) -> None:
    product["title"] = f"{rng.choice(phrases.emoji)} {product['title']}"


def _lose_characters(product: Product, _: Phrases, __: Random) -> None:
    product["title"] = _LOSABLE.sub("\ufffd", product["title"], count=2)
    product["description"] = _LOSABLE.sub("\ufffd", product["description"], count=3)


def _shout(product: Product, _: Phrases, __: Random) -> None:
    product["title"] = product["title"].upper()


def _double_spaces(product: Product, _: Phrases, __: Random) -> None:
    product["title"] = product["title"].replace(" ", "  ") + " "


_FAULTS: tuple[tuple[float, Callable[[Product, Phrases, Random], None]], ...] = (
    (0.05, _mistype),
    (0.03, _mix_languages),
    (0.10, _empty_description),
    (0.04, _add_tags),
    (0.05, _add_noise),
    (0.02, _add_emoji),
    (0.05, _lose_characters),
    (0.04, _shout),
    (0.04, _double_spaces),
)
