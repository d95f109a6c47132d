# `make demo` and `make test` need Python 3.11+ and make, nothing else by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check bench docs clean lock

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP)  ## make .venv with exactly what requirements.lock names

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Xinglin needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## bring up the demo province and print its address
	@$(BIN)/xinglin demo

serve: setup  ## run the hub
	@$(BIN)/xinglin serve

test: setup  ## run every test
	@$(BIN)/pytest -n 2 --dist loadgroup

check: setup  ## format, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright --warnings
	@$(BIN)/lint-imports

bench: setup  ## measure, and print the tables of figures
	@$(BIN)/python -m benchmarks

docs: setup  ## regenerate the pages that are made from the code
	@$(BIN)/python tools/make_docs.py

lock: setup  ## resolve requirements.lock anew (asks the package registry)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev \
	    --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o requirements.lock

clean:  ## remove what the other targets made (not your data)
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist
