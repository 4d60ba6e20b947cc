"""``xmlrec taxonomy`` commands that change a model's taxonomy, and ``train --from``."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.xmlrec.models.shop import NODES
from xmlrec.models import current_version, read_lineage


@pytest.fixture
def own(model, shop):
    """A copy of the model in the working folder, to change."""
    shutil.copytree(model, shop / "own")
    return "own"


@pytest.fixture
def taxonomy(xmlrec, own):
    """Run ``xmlrec taxonomy ...`` on the copy."""
    return lambda *arguments, **options: xmlrec("taxonomy", *arguments, "--model", own, **options)


def best(xmlrec, model, text):
    (row,) = xmlrec("classify", text, "--model", model, "-k", "1", "--json").rows
    return row["paths"][0]["category_id"], row["paths"][0]["path_text"]


def test_an_added_category_is_answered(xmlrec, taxonomy, own):
    result = taxonomy(
        "add", "Garden > Wheelbarrows", "--id", "w", "--definition", "To push.",
        "--alias", "barrows", "--alias", "carts", "--example", "a garden barrow",
    )  # fmt: skip

    assert result == (0, "version 1: added Garden > Wheelbarrows [w], 1 example\n", "")
    assert best(xmlrec, own, "sturdy wheelbarrows") == ("w", "Garden > Wheelbarrows")
    assert "  Wheelbarrows  [w]" in xmlrec("taxonomy", "show", own).lines
    assert xmlrec("taxonomy", "search", own, "barrow").lines == ["w\tGarden > Wheelbarrows"]
    assert read_lineage(Path(own)).state().taxonomy.node(12).aliases == ("barrows", "carts")


def test_categories_of_a_file_are_added_all_or_none(taxonomy, own, write):
    write("new.csv", "path,examples\nBath,\nBath > Towels,a towel|another\nBath > Mats,\nHall,\n")
    write("bad.csv", "path\nHall\nHole > Towels\n")

    assert taxonomy("add", "--from", "new.csv").out == "version 1: new.csv: 4 added\n"
    assert (
        "there is no category 'Hole' at the top" in taxonomy("add", "--from", "bad.csv").refused()
    )
    assert len(taxonomy("log").lines) == 2


def test_examples_come_from_a_catalog_or_a_text_file(taxonomy, write):
    write(
        "rakes.jsonl", '{"title": "Steel rake", "description": "Wide."}\n{"title": "Leaf rake"}\n'
    )
    write("more.txt", "A rake\n\nLeaf rake\n")

    assert taxonomy("examples", "12", "rakes.jsonl").out == (
        "version 1: 2 examples for Garden > Tools > Rakes [12]\n"
    )
    assert taxonomy("examples", "Garden > Tools > Rakes", "more.txt").code == 0
    (line, _) = (json.loads(line) for line in taxonomy("log", "--json").lines)
    assert line["change"]["texts"] == ["Steel rake Wide.", "Leaf rake"]
    assert (
        "gets no example that it does not have" in taxonomy("examples", "12", "more.txt").refused()
    )


def test_a_category_is_renamed_moved_merged_and_removed(xmlrec, taxonomy, own):
    assert taxonomy("rename", "6", "Boilers").out == (
        "version 1: renamed Kitchen > Kettles [6] to Boilers\n"
    )
    assert taxonomy("move", "Kitchen > Boilers", "Garden").out == (
        "version 2: moved Kitchen > Boilers [6] to Garden [9]\n"
    )
    assert taxonomy("move", "6", "--top").out == (
        "version 3: moved Garden > Boilers [6] to the top\n"
    )
    assert taxonomy("merge", "2", "4", "--into", "Shoes > Sandals").out == (
        "version 4: merged Shoes > Boots [2], Shoes > Slippers [4] into Shoes > Sandals [3]\n"
    )
    assert taxonomy("remove", "7", "8").out == (
        "version 5: removed Kitchen > Pans > Woks [8]; removed Kitchen > Pans [7]\n"
    )
    assert taxonomy("remove", "10").out == "version 6: removed Garden > Hoses [10]\n"
    assert best(xmlrec, own, "leather boot")[0] == "3"
    shown = xmlrec("taxonomy", "show", own, "--depth", "9").out
    assert "Woks" not in shown
    assert "Boilers  [6]\n" in shown
    assert xmlrec("taxonomy", "search", own, "hoses") == (0, "", "")
    assert "Woks" not in xmlrec("taxonomy", "lint", own).out


def test_the_log_tells_every_version(taxonomy):
    assert taxonomy("log").out == "0                        first training: 12 categories\n"
    taxonomy("rename", "6", "Boilers")
    taxonomy("remove", "10")

    _, first, second = taxonomy("log").lines
    assert first.startswith("1  20")
    assert first.endswith("Z  renamed Kitchen > Kettles [6] to Boilers")
    assert second.startswith("2  20")
    rows = taxonomy("log", "--json").rows
    assert [row["version"] for row in rows] == [1, 2]
    assert rows[1]["change"] == {"kind": "remove", "id": "10"}


def test_versions_are_compared_and_gone_back_to(xmlrec, taxonomy, own):
    taxonomy("rename", "6", "Boilers")
    taxonomy("remove", "10")

    assert taxonomy("diff", "0").lines == [
        "renamed Kitchen > Kettles [6] to Boilers",
        "removed Garden > Hoses [10]",
    ]
    assert taxonomy("diff", "0").err == "1 renamed, 1 removed\n"
    assert taxonomy("diff", "2", "1").lines == ["restored Garden > Hoses [10]"]
    assert taxonomy("diff", "1", "2", "--json").rows == [{"kind": "remove", "id": "10"}]
    assert taxonomy("rollback", "1").out == "version 3: rolled back to version 1\n"
    assert taxonomy("diff", "1", "3") == (0, "", "nothing\n")
    assert best(xmlrec, own, "flexible hose nozzle") == ("10", "Garden > Hoses")


def new_release(write):
    nodes = [node for node in NODES if node.id not in ("2", "12")]
    rows = [f"{node.id},{''.join(node.parents)},{node.name}\n" for node in nodes]
    text = "id,parent_id,name\n" + "".join(rows) + "21,1,Mountain Boots\n"
    return write("new.csv", text.replace("Kettles", "Boilers"))


UPDATE = [
    "renamed Kitchen > Kettles [6] to Boilers",
    "added Shoes > Mountain Boots [21]",
    "removed Garden > Tools > Rakes [12]",
    "merged Shoes > Boots [2] into Shoes > Mountain Boots [21]",
]


def test_an_update_is_shown_before_it_is_done(xmlrec, taxonomy, own, write):
    new_release(write)
    write("mapping.csv", "old,new\nShoes > Boots,21\nShoes > Clogs,3\n")
    arguments = ("update", "new.csv", "--mapping", "mapping.csv")

    shown = taxonomy(*arguments, "--dry-run")
    assert (shown.code, shown.lines) == (0, UPDATE)
    assert shown.err == (
        "mapping.csv: 1 row of categories that the model lacks not used\n"
        "new.csv: 1 renamed, 1 added, 1 removed, 1 merged\n"
    )
    asked = taxonomy(*arguments)
    assert (asked.code, asked.lines) == (1, UPDATE)
    assert asked.err.endswith("error: nothing was changed; give --yes to make these changes\n")
    assert len(taxonomy("log").lines) == 1

    done = taxonomy(*arguments, "--yes")
    assert done.lines[-1] == (
        "version 1: update to new.csv: 1 renamed, 1 added, 1 removed, 1 merged"
    )
    assert best(xmlrec, own, "leather boot") == ("21", "Shoes > Mountain Boots")
    again = taxonomy(*arguments)
    assert (again.code, again.out) == (0, "")
    assert again.err.endswith("new.csv: nothing\n")


@pytest.mark.parametrize(("answer", "n_versions"), [(b"y\n", 1), (b"n\n", 0), (b"", 0)])
def test_at_a_terminal_an_update_asks(taxonomy, own, write, monkeypatch, answer, n_versions):
    new_release(write)
    monkeypatch.setattr("xmlrec.cli.changes.is_terminal", lambda: True)

    result = taxonomy("update", "new.csv", stdin=answer)

    assert "Make these changes? [y/N]" in result.err
    assert result.code == 1 - n_versions
    assert len(taxonomy("log").lines) == 1 + n_versions


def test_of_many_changes_ten_of_a_kind_are_shown(taxonomy, write):
    known = Path("taxonomy.csv").read_text()
    write("new.csv", known + "".join(f"n{i},,N{i}\n" for i in range(12)))

    lines = taxonomy("update", "new.csv", "--yes").lines

    assert lines[9:] == [
        "added N9 [n9]",
        "... and 2 more added",
        "version 1: update to new.csv: 12 added",
    ]
    assert len(taxonomy("update", "taxonomy.csv", "--dry-run").lines) == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "Shoes > Boots"), "category 'Shoes > Boots' exists, its id is '2'"),
        (("add", "Shoes > Old > Boots"), "there is no category 'Old' below 'Shoes'"),
        (("add", "Shoes > "), "its name is empty"),
        (("add", "Shoes > New", "--id", "3"), "the id '3' is that of 'Shoes > Sandals'"),
        (("add", "--from", "none.csv"), "none.csv: no such file"),
        (("rename", "6", "A > B"), "contains the separator"),
        (("rename", "6", ""), "its name is empty"),
        (("rename", "99", "A"), "label '99' is not in taxonomy"),
        (("rename", "Shoes > 99", "A"), "label 'Shoes > 99' is not in taxonomy"),
        (("remove", "1"), "category '1' has 3 children ('2', '3', '4')"),
        (("merge", "2", "--into", "2"), "category '2' cannot be merged into itself"),
        (("move", "9", "Garden > Tools"), "category '9' would be below itself"),
        (("move", "9", "nowhere"), "label 'nowhere' is not in taxonomy"),
        (("examples", "12", "none.txt"), "none.txt: no such file"),
        (("examples", "12", "none.jsonl"), "none.jsonl: there is no such file"),
        (("examples", "12", "taxonomy.csv"), "no column 'title'"),
        (("examples", "12", "half.csv"), "half.csv:3: 1 fields under a header of 2"),
        (("update", "none.csv"), "none.csv: no such file"),
        (("update", "taxonomy.csv", "--mapping", "none.csv"), "none.csv: no such file"),
        (("rollback", "3"), "there is no version 3; the versions are 0 to 0"),
        (("diff", "0", "3"), "there is no version 3; the versions are 0 to 0"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(
    taxonomy, own, write, arguments, message
):
    write("half.csv", "title,description\na,b\nc\n")
    code = 2 if arguments[-1] == "taxonomy.csv" and arguments[0] == "examples" else 1

    assert message in taxonomy(*arguments).refused(code)
    assert os.listdir(own) == ["base"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add",), "give either a PATH or --from FILE"),
        (("add", "A", "--from", "taxonomy.csv"), "give either a PATH or --from FILE"),
        (("add", "--from", "taxonomy.csv", "--id", "1"), "go with a PATH"),
        (("move", "2"), "give either a PARENT or --top"),
        (("move", "2", "3", "--top"), "give either a PARENT or --top"),
        (("merge", "2"), "Missing option '--into'"),
    ],
)
def test_usage_errors_exit_with_2(taxonomy, arguments, message):
    result = taxonomy(*arguments)

    assert result.code == 2
    assert message in " ".join(result.err.replace("\u2502", " ").split())


@pytest.mark.parametrize(
    "arguments",
    [("log",), ("diff", "0"), ("rollback", "0"), ("add", "A"), ("remove", "1")],
)
def test_a_folder_without_a_model_is_named(xmlrec, shop, arguments):
    result = xmlrec("taxonomy", *arguments, "--model", shop)

    assert "it holds no model" in result.refused()


def test_an_id_of_a_merged_category_is_not_taken_for_the_other(taxonomy):
    taxonomy("merge", "2", "--into", "3")

    assert "category '2' was replaced by '3'" in taxonomy("rename", "2", "A").refused()
    taxonomy("remove", "6")
    assert (
        "category 'Kitchen > Kettles' was removed"
        in taxonomy("rename", "Kitchen > Kettles", "A").refused()
    )


def test_info_and_verify_tell_the_version(xmlrec, taxonomy, own):
    assert "version of its taxonomy" not in xmlrec("verify", own).out
    taxonomy("rename", "6", "Boilers")

    assert "bytes, version 1 of its taxonomy, every digest matches" in xmlrec("verify", own).out
    assert json.loads(xmlrec("info", own, "--json").out)["version"] == 1
    path = f"{own}/versions/0001/change.json"
    with open(path, "a") as file:
        file.write(" ")
    assert "CURRENT does not belong to its versions" in xmlrec("verify", own).refused()


class TestTrainFrom:
    """``xmlrec train CATALOG --from MODEL --model DIR``."""

    def test_it_goes_on_with_categories_ids_and_log(self, xmlrec, taxonomy, own):
        taxonomy("add", "Garden > Wheelbarrows", "--id", "w", "--example", "sturdy push barrow")
        taxonomy("rename", "6", "Boilers")

        result = xmlrec("train", "shop.csv", "--from", own, "--model", "m")

        assert (result.code, result.out) == (0, "")
        assert "m: 36 items, 13 categories, 7 of them with items" in result.err
        assert "version 3: training on 36 items" in result.err
        assert "not used" not in result.err
        assert best(xmlrec, "m", "cordless kettle") == ("6", "Kitchen > Boilers")
        assert best(xmlrec, "m", "push barrow") == ("w", "Garden > Wheelbarrows")
        lines = xmlrec("taxonomy", "log", "--model", "m").lines
        assert [line[:1] for line in lines] == ["0", "1", "2", "3"]
        assert lines[3] == "3                        training on 36 items"

    def test_it_can_take_the_models_own_place(self, xmlrec, taxonomy, own):
        taxonomy("rename", "6", "Boilers")

        assert xmlrec("train", "shop.csv", "--from", own, "--model", own).code == 0
        assert len(taxonomy("log").lines) == 3
        assert taxonomy("rename", "6", "Kettles").out.startswith("version 3: renamed")

    def test_settings_are_those_of_the_model_unless_others_are_given(self, xmlrec, shop):
        options = ("--tree", "flat", "--seed", "3", "--text", "description")
        xmlrec("train", "shop.csv", "--model", "a", *options)
        xmlrec("train", "shop.csv", "--from", "a", "--model", "b")
        xmlrec(
            "train", "shop.csv", "--from", "a", "--model", "c", "--tree", "learned", "--seed", "0"
        )

        a, b, c = (json.loads(xmlrec("info", m, "--json").out)["settings"] for m in "abc")
        assert a == b
        assert (c["tree"], c["seed"], c["text"]) == ("learned", 0, ["description"])

    def test_without_from_a_changed_model_is_not_replaced(self, xmlrec, taxonomy, own, shop):
        taxonomy("rename", "6", "Boilers")

        message = xmlrec("train", "shop.csv", "--model", own).refused()
        assert "1 change of its taxonomy would be lost; go on from it" in message
        xmlrec("train", "shop.csv", "--model", "other")
        message = xmlrec("train", "shop.csv", "--from", "other", "--model", own).refused()
        assert "1 change of its taxonomy would be lost" in message
        assert current_version(shop / own) == 1

    def test_a_taxonomy_file_and_a_model_exclude_each_other(self, xmlrec, own, shop):
        result = xmlrec(
            "train", "shop.csv", "--model", "m", "--from", own, "--taxonomy", "taxonomy.csv"
        )

        assert result.code == 2

    def test_a_model_that_is_not_there_is_named(self, xmlrec, shop):
        message = xmlrec("train", "shop.csv", "--model", "m", "--from", "none").refused()

        assert "none: there is no such model directory" in message

    def test_the_current_taxonomy_of_a_model_can_be_given(self, xmlrec, taxonomy, own):
        taxonomy("add", "Garden > Wheelbarrows", "--id", "w")

        assert xmlrec("train", "shop.csv", "--model", "m", "--taxonomy", own).code == 0
        assert "w\tGarden > Wheelbarrows" in xmlrec("taxonomy", "search", "m", "barrow").out
        assert len(xmlrec("taxonomy", "log", "--model", "m").lines) == 1
