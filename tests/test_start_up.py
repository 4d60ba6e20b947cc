"""What starting costs: the help text within 0.3 s, and no import that is not needed."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HELP_LIMIT_S = 0.3
NUMERIC = ("numpy", "scipy", "sklearn", "numba")
NEVER = ("torch", "faiss", "sentence_transformers", "transformers")


def cpu_seconds(*command):
    """Return user and system seconds of a command that must end well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *command], check=True, capture_output=True, cwd=ROOT, timeout=60
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def loaded(code, *arguments):
    """Return which of the heavy packages a program has imported at its end."""
    watched = NUMERIC + NEVER
    code += f"\nimport sys; print('loaded', *(n for n in {watched} if n in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        check=True,
        capture_output=True,
        cwd=ROOT,
        text=True,
        timeout=60,
    )
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_help_takes_less_than_0_3_seconds_of_cpu():
    seconds = min(cpu_seconds("-m", "xmlrec", "--help") for _ in range(3))

    assert seconds < HELP_LIMIT_S


def test_help_imports_nothing_numeric():
    code = (
        "import sys\n"
        "from xmlrec.cli import main\n"
        "sys.argv = ['xmlrec', '--help']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit:\n"
        "    pass\n"
    )

    assert loaded(code) == set()


def test_label_trees_are_imported_without_scikit_learn():
    assert loaded("import label_trees") == {"numpy", "scipy", "numba"}


@pytest.mark.parametrize(("preset", "more"), [("fast", set()), ("balanced", {"faiss"})])
def test_opening_and_asking_a_model_needs_no_scikit_learn(tmp_path, preset, more):
    train = (
        "import sys\n"
        "from xmlrec.models import TaxonomyClassifier\n"
        "items = [{'title': 'red shoe', 'paths': ['A']}, {'title': 'hose', 'paths': ['B']}]\n"
        "TaxonomyClassifier(preset=sys.argv[2]).fit(items).save(sys.argv[1])\n"
    )
    serve = (
        "import sys\n"
        "from xmlrec.models import TaxonomyClassifier\n"
        "TaxonomyClassifier.load(sys.argv[1]).classify(['shoe'])\n"
    )

    serving = {"numpy", "scipy", "numba"} | more
    assert loaded(train, tmp_path / "model", preset) == serving | {"sklearn"}
    assert loaded(serve, tmp_path / "model") == serving
