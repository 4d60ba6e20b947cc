import json
import os
import shutil
import subprocess
import sys

import pytest

from xmlrec.errors import ModelError
from xmlrec.models import check_writable, model_digest, read_manifest, verify_model
from xmlrec.models.model_dir import FORMAT, write_model

DESCRIPTION = {"kind": "classifier"}


def filler(**files):
    """Return a function that writes ``files`` by stem, one of them in a folder."""

    def fill(base):
        (base / "parts").mkdir()
        for stem, content in files.items():
            (base / "parts" / f"{stem}.bin").write_bytes(content)
        (base / "taxonomy.jsonl").write_bytes(b"{}\n")

    return fill


def contents(folder):
    """Return every file below a folder, hidden ones too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def change_manifest(model, **changes):
    path = model / "base" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, **changes}), encoding="utf-8")


def refusal(function, *arguments):
    with pytest.raises(ModelError) as error:
        function(*arguments)
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.fixture
def model(tmp_path):
    write_model(tmp_path / "model", DESCRIPTION, filler(a=b"aaaa", b=b"bbbb"))
    return tmp_path / "model"


def test_a_model_is_read_as_it_was_written(model):
    manifest = read_manifest(model)

    assert manifest["kind"] == "classifier"
    assert manifest["format"] == FORMAT
    assert sorted(manifest["files"]) == ["parts/a.bin", "parts/b.bin", "taxonomy.jsonl"]
    assert manifest["files"]["parts/a.bin"]["bytes"] == 4
    assert verify_model(model) == manifest


def test_the_same_content_gives_the_same_bytes_anywhere(model, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    write_model(tmp_path / "elsewhere" / "x", DESCRIPTION, filler(b=b"bbbb", a=b"aaaa"))

    assert contents(tmp_path / "elsewhere" / "x") == contents(model)
    assert model_digest(tmp_path / "elsewhere" / "x") == model_digest(model)


def test_the_digest_changes_with_any_file(model):
    before = model_digest(model)
    write_model(model, DESCRIPTION, filler(a=b"aaaa", b=b"bbbB"))

    assert model_digest(model) != before


def test_an_older_model_is_replaced_and_nothing_else_is_left(model):
    write_model(model, DESCRIPTION, filler(c=b"cc"))

    assert sorted(read_manifest(model)["files"]) == ["parts/c.bin", "taxonomy.jsonl"]
    assert os.listdir(model.parent) == ["model"]


def test_an_empty_folder_becomes_a_model(tmp_path):
    (tmp_path / "empty").mkdir()
    write_model(tmp_path / "empty", DESCRIPTION, filler(a=b"a"))

    assert verify_model(tmp_path / "empty")


def test_behind_a_link_the_folder_is_replaced_and_the_link_stays(model, tmp_path):
    (tmp_path / "link").symlink_to(model)
    write_model(tmp_path / "link", DESCRIPTION, filler(c=b"cc"))

    assert (tmp_path / "link").is_symlink()
    assert "parts/c.bin" in verify_model(model)["files"]
    assert sorted(os.listdir(tmp_path)) == ["link", "model"]


def test_the_working_folder_can_be_written_to(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write_model(type(tmp_path)("."), DESCRIPTION, filler(a=b"a"))

    assert verify_model(tmp_path / "here")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_while_writing_leaves_the_old_model_as_it_was(model, error):
    before = contents(model.parent)

    def fill(base):
        (base / "half.bin").write_bytes(b"half")
        raise error

    with pytest.raises((ModelError, KeyboardInterrupt)):
        write_model(model, DESCRIPTION, fill)

    assert contents(model.parent) == before
    assert os.listdir(model.parent) == ["model"]


def test_a_failure_while_writing_a_first_model_leaves_nothing(tmp_path):
    def fill(base):
        raise OSError(28, "No space left on device")

    message = refusal(write_model, tmp_path / "model", DESCRIPTION, fill)

    assert message.endswith("model: it cannot be written (No space left on device)")
    assert os.listdir(tmp_path) == []


def test_an_error_without_a_number_keeps_its_text(tmp_path):
    def fill(base):
        raise OSError("4096 requested and 96 written")

    assert "4096 requested and 96 written" in refusal(
        write_model, tmp_path / "model", DESCRIPTION, fill
    )


def test_the_old_model_comes_back_if_the_new_one_cannot_take_its_place(model, monkeypatch):
    before = contents(model.parent)
    path_type, rename = type(model), type(model).rename

    def failing_rename(self, target):
        if self.name.endswith(".new"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(path_type, "rename", failing_rename)
    refusal(write_model, model, DESCRIPTION, filler(a=b"new"))

    assert contents(model.parent) == before


def test_a_process_killed_while_writing_leaves_the_old_model_as_it_was(model):
    before = contents(model)
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from xmlrec.models.model_dir import FORMAT, write_model\n"
        "def fill(base):\n"
        "    (base / 'half').write_bytes(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_model(Path(sys.argv[1]), {}, fill)\n"
    )

    done = subprocess.run([sys.executable, "-c", code, str(model)], check=False, timeout=60)

    assert done.returncode < 0
    assert contents(model) == before
    assert verify_model(model)
    write_model(model, DESCRIPTION, filler(a=b"later"))
    assert verify_model(model)["files"]["parts/a.bin"]["bytes"] == 5


def test_a_folder_with_other_files_is_refused_and_left_untouched(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "diary.txt").write_text("dear diary")

    message = refusal(write_model, tmp_path / "notes", DESCRIPTION, filler(a=b"a"))

    assert "notes: the folder holds other files; name a new folder with --model" in message
    assert contents(tmp_path) == {"notes/diary.txt": b"dear diary"}


def test_a_model_with_a_users_file_beside_it_is_not_overwritten(model):
    (model / "notes.txt").write_text("do not lose me")

    assert "the folder holds other files" in refusal(check_writable, model)


def test_a_file_of_that_name_is_refused(tmp_path):
    (tmp_path / "model").write_text("a file")

    assert "a file has this name" in refusal(check_writable, tmp_path / "model")


def test_a_missing_parent_folder_is_named(tmp_path):
    message = refusal(check_writable, tmp_path / "none" / "model")

    assert f"there is no folder {tmp_path / 'none'}; make it first" in message


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    tmp_path.chmod(0o500)

    assert "cannot be written to" in refusal(check_writable, tmp_path / "model")


@pytest.mark.parametrize("read", [read_manifest, verify_model])
class TestDamage:
    """What opening and verifying both find."""

    def test_no_folder(self, read, tmp_path):
        message = refusal(read, tmp_path / "none")

        assert message == (
            f"{tmp_path / 'none'}: there is no such model directory; make one with `xmlrec train`"
        )

    def test_a_folder_that_is_no_model(self, read, tmp_path):
        assert "it holds no model" in refusal(read, tmp_path)

    def test_a_file_in_the_place_of_a_model(self, read, tmp_path):
        (tmp_path / "model").write_text("")

        assert "there is no such model directory" in refusal(read, tmp_path / "model")

    def test_a_missing_file_is_named(self, read, model):
        (model / "base" / "parts" / "b.bin").unlink()

        assert "base/parts/b.bin is missing; train it again" in refusal(read, model)

    @pytest.mark.parametrize("content", [b"", b"bbb", b"bbbbb"])
    def test_a_file_of_another_size_is_named(self, read, model, content):
        (model / "base" / "parts" / "b.bin").write_bytes(content)

        assert f"base/parts/b.bin has {len(content)} bytes, not 4" in refusal(read, model)

    def test_a_newer_format_says_upgrade(self, read, model):
        change_manifest(model, format=FORMAT + 1, files="written in another way")

        message = refusal(read, model)

        assert (
            f"it is of format {FORMAT + 1}, this xmlrec reads format {FORMAT}; upgrade" in message
        )

    def test_an_older_format_says_train_again(self, read, model):
        change_manifest(model, format=1)

        assert f"it is of format 1, this xmlrec reads format {FORMAT}; train it again" in refusal(
            read, model
        )

    @pytest.mark.parametrize(
        "manifest",
        [
            b"",
            b"{",
            b"\xff\xfe",
            b"[]",
            b"null",
            b'"text"',
            b"{}",
            b'{"format": "1", "files": {}}',
            b'{"format": null, "files": {}}',
            b'{"format": 5}',
            b'{"format": 5, "files": []}',
            b'{"format": 5, "files": {"parts/a.bin": 4}}',
            b'{"format": 5, "files": {"parts/a.bin": []}}',
            b'{"format": 5, "files": {"parts/a.bin": {"sha256": ""}}}',
        ],
    )
    def test_a_damaged_manifest_is_named(self, read, model, manifest):
        (model / "base" / "manifest.json").write_bytes(manifest)

        message = refusal(read, model)

        assert "base/manifest.json is damaged" in message
        assert message.endswith("train it again with `xmlrec train`")


def test_verify_names_files_that_were_swapped(model):
    a, b = (model / "base" / "parts" / name for name in ("a.bin", "b.bin"))
    a.rename(model / "aside")
    b.rename(a)
    (model / "aside").rename(b)

    assert "changed since training: parts/a.bin, parts/b.bin; train it again" in refusal(
        verify_model, model
    )


def test_verify_names_a_changed_byte(model):
    (model / "base" / "parts" / "a.bin").write_bytes(b"aaab")

    assert "changed since training: parts/a.bin" in refusal(verify_model, model)


def test_verify_names_files_that_do_not_belong_there(model):
    shutil.copy(model / "base" / "parts" / "a.bin", model / "base" / "parts" / "c.bin")

    assert "files that do not belong there: parts/c.bin" in refusal(verify_model, model)


def test_verify_finds_a_digest_that_is_gone(model):
    manifest = read_manifest(model)
    del manifest["files"]["parts/a.bin"]["sha256"]
    change_manifest(model, files=manifest["files"])

    assert "changed since training: parts/a.bin" in refusal(verify_model, model)
