"""Disks that are full or read-only."""

import os
import subprocess

import pytest


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 128 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "size=128k")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def read_only_folder(tmp_path):
    """A folder in which nothing can be made, not even by root where the tests are run by it."""
    folder = tmp_path / "disk"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        mount(folder, "ro")
        yield folder
        subprocess.run(["umount", folder], check=True)
    else:
        yield folder


def mount(folder, options):
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount")
