# Two commands: `make run` and `make test`. The others are for developers.
PORT ?= 8000
HOST ?= 127.0.0.1
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip's own find-links (where a machine has a local CPU build of torch) are handed on to uv, which does not read pip's settings.
UV := UV_FIND_LINKS="$$($(BIN)/pip config get global.find-links 2>/dev/null || true)" UV_LINK_MODE=copy $(BIN)/uv
# `make run TORCH_BACKEND=cpu` takes torch from PyTorch's own index of CPU builds.
TORCH_BACKEND ?=
TORCH := torch==2.13.0

.PHONY: run test lint bench evaluate lock clean

run: $(VENV)/.run
	@$(BIN)/citewell-ingest sync guidelines
	@CITEWELL_SERVER__HOST=$(HOST) CITEWELL_SERVER__PORT=$(PORT) $(BIN)/citewell-serve

test: $(VENV)/.test
	$(BIN)/pytest

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	$(BIN)/python -m evals.benchmarks.speed

evaluate: $(VENV)/.test
	$(BIN)/python -m evals.benchmarks.national --guidelines $(GUIDELINES) --cases $(CASES)

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet uv==0.13.9

$(VENV)/.run: $(BIN)/uv requirements.txt pyproject.toml
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python $(if $(TORCH_BACKEND),--torch-backend $(TORCH_BACKEND)) --no-deps $(TORCH)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.test: $(VENV)/.run requirements-dev.txt
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements-dev.txt
	touch $@

# Pins everything again, with hashes and without any index's address. torch is pinned above: its builds differ by machine.
lock: $(BIN)/uv
	$(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-emit-package torch --extra build pyproject.toml -o requirements.txt
	$(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-emit-package torch --extra build --extra dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) var build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
