"""Versions on disk: written at once or not at all, read in order, damage found."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.xmlrec.models.test_model_dir import contents, refusal
from xmlrec.errors import ModelError
from xmlrec.models import current_version, verify_model
from xmlrec.models.disk import locked
from xmlrec.models.model_dir import check_writable, write_model
from xmlrec.models.version_writing import append_version, locked_model, write_versions
from xmlrec.models.versions import Version, read_versions, version_to_json
from xmlrec.taxonomy.changes import Rename

TIME = "2026-01-31T12:00:00Z"


def version(number, dim=2):
    vectors = np.full((1, dim), number, dtype=np.float32)
    change = Rename("k1", f"n{number}")
    return Version(number, TIME, f"change {number}", change, (number + 10,), vectors)


@pytest.fixture
def model(tmp_path):
    def fill(base):
        (base / "a.bin").write_bytes(b"aaaa")

    write_model(tmp_path / "model", {"kind": "classifier", "version": 0}, fill)
    return tmp_path / "model"


@pytest.fixture
def changed(model):
    for number in (1, 2, 3):
        append_version(model, version(number))
    return model


def test_what_is_appended_is_read_in_order(changed):
    versions = read_versions(changed)

    assert [version_to_json(v) for v in versions] == [
        version_to_json(version(n)) for n in (1, 2, 3)
    ]
    assert [v.columns for v in versions] == [(11,), (12,), (13,)]
    assert [v.vectors.tolist() for v in versions] == [[[n, n]] for n in (1, 2, 3)]
    assert current_version(changed) == 3
    assert verify_model(changed)["kind"] == "classifier"
    assert sorted(os.listdir(changed)) == ["CURRENT", "base", "versions"]
    check_writable(changed)


def test_a_model_that_was_never_changed_has_no_versions(model):
    assert (read_versions(model), current_version(model)) == ([], 0)


def test_a_version_without_vectors_has_no_file_for_them(model):
    append_version(model, version(1, dim=0))

    assert os.listdir(model / "versions" / "0001") == ["change.json"]
    (found,) = read_versions(model)
    assert (found.columns, found.vectors) == ((), None)


def test_written_together_or_one_by_one_the_bytes_are_the_same(changed, tmp_path):
    def fill(base):
        (base / "a.bin").write_bytes(b"aaaa")

    versions = read_versions(changed)
    description = {"kind": "classifier", "version": 0}
    write_model(tmp_path / "x", description, fill, finish=lambda at: write_versions(at, versions))

    assert contents(tmp_path / "x") == contents(changed)


def test_versions_go_on_from_the_number_of_the_base(tmp_path):
    model = tmp_path / "model"
    write_model(model, {"kind": "classifier", "version": 4}, lambda base: None)
    assert current_version(model) == 4

    append_version(model, version(5))

    assert [v.number for v in read_versions(model)] == [5]
    assert current_version(model) == 5


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files are needed")
def test_all_of_a_version_is_on_the_disk_before_it_is_in_use(model, monkeypatch):
    synced, replace, fsync = [], os.replace, os.fsync

    def record(descriptor):
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    def in_use(source, target):
        names = {os.path.relpath(path, model) for path in synced}
        aside = "versions/.0001.new"
        wanted = {aside, f"{aside}/change.json", f"{aside}/vectors.npy", "versions"}
        assert names == wanted | {"versions/.CURRENT.new"}
        replace(source, target)

    monkeypatch.setattr("os.fsync", record)
    monkeypatch.setattr("os.replace", in_use)
    append_version(model, version(1))

    assert synced[-1] == str(model)


STEPS = ("os.fsync", "os.replace", "pathlib.Path.rename", "pathlib.Path.mkdir", "numpy.save")


def fail_at(step, monkeypatch, error):
    """Let the ``step``-th of the calls that write raise."""
    calls = []

    def failing(original):
        def call(*arguments, **options):
            calls.append(original)
            if len(calls) == step:
                raise error
            return original(*arguments, **options)

        return call

    def failing_half_way(self, text, **options):
        calls.append(self)
        if len(calls) == step:
            original_write_text(self, text[: len(text) // 2], **options)
            raise error
        return original_write_text(self, text, **options)

    original_write_text = Path.write_text
    monkeypatch.setattr(Path, "write_text", failing_half_way)
    for name in STEPS:
        parts = name.split(".")
        owner = __import__(parts[0])
        for part in parts[1:-1]:
            owner = getattr(owner, part)
        monkeypatch.setattr(owner, parts[-1], failing(getattr(owner, parts[-1])))


@pytest.mark.parametrize("n_before", [0, 3])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_at_any_step_leaves_the_model_as_it_was(model, monkeypatch, error, n_before):
    for number in range(1, n_before + 1):
        append_version(model, version(number))
    before, names = contents(model), os.listdir(model)
    for step in range(1, 100):
        with monkeypatch.context() as patch, suppress(ModelError, KeyboardInterrupt):
            fail_at(step, patch, error)
            append_version(model, version(n_before + 1))
        if current_version(model) > n_before:  # in use: no call that matters is left
            break
        assert contents(model) == before
        assert sorted(os.listdir(model)) == sorted(names)
    assert step > 8
    assert current_version(model) == n_before + 1
    assert verify_model(model)


KILLED = """
import os, pathlib, signal, sys
import numpy as np
from xmlrec.models.versions import Version, current_version, read_versions
from xmlrec.models.version_writing import append_version, locked_model
from xmlrec.taxonomy.changes import Rename

model = pathlib.Path(sys.argv[1])
calls = 0

def killing(original, step):
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)
    return call

def half(self, text, **options):
    write_text(self, text[: len(text) // 2], **options)
    os.kill(os.getpid(), signal.SIGKILL)

write_text = pathlib.Path.write_text
for step in range(-1, 100):
    child = os.fork()
    if not child:
        if step < 1:  # killed half way through the first or the second text
            texts = iter([half] if step else [write_text, half])
            pathlib.Path.write_text = lambda *a, **options: next(texts, write_text)(*a, **options)
        for owner, name in ((os, "fsync"), (os, "replace"), (pathlib.Path, "rename"),
                            (pathlib.Path, "mkdir"), (np, "save"), (os, "open")):
            setattr(owner, name, killing(getattr(owner, name), step))
        with locked_model(model):
            vectors = np.ones((1, 2), dtype=np.float32)
            number = current_version(model) + 1
            append_version(model, Version(number, "", "", Rename("a", "b"), (1,), vectors))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(current_version(model), len(read_versions(model, verify=True)), status)
    if status == 0:
        break
"""


def test_a_process_killed_at_any_step_leaves_a_whole_model(model):
    append_version(model, version(1))

    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(model)],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    rows = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert len(rows) > 12
    assert all(number == n_read for number, n_read, _ in rows)
    assert [status for _, _, status in rows][-1] == 0
    numbers = [number for number, _, _ in rows]
    assert numbers == sorted(numbers)  # killed before it was in use: the old one; after: the new
    assert numbers[0] == 1
    assert verify_model(model)


def test_what_a_killed_process_left_does_not_count_and_is_replaced(changed):
    (changed / "versions" / "0004").mkdir()
    (changed / "versions" / "0004" / "change.json").write_text("half")
    (changed / "versions" / ".0004.new").mkdir()
    (changed / "LOCK").touch()

    assert len(read_versions(changed)) == 3
    assert verify_model(changed)
    check_writable(changed)
    with locked_model(changed):
        append_version(changed, version(4))

    assert [v.number for v in read_versions(changed)] == [1, 2, 3, 4]
    assert sorted(os.listdir(changed / "versions")) == ["0001", "0002", "0003", "0004"]
    assert not (changed / "LOCK").exists()


def damage_json(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def edit(name, content):
    return lambda model: (model / name).write_bytes(content)


@pytest.mark.parametrize("read", [read_versions, verify_model])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (edit("CURRENT", b""), "CURRENT is damaged"),
        (edit("CURRENT", b"three 12"), "CURRENT is damaged"),
        (edit("CURRENT", b"\xff\xfe"), "CURRENT is damaged"),
        (edit("CURRENT", b"0002 abc"), "CURRENT does not belong to its versions"),
        (edit("CURRENT", b"0004 abc"), "versions/0004/change.json is missing"),
        (edit("versions/0002/change.json", b"{"), "versions/0002/change.json is damaged"),
        (edit("versions/0002/change.json", b"[]"), "versions/0002/change.json is damaged"),
        (edit("versions/0002/change.json", b'{"format": 1}'), "change.json is damaged"),
        (edit("versions/0002/change.json", b'{"format": 2}'), "versions/0002 is of a newer format"),
        (edit("versions/0002/vectors.npy", b""), "versions/0002/vectors.npy has 0 bytes, not 136"),
        (lambda m: (m / "versions/0002/vectors.npy").unlink(), "vectors.npy is missing"),
        (lambda m: (m / "versions/0001/change.json").unlink(), "0001/change.json is missing"),
        (
            lambda m: damage_json(m / "versions/0002/change.json", time="now"),
            "versions/0003 does not follow the version before it",
        ),
        (
            lambda m: damage_json(m / "versions/0003/change.json", time="now"),
            "CURRENT does not belong to its versions",
        ),
        (
            lambda m: damage_json(m / "versions/0003/change.json", version=2),
            "versions/0003 does not follow",
        ),
        (
            lambda m: damage_json(m / "versions/0003/change.json", columns=[]),
            "versions/0003/vectors.npy has another shape",
        ),
        (
            lambda m: damage_json(m / "base/manifest.json", kind="other"),
            "versions/0001 does not follow the version before it",
        ),
    ],
)
def test_damage_is_named_in_one_line(changed, read, damage, message):
    damage(changed)

    assert message in refusal(read, changed)


def test_verify_finds_a_changed_vector(changed):
    path = changed / "versions" / "0002" / "vectors.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"?")

    assert len(read_versions(changed)) == 3
    assert "versions/0002/vectors.npy was changed" in refusal(verify_model, changed)


def test_a_header_that_is_not_numpys_is_named(changed):
    path = changed / "versions" / "0002" / "vectors.npy"
    path.write_bytes(b"?" * path.stat().st_size)

    assert "versions/0002/vectors.npy is damaged" in refusal(read_versions, changed)


def test_only_one_is_inside_the_lock_at_a_time(tmp_path):
    inside, most, order = 0, 0, []

    def enter(number):
        nonlocal inside, most
        for _ in range(20):
            with locked(tmp_path):
                inside += 1
                most = max(most, inside)
                order.append(number)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=enter, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (most, len(order)) == (1, 80)
    assert os.listdir(tmp_path) == []


def test_the_lock_is_free_again_after_an_error(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError

    with locked(tmp_path):
        assert os.listdir(tmp_path) == ["LOCK"]


def test_a_model_that_is_gone_cannot_be_changed(tmp_path):
    def change(model):
        with locked_model(model):
            pass

    message = refusal(change, Path(tmp_path / "none"))
    assert message.endswith("none: it cannot be changed (No such file or directory)")
