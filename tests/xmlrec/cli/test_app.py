"""The program as a process: exit codes, streams, signals."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "xmlrec"]


def start(*arguments, stdin=subprocess.PIPE):
    pipes = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*COMMAND, *map(str, arguments)], cwd=ROOT, **pipes)


def test_results_go_to_stdout_and_errors_to_stderr(model):
    done = start("classify", "ankle boot", "--model", model, "--json")
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, b"")
    assert json.loads(out)["status"] == "ok"

    failed = start("classify", "ankle boot", "--model", model / "none")
    out, err = failed.communicate(timeout=60)
    assert (failed.returncode, out) == (1, b"")
    assert err.startswith(b"error: ")
    assert err.count(b"\n") == 1


def test_progress_goes_to_stderr(shop):
    done = start("train", shop / "shop.csv", "--model", shop / "m")
    out, err = done.communicate(timeout=60)

    assert (done.returncode, out) == (0, b"")
    assert b"trained on 36 items and 6 categories in " in err


def test_a_reader_that_goes_away_is_no_error_to_talk_about(shop, write, model):
    write("lines.txt", "ankle boot\n" * 5000)
    with (shop / "lines.txt").open() as lines:
        process = start("classify", "-", "--model", model, "--json", stdin=lines)
        assert process.stdout.readline().startswith(b'{"id": "1"')
        process.stdout.close()
        assert process.wait(timeout=60) == 1
        with process.stderr:
            assert process.stderr.read() == b""


def test_interrupted_is_130(model):
    process = start("classify", "-", "--model", model)
    process.stdin.write(b"ankle boot\n" * 1024)
    process.stdin.flush()
    process.stdout.readline()  # it has started
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert b"Traceback" not in err


def test_output_is_utf8_whatever_the_locale(model):
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    arguments = [b"classify", "日本 boot".encode(), b"caf\xe9 boot", b"--model", os.fsencode(model)]
    done = subprocess.run(
        [*map(os.fsencode, COMMAND), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert "日本 boot" in done.stdout.decode()


@pytest.mark.parametrize("arguments", [["fly"], ["classify", "boot"], ["info", "--wide"]])
def test_wrong_usage_is_2(xmlrec, arguments):
    result = xmlrec(*arguments)

    assert (result.code, result.out) == (2, "")
    assert "Usage" in result.err


@pytest.mark.parametrize("arguments", [[], ["train"], ["taxonomy"], ["taxonomy", "show"]])
def test_help_names_the_program_and_exits_0(xmlrec, arguments):
    result = xmlrec(*arguments, "--help")

    assert (result.code, result.err) == (0, "")
    assert "xmlrec" in result.out


def test_an_unexpected_error_keeps_its_traceback(xmlrec, model, monkeypatch):
    def fail(self, *arguments, **options):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("xmlrec.models.TaxonomyClassifier.classify", fail)

    with pytest.raises(ZeroDivisionError):
        xmlrec("classify", "boot", "--model", model)
