from types import SimpleNamespace

import pytest

from xmlrec.cli.compiling import announce_compilation

KERNELS = (
    ("label_trees.kernels.search", "search_rows"),
    ("xmlrec.text.kernels.ngrams", "transform_rows"),
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Let both kernels look for their compiled form in an empty folder."""
    for module, name in KERNELS:
        kernel = SimpleNamespace(
            py_func=SimpleNamespace(__module__=module, __qualname__=name),
            stats=SimpleNamespace(cache_path=tmp_path),
        )
        monkeypatch.setattr(f"{module}.{name}", kernel)
    return tmp_path


def test_a_first_run_says_why_it_takes_longer(cache, capsys):
    announce_compilation()

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("first run after install: compiling")
    assert captured.err.count("\n") == 1


def test_a_run_that_finds_only_one_kernel_says_so_too(cache, capsys):
    (cache / "search.search_rows-12.py311.nbi").touch()
    announce_compilation()

    assert "compiling" in capsys.readouterr().err


def test_a_later_run_says_nothing(cache, capsys):
    (cache / "search.search_rows-12.py311.nbi").touch()
    (cache / "ngrams.transform_rows-276.py311.nbi").touch()
    announce_compilation()

    assert capsys.readouterr().err == ""


def test_the_names_of_compiled_kernels_are_known(model, capsys):
    announce_compilation()

    assert capsys.readouterr().err == ""


def test_without_compiler_there_is_nothing_to_say(monkeypatch, capsys):
    for module, name in KERNELS:
        monkeypatch.setattr(f"{module}.{name}", lambda: None)
    announce_compilation()

    assert capsys.readouterr().err == ""
