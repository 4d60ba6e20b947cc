"""A small shop whose right answers are known: every category has words of its own."""

from xmlrec.models import TaxonomyClassifier
from xmlrec.taxonomy import Node, Taxonomy

NODES = (
    Node("1", "Shoes"),
    Node("2", "Boots", ("1",)),
    Node("3", "Sandals", ("1",)),
    Node("4", "Slippers", ("1",)),  # no items, but its siblings have some
    Node("5", "Kitchen"),  # items of its own, and below it
    Node("6", "Kettles", ("5",)),
    Node("7", "Pans", ("5",)),
    Node("8", "Woks", ("7",)),  # below a category with items
    Node("9", "Garden"),
    Node("10", "Hoses", ("9",)),
    Node("11", "Tools", ("9",)),
    Node("12", "Rakes", ("11",)),  # nothing near it has items
)
PATHS = {
    "2": ["Shoes", "Boots"],
    "3": ["Shoes", "Sandals"],
    "5": ["Kitchen"],
    "6": ["Kitchen", "Kettles"],
    "7": ["Kitchen", "Pans"],
    "10": ["Garden", "Hoses"],
}
WORDS = {
    "2": "hiking boot leather ankle",
    "3": "beach sandal strap summer",
    "5": "cookware set starter bundle",
    "6": "cordless kettle boil water",
    "7": "nonstick pan skillet fry",
    "10": "flexible hose nozzle spray",
}
BRANDS = ("Acme", "Nordhult", "Veldt", "Quill")
COLUMN = {node.id: column for column, node in enumerate(NODES)}


def shop_taxonomy():
    return Taxonomy.from_nodes(NODES, source="shop.csv")


def shop_items():
    """Return 36 items, six a category; ids are texts that look like numbers."""
    items = []
    for label_id, words in WORDS.items():
        first, second, third, fourth = words.split()
        titles = (
            f"{first} {second}",
            f"{second} {third}",
            f"{third} {second} {fourth}",
            f"{fourth} {first}",
            f"{second} {fourth}",
            f"{first} {third} {second}",
        )
        for number, title in enumerate(titles):
            items.append(
                {
                    "id": f"{label_id.zfill(3)}{number}",
                    "title": f"{BRANDS[number % len(BRANDS)]} {title}",
                    "description": f"A {words} of size {number}.",
                    "paths": [PATHS[label_id]],
                }
            )
    return items


def fit_shop(**settings):
    return TaxonomyClassifier(**settings).fit(shop_items(), shop_taxonomy())


def column_of(item):
    """Return the label column of one of the shop's items."""
    return COLUMN[item["id"][:3].lstrip("0")]


def queries():
    """Return the shop's titles, and items that are empty, strange, mixed, or without a title."""
    titles = [item["title"] for item in shop_items()]
    others = [
        "",
        "\u4e00\u4e8c",
        "boot",
        "steel hose for a kettle",
        {"description": "leather boot"},
    ]
    return [*titles, *others]


def same_bytes(one, other):
    """Say whether two rankings are the same to the last bit."""
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))
