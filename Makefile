# Two commands: `make run` and `make test`. The others are for developers.
PORT ?= 8000
HOST ?= 127.0.0.1
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := UV_LINK_MODE=copy $(BIN)/uv
# Builds of torch differ from machine to machine, so it is pinned by version only. A CPU build in pip's configured
# find-links is taken first, then the one of PyTorch's own index, at last whatever the configured index has.
TORCH := torch==2.13.0
VLLM := .venv-vllm
TINY := var/tiny-qwen2

.PHONY: run test lint bench bench-ingest bench-retrieval bench-llm eval evaluate vllm lock clean

run: $(VENV)/.run
	-@$(BIN)/citewell-ingest sync $(or $(GUIDELINES),guidelines)
	@CITEWELL_SERVER__HOST=$(HOST) CITEWELL_SERVER__PORT=$(PORT) $(BIN)/citewell-serve

test: $(VENV)/.test vllm
	$(BIN)/pytest

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	$(BIN)/python -m evals.benchmarks.speed

bench-ingest: $(VENV)/.test
	$(BIN)/python -m evals.benchmarks.ingest $(if $(GUIDELINES),--folder $(GUIDELINES))

# Retrieval, part by part, on the starter suite's vignettes.
bench-retrieval: $(VENV)/.test
	$(BIN)/citewell-ingest sync guidelines
	$(BIN)/python -m evals.benchmarks.retrieval

# MODEL=folder PROFILE=gpu-1 measures another model; one without weights gets dummy ones.
bench-llm: $(VENV)/.test vllm
	@[ -n "$(MODEL)" ] || [ -f $(TINY)/config.json ] || $(BIN)/python tests/tiny_qwen2.py $(TINY)
	$(BIN)/python -m evals.benchmarks.llm --model $(or $(MODEL),$(TINY)) --profile $(or $(PROFILE),cpu)

# Asks the starter suite and writes var/evaluations/<commit>/report.html.
eval: $(VENV)/.test
	$(BIN)/citewell-ingest sync guidelines
	$(BIN)/citewell-eval run var/evaluations/$$(git describe --always --dirty)

# vLLM's CPU build, for tests and benchmarks. Where there is none (exit code 3), tests that need it are skipped.
vllm: $(BIN)/uv
	@[ $(VLLM)/.installed -nt deploy/vllm/requirements-cpu.txt ] || { \
		bash deploy/vllm/install-cpu.sh $(VLLM) $(BIN)/uv && touch $(VLLM)/.installed || [ $$? -eq 3 ]; }

evaluate: $(VENV)/.test
	$(BIN)/python -m evals.benchmarks.national --guidelines $(GUIDELINES) --cases $(CASES)

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet uv==0.13.9

$(VENV)/.run: $(BIN)/uv requirements.txt pyproject.toml
	$(BIN)/pip install --quiet --no-index --no-deps $(TORCH) 2>/dev/null \
		|| $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --torch-backend cpu $(TORCH) \
		|| $(BIN)/pip install --quiet $(TORCH)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.test: $(VENV)/.run requirements-dev.txt
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r requirements-dev.txt
	touch $@

# Pins everything again, with hashes and without any index's address. torch is pinned above: its builds differ by machine.
lock: $(BIN)/uv
	UV_FIND_LINKS="$${PIP_FIND_LINKS:-}" $(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-emit-package torch --extra build pyproject.toml -o requirements.txt
	UV_FIND_LINKS="$${PIP_FIND_LINKS:-}" $(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-emit-package torch --extra build --extra dev pyproject.toml -o requirements-dev.txt

	UV_FIND_LINKS="$${PIP_FIND_LINKS:-}" $(UV) pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
		--override deploy/vllm/overrides-cpu.txt --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		--no-emit-package torch deploy/vllm/requirements-cpu.in -o deploy/vllm/requirements-cpu.txt

clean:
	rm -rf $(VENV) $(VLLM) var build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
