"""Results on disk with the machine, the versions and the commit that they belong to."""

import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import time
from pathlib import Path

from bench.datasets import ROOT
from bench.peers import PEERS, peer_versions
from bench.table import Table

FOLDER = Path(__file__).resolve().parent / "results"
LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba")


def circumstances() -> dict[str, str]:
    """Return what a figure depends on besides the code measured: one line a fact."""
    load = " ".join(f"{share:.1f}" for share in os.getloadavg())
    peers = {system.package: peer_versions()[system.package] for system in PEERS}
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES} | peers
    return {
        "machine": f"{cpu_model()}, {os.cpu_count()} cores, {memory_gib():.0f} GiB, {load} load"
        + gpu(),
        "python": f"{platform.python_version()}, {platform.system()} {platform.machine()}",
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "commit": commit(),
        "day": time.strftime("%Y-%m-%d"),
    }


def cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def gpu() -> str:
    """Return the GPU that torch would take, after a comma; nothing without one."""
    if importlib.util.find_spec("torch") is None:
        return ""
    import torch

    return f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""


def commit() -> str:
    """Return the short commit, with "+" when files differ from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    head = git("rev-parse", "--short", "--verify", "HEAD") or "none"
    return f"{head}+" if git("status", "--porcelain") else head


def save(case: str, facts: dict[str, str], tables: list[Table]) -> Path:
    """Write ``results/<case>.json`` and return its path."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{case}.json"
    content = {"case": case} | facts | {"tables": [table.to_json() for table in tables]}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def saved_markdown(case: str) -> str:
    """Return the saved tables of ``case`` as the README shows them."""
    content = json.loads((FOLDER / f"{case}.json").read_text(encoding="utf-8"))
    tables = [Table(**table).to_markdown() for table in content["tables"]]
    source = f"`bench/results/{case}.json`: {content['machine']}, commit {content['commit']}."
    return "\n\n".join([*tables, source])
