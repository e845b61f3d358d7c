# Everything sets itself up: a fresh Debian with python3.11 and make is enough.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
WORKERS ?= 2

.PHONY: demo test test-slow check docs docs-site perf clean

demo: $(STAMP)
	$(BIN)/personarium demo

test: check
	sh tools/install_browser.sh
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow" tests

test-slow: $(DEV)
	$(BIN)/python -m pytest -n $(WORKERS) -m slow tests

check: $(DEV)
	$(BIN)/ruff format --check src tests tools benchmarks
	$(BIN)/ruff check src tests tools benchmarks
	$(BIN)/mypy src
	$(BIN)/lint-imports

docs: $(STAMP)
	$(BIN)/python tools/make_docs.py

docs-site: $(DEV)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

perf: $(DEV) $(VENV)/.ready-perf
	$(BIN)/python benchmarks/run_all.py --write

$(STAMP): pyproject.toml constraints.txt tools/make_venv.sh
	sh tools/make_venv.sh $(PYTHON) $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(DEV): $(STAMP) requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	touch $@

# Faker, SemHash and LanceDB are only what we measure against.
$(VENV)/.ready-perf: $(DEV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt faker==40.63.0 semhash==0.5.0 lancedb==0.40.0
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache runs
