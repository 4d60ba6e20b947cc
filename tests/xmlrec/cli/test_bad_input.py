"""Every fault of the file as a whole: one line, an exit code, and nothing left behind."""

import gzip
import json
import shutil

import pytest

from xmlrec.models.model_dir import FORMAT

HEADER = "id,title,description,category\n"
BOOT = "ankle boot,Made of leather,Shoes > Boots\n"


def catalog_commands(model):
    """Return the commands that read a catalog, by name, without its file."""
    return {
        "train": ["--model", "new"],
        "categorize": ["--model", model, "--out", "out.csv"],
        "evaluate": ["--model", model],
    }


@pytest.fixture(params=["train", "categorize", "evaluate"])
def refuse(request, xmlrec, model, shop, new_files):
    """Run a command on a catalog that it must refuse; return its line."""
    command = request.param

    def refuse(catalog, *, code=1, stdin=b""):
        before = new_files()
        options = catalog_commands(model)[command]
        message = xmlrec(command, catalog, *options, stdin=stdin).refused(code)
        assert new_files() == before
        return message

    refuse.command = command
    return refuse


@pytest.mark.parametrize("refuse", ["train", "evaluate"], indirect=True)
def test_empty_file(refuse, write):
    assert refuse(write("a.csv", "")) == "error: a.csv: the file is empty"


def test_empty_file_gives_an_empty_answer(xmlrec, model, write, shop):
    write("a.csv", "")
    result = xmlrec("categorize", "a.csv", "--model", model, "--out", "out.jsonl")

    assert (result.code, result.out, (shop / "out.jsonl").read_bytes()) == (0, "", b"")


def test_empty_standard_input(refuse):
    assert refuse("-") == "error: standard input: the file is empty"


def test_missing_file(refuse):
    assert refuse("none.csv") == "error: none.csv: there is no such file"


def test_folder_without_a_catalog(refuse, shop):
    (shop / "empty").mkdir()
    (shop / "empty" / "notes.txt").write_text("no catalog")
    assert "it is a folder, not a file; name a file in it" in refuse("empty")


def test_pattern_that_no_file_fits(refuse):
    assert refuse("dump/*.csv") == "error: dump/*.csv: no file fits this pattern"


def test_missing_title_column(refuse, write):
    message = refuse(write("a.csv", "sku,name,category\n1,boot,Shoes\n"), code=2)

    assert message.startswith("error: a.csv: no column 'title'")
    assert "its columns are 'sku', 'name', 'category'" in message


def test_missing_title_key_in_json_lines(refuse, write):
    message = refuse(write("a.jsonl", '{"sku": 1, "name": "boot"}\n'), code=2)

    assert "its columns are 'sku', 'name'" in message


def test_duplicate_header(refuse, write):
    message = refuse(write("a.csv", "id,title,title\n1,boot,boot\n"), code=2)

    assert message == "error: a.csv: its header names 'title' more than once; rename one"


def test_latin1_without_saying_so(refuse, write):
    rows = "".join(f"{n},caf\u00e9 table,,Shoes\n" for n in range(9))
    message = refuse(write("a.csv", (HEADER + rows).encode("cp1252")))

    assert "it looks like Latin-1 (cp1252), not utf-8; say --encoding cp1252" in message


def test_workbook(refuse, write):
    assert "a ZIP archive or an Excel workbook" in refuse(write("a.csv", b"PK\x03\x04" + b"x" * 99))


def test_one_json_list(refuse, write):
    message = refuse(write("a.jsonl", '[{"id": "1", "title": "boot"}]'))

    assert "it is one JSON list, not JSON lines" in message


def test_gz_that_is_not_gzip(refuse, write):
    assert "it is not gzip although its name ends in .gz" in refuse(write("a.csv.gz", HEADER))


class TestTrain:
    """What only training refuses: it leaves no model."""

    @pytest.fixture
    def refuse(self, xmlrec, shop, new_files):
        def refuse(catalog, *options, code=1):
            before = new_files()
            message = xmlrec("train", catalog, "--model", "new", *options).refused(code)
            assert new_files() == before
            return message

        return refuse

    def test_missing_label_column(self, refuse, write):
        message = refuse(write("a.csv", "id,title,kind\n1,boot,Shoes\n"), code=2)

        assert "its columns are 'id', 'title', 'kind'; say which holds" in message
        assert "--label-column" in message

    def test_two_label_columns(self, refuse, write):
        message = refuse(write("a.csv", "title,path,category\nboot,A,B\n"), code=2)

        assert "'path', 'category' may each be the label column" in message

    def test_columns_that_are_named_but_not_there(self, refuse):
        for option in ("--text", "--id-column", "--label-column"):
            message = refuse("shop.csv", option, "colour", code=2)
            assert f"no column 'colour', which {option} names; its columns are 'id'" in message

    def test_header_only(self, refuse, write):
        assert refuse(write("a.csv", HEADER)) == "error: a.csv: there are no rows to train on"

    def test_one_class_only(self, refuse, write):
        message = refuse(write("a.csv", HEADER + f"1,{BOOT}2,{BOOT}3,{BOOT}"))

        assert message == (
            "error: a.csv: all 3 usable rows are in one category, 'Shoes > Boots'; "
            "add rows of other categories"
        )

    def test_one_row_only(self, refuse, write):
        message = refuse(write("a.csv", f"{HEADER}1,{BOOT}"))

        assert message.startswith("error: a.csv: the only usable row is in one category")

    def test_no_text_in_any_row(self, refuse, write):
        message = refuse(write("a.csv", f"{HEADER}1,,,Shoes\n2,,,Garden\n"))

        assert message == "error: a.csv: none of the 2 rows has a text"

    def test_no_label_in_any_row(self, refuse, write):
        message = refuse(write("a.csv", f"{HEADER}1,boot,,\n2,hose,,\n"))

        assert message == "error: a.csv: none of the 2 rows has a category path that can be used"

    def test_half_a_gz(self, refuse, write, shop):
        half = gzip.compress((shop / "shop.jsonl").read_bytes())[:-200]
        message = refuse(write("half.jsonl.gz", half))

        assert message.startswith("error: half.jsonl.gz: incomplete: the gzip data end too soon;")
        assert message.endswith("rows read; get the whole file again")

    def test_missing_taxonomy(self, refuse):
        assert "none.csv" in refuse("shop.csv", "--taxonomy", "none.csv")

    def test_missing_validation_file(self, refuse):
        assert refuse("shop.csv", "--valid", "none.csv") == (
            "error: none.csv: there is no such file"
        )

    def test_validation_file_without_a_category(self, refuse, write):
        write("valid.csv", f"{HEADER}1,boot,,\n")

        assert "none of the 1 validation rows has" in refuse("shop.csv", "--valid", "valid.csv")

    def test_unknown_encoding_and_delimiter(self, refuse):
        assert "there is no encoding 'utf-9'" in refuse("shop.csv", "--encoding", "utf-9", code=2)
        assert "'ab' is not one character" in refuse("shop.csv", "--delimiter", "ab", code=2)


def test_all_labels_on_one_parent_are_categories_to_tell_apart(xmlrec, write, new_files):
    write("a.csv", f"{HEADER}1,{BOOT}2,beach sandal,For summer,Shoes > Sandals\n")

    assert xmlrec("train", "a.csv", "--model", "new").code == 0
    assert new_files() == ["a.csv", "new"]


def test_rejects_stay_where_training_fails(xmlrec, write, shop, new_files):
    write("a.csv", HEADER + "1,boot\n")
    result = xmlrec("train", "a.csv", "--model", "new")

    assert result.code == 1
    assert result.err.splitlines()[-1] == "error: a.csv: there are no rows to train on"
    assert new_files() == ["a.csv", "new.rejects.jsonl"]


def test_a_folder_of_other_files_is_not_trained_into(xmlrec, shop, new_files):
    (shop / "notes").mkdir()
    (shop / "notes" / "diary.txt").write_text("dear diary")

    message = xmlrec("train", "shop.csv", "--model", "notes").refused()

    assert message == ("error: notes: the folder holds other files; name a new folder with --model")
    assert [path.name for path in (shop / "notes").iterdir()] == ["diary.txt"]


def test_where_the_model_cannot_go_is_said_before_the_catalog_is_read(xmlrec, shop):
    message = xmlrec("train", "none.csv", "--model", "none/new").refused()

    assert message.startswith("error: none/new: there is no folder ")


def test_a_file_is_not_trained_into(xmlrec, shop):
    assert "a file has this name" in xmlrec("train", "shop.csv", "--model", "shop.csv").refused()


def test_an_unknown_preset_is_a_usage_error(xmlrec, shop, new_files):
    result = xmlrec("train", "shop.csv", "--model", "new", "--preset", "fats")

    assert (result.code, result.out, new_files()) == (2, "", [])
    assert "'fats' is not one of fast" in result.err


def test_an_unknown_tree_is_a_usage_error(xmlrec, shop, new_files):
    result = xmlrec("train", "shop.csv", "--model", "new", "--tree", "oak")

    assert (result.code, result.out, new_files()) == (2, "", [])
    assert "'oak' is not one of learned, taxonomy, flat" in result.err


class TestModel:
    """A model that cannot be opened, by every command that opens one."""

    @pytest.fixture(
        params=["classify", "categorize", "evaluate", "info", "verify", "taxonomy show"]
    )
    def refuse(self, request, xmlrec, shop, new_files):
        def refuse(model, *, code=1):
            commands = {
                "classify": ("classify", "boot", "--model", model),
                "categorize": ("categorize", "shop.csv", "--model", model, "--out", "o.csv"),
                "evaluate": ("evaluate", "shop.csv", "--model", model),
                "info": ("info", model),
                "verify": ("verify", model),
                "taxonomy show": ("taxonomy", "show", model),
            }
            before = new_files()
            message = xmlrec(*commands[request.param]).refused(code)
            assert new_files() == before
            return message

        refuse.command = request.param
        return refuse

    @pytest.fixture
    def copy(self, model, shop):
        return shutil.copytree(model, shop / "copy")

    def test_missing(self, refuse):
        message = refuse("none")

        assert message.startswith("error: none: ")
        assert "no such" in message

    def test_folder_without_a_model(self, refuse, shop):
        assert refuse(shop).endswith("it holds no model; make one with `xmlrec train`")

    def test_file_instead_of_a_folder(self, refuse):
        is_taxonomy = refuse.command == "taxonomy show"  # there a file is read as a taxonomy
        expected = "no column" if is_taxonomy else "there is no such model directory"
        assert expected in refuse("shop.csv", code=2 if is_taxonomy else 1)

    def test_damaged_file(self, refuse, copy):
        path = copy / "base" / "trees" / "tree0.value.npy"
        path.write_bytes(path.read_bytes()[:-4])

        message = refuse("copy")

        assert message.startswith("error: copy: base/trees/tree0.value.npy has ")
        assert message.endswith("train it again with `xmlrec train`")

    def test_missing_file(self, refuse, copy):
        (copy / "base" / "labels" / "counts.npy").unlink()

        assert "base/labels/counts.npy is missing; train it again" in refuse("copy")

    def test_damaged_manifest(self, refuse, copy):
        (copy / "base" / "manifest.json").write_text('{"format": 1')

        assert "base/manifest.json is damaged" in refuse("copy")

    @pytest.mark.parametrize(
        ("number", "step"), [(FORMAT - 1, "train it again"), (FORMAT + 1, "upgrade with")]
    )
    def test_other_format(self, refuse, copy, number, step):
        path = copy / "base" / "manifest.json"
        manifest = json.loads(path.read_text())
        path.write_text(json.dumps({**manifest, "format": number}))

        message = f"it is of format {number}, this xmlrec reads format {FORMAT}; {step}"
        assert message in refuse("copy")


@pytest.mark.parametrize("command", ["classify", "verify"])
def test_swapped_model_files(xmlrec, model, shop, command):
    copy = shutil.copytree(model, shop / "copy") / "base" / "labels"
    (copy / "names.indptr.npy").rename(copy / "aside")
    (copy / "paths.indptr.npy").rename(copy / "names.indptr.npy")
    (copy / "aside").rename(copy / "paths.indptr.npy")
    arguments = {"classify": ("boot", "--model", "copy"), "verify": ("copy",)}

    message = xmlrec(command, *arguments[command]).refused()

    assert message.startswith("error: copy: ")
    assert message.endswith("train it again with `xmlrec train`")


def test_verify_finds_one_changed_byte(xmlrec, model, shop):
    path = shutil.copytree(model, shop / "copy") / "base" / "trees" / "tree0.value.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    assert "changed since training: trees/tree0.value.npy" in xmlrec("verify", "copy").refused()
