PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test test-encoder lint bench clean

demo: $(VENV)/base  ## Train on a made-up catalog, classify and categorize (base install only)
	$(BIN)/xmlrec demo

test: $(VENV)/dev  ## Run the tests
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest

test-encoder: $(VENV)/encoder  ## Run the tests that need torch
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest tests/xmlrec/encode tests/xmlrec/models/test_accurate.py \
		tests/xmlrec/recommend/test_session_model.py \
		tests/xmlrec/cli/test_train.py

lint: $(VENV)/dev  ## Check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/dev  ## Measure against the peers (minutes; needs the data sets)
	$(PIP) -e ".[dev,bench]"
	$(BIN)/python -m bench --slow-peers

clean:  ## Remove the environment and what tools left behind
	rm -rf $(VENV) demo .bench .mypy_cache .pytest_cache .ruff_cache *.egg-info

$(VENV)/python:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/base: $(VENV)/python pyproject.toml constraints.txt
	$(PIP) -e .
	touch $@

$(VENV)/dev: $(VENV)/base
	$(PIP) -e ".[dev]"
	touch $@

$(VENV)/encoder: $(VENV)/dev
	$(PIP) -e ".[dev,encoder,offline]"
	touch $@
