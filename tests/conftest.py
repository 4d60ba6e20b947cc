"""Settings of the whole suite."""

import os


def pytest_configure(config):
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":  # hashes wrap around, of which numpy warns
        config.addinivalue_line("filterwarnings", "ignore:overflow encountered:RuntimeWarning")
