PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TARGET ?= 0.6

.PHONY: help demo app test lint types check-tests evaluate banks train bench docs test-oldest \
	try-container try-wheel clean

help:            ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[demo]"
	@touch $@

$(VENV)/.app: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[app]"
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[vision,openvino,mlflow,app,docs,dev]"
	@touch $@ $(VENV)/.demo $(VENV)/.app

demo: $(VENV)/.demo      ## four real photographs in, the required size and a plot out
	$(BIN)/python -m experiments.demo --target $(TARGET) --out demo

app: $(VENV)/.app        ## the page, on http://127.0.0.1:8501
	$(BIN)/ptssp app

test: lint               ## lint, types and the whole test suite
	$(MAKE) --no-print-directory --jobs 2 types check-tests

lint: $(VENV)/.dev       ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev      ## mypy
	$(BIN)/mypy

check-tests: $(VENV)/.dev ## pytest with coverage
	$(BIN)/python -m pytest

evaluate: $(VENV)/.dev   ## every table and figure of docs/results.md
	$(BIN)/python -m experiments.evaluate
	$(BIN)/python -m experiments.detectors evaluate
	$(BIN)/python -m experiments.detectors needs

banks: $(VENV)/.dev      ## the page that shows the banks
	$(BIN)/python -m experiments.bank_page

train: $(VENV)/.dev      ## the shipped model and its card
	$(BIN)/python -m experiments.detectors train

bench: $(VENV)/.dev      ## the tables of docs/benchmarks.md
	$(BIN)/python -m experiments.bench.fitter
	$(BIN)/python -m experiments.bench.embedder
	$(BIN)/python -m experiments.bench.memory
	$(BIN)/python -m experiments.bench.serving
	$(BIN)/python -m experiments.bench.tracking

docs: $(VENV)/.dev       ## the documentation, into site/
	$(BIN)/python -m mkdocs build --strict

OLDEST := .venv-oldest
OLDEST_TESTS := tests/curves tests/bayes tests/regression tests/pipeline

$(OLDEST)/.done: pyproject.toml requirements-oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet -e . pytest hypothesis -c requirements-oldest.txt
	@touch $@

test-oldest: $(OLDEST)/.done  ## the core's tests on the oldest supported dependencies
	$(OLDEST)/bin/python -m pytest -o addopts= -o filterwarnings=default -q --import-mode=importlib \
		$(OLDEST_TESTS)

CONTAINER := .cache/container

try-container: $(VENV)/.dev  ## the container's install and start commands, without its engine
	rm -rf $(CONTAINER)
	$(BIN)/python -m experiments.container --folder $(CONTAINER) --python $(PYTHON)

try-wheel: $(VENV)/.dev      ## the wheel, installed into an empty environment: its commands, page, service
	PTSSP_TRY_WHEEL=1 $(BIN)/python -m pytest -n 0 --no-cov -s tests/test_wheel.py

clean:
	rm -rf $(VENV) $(OLDEST) site demo .cache .pytest_cache .mypy_cache .ruff_cache
