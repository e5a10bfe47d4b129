# promptkit: every target sets up what it needs. PYTHON may name another interpreter (3.11 or newer).
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
# Versions that the checks are known to pass with; `make LOCK= ...` takes the newest that the ranges allow.
LOCK ?= --constraint constraints.txt
PIP_INSTALL := pip install --quiet --disable-pip-version-check
BIN := $(VENV)/bin
SERVER := .venv-server
CLIENTS := .venv-clients
LITELLM := .venv-litellm
PYTEST8 := .venv-pytest8
# What a library needs of llama.cpp: no command-line tools, server, examples, tests or vision.
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_TESTS=OFF
# What `make demo` asks about; the last is hard: praise that is none, and numbers that are no order's.
MESSAGES := \
  "I was charged twice for order A-1042 and nobody answers my mails. Please fix it today!" \
  "hi, can u tell me if the blue headphones run small? thx" \
  "Brilliant. The app crashes every time I open it, and that on version 4.2.1. No order, 30 euros gone, thanks a lot."

.PHONY: help demo test unit e2e lint format types contracts docs benchmarks nightly schemas lock clean

help:
	@echo "make demo        set up and triage three messages with the bundled model, offline (or one of yours: MESSAGE=...)"
	@echo "make test        set up and run the unit and end-to-end tests"
	@echo "make lint types contracts docs benchmarks nightly lock clean"

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("promptkit needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP_INSTALL) --upgrade "pip>=25.1"

$(VENV)/.user: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing promptkit; llama.cpp is compiled once, which takes 4 to 8 minutes on two cores."
	$(BIN)/$(PIP_INSTALL) $(LOCK) --editable ".[llama,cli]"
	@touch $@

$(VENV)/.dev: $(VENV)/.user
	$(BIN)/$(PIP_INSTALL) $(LOCK) --group dev
	@touch $@

# A real third-party server of the same model, in an environment of its own.
$(SERVER)/.ready: $(BIN)/python pyproject.toml constraints.txt
	$(PYTHON) -m venv $(SERVER)
	$(SERVER)/bin/$(PIP_INSTALL) $(LOCK) "llama-cpp-python[server]>=0.3.30"
	@touch $@

# The providers' official clients, which must read what the tests' servers say; pinned on their own, since one of them
# disagrees with our pins.
$(CLIENTS)/.ready: $(BIN)/python tests/e2e/clients.txt
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/$(PIP_INSTALL) --requirement tests/e2e/clients.txt
	@touch $@

# A proxy that speaks several providers' wire formats; pinned on its own, as it brings a hundred packages.
$(LITELLM)/.ready: $(BIN)/python tests/e2e/litellm.txt
	$(PYTHON) -m venv $(LITELLM)
	$(LITELLM)/bin/$(PIP_INSTALL) --requirement tests/e2e/litellm.txt
	@touch $@

# The major version of pytest before ours. What it does not bring itself is looked for in .venv, after it, so that
# llama.cpp need not be compiled again.
$(PYTEST8)/.ready: $(VENV)/.dev tests/testing/pytest8.txt
	$(PYTHON) -m venv $(PYTEST8)
	$(PYTEST8)/bin/$(PIP_INSTALL) --requirement tests/testing/pytest8.txt
	$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir({!r})".format(sysconfig.get_path("purelib")))' \
	  > "$$($(PYTEST8)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/after.pth"
	@touch $@

demo: $(VENV)/.user
	@for message in $(if $(MESSAGE),"$(MESSAGE)",$(MESSAGES)); do \
	  printf '\n%s\n' "$$message"; \
	  $(BIN)/promptkit run triage --backend llama:demo --set message="$$message" || exit; \
	done

test: unit e2e

unit: $(VENV)/.dev
	$(BIN)/python -m pytest tests --ignore=tests/e2e --numprocesses auto --dist worksteal --cov --cov-report=term --cov-fail-under=$(COVERAGE)

e2e: $(VENV)/.dev $(SERVER)/.ready $(CLIENTS)/.ready $(LITELLM)/.ready $(PYTEST8)/.ready
	$(BIN)/python -m pytest tests/e2e
	$(PYTEST8)/bin/python -m pytest --numprocesses auto tests/testing/test_plugin.py tests/testing/test_reliability.py tests/testing/test_cassettes.py

# Branch coverage of the package; it only rises.
COVERAGE := 97

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/mypy tests/typing
	$(BIN)/pyright
	$(BIN)/pyright tests/typing/public_api.py

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

docs: $(VENV)/.dev
	$(BIN)/python -m pytest README.md docs -p no:cacheprovider -o addopts="-q --import-mode=importlib"

# The JSON Schemas of prompt files that docs/ publishes; a test holds them to what promptkit schema prints.
schemas: $(VENV)/.dev
	$(BIN)/promptkit schema > docs/reference/prompt-file.schema.json
	$(BIN)/promptkit schema --front-matter > docs/reference/front-matter.schema.json

benchmarks: $(VENV)/.dev
	$(BIN)/python tests/benchmarks/imports.py
	$(BIN)/python tests/benchmarks/rendering.py
	$(BIN)/python tests/benchmarks/streaming.py

# What takes too long for every change: random schemas under masks, hostile values on real vocabularies, calls by the thousand.
nightly: $(VENV)/.dev
	$(BIN)/python tests/benchmarks/soak.py
	$(BIN)/python tests/benchmarks/fuzz.py --count 20000 --seed $(SEED)
	$(BIN)/python tests/benchmarks/fuzz.py --count 3000 --seed $(SEED) --vocabulary demo
	$(BIN)/python tests/benchmarks/hostile_tokens.py --cache build
	$(BIN)/python tests/benchmarks/fuzz_fmt.py --count 2000 --seed $(SEED)
	$(BIN)/python tests/benchmarks/fuzz_answers.py --random 20000 --seed $(SEED)
	$(BIN)/python tests/benchmarks/fuzz_check.py --count 2000 --seed $(SEED)

# The day of the year: another set of schemas each night, the same all day.
SEED ?= $(shell date +%j)

# Takes the newest versions that pyproject.toml allows and writes them down; run the checks before committing the result.
lock: $(VENV)/.dev $(SERVER)/.ready
	$(BIN)/$(PIP_INSTALL) --upgrade --upgrade-strategy eager --editable ".[llama,cli]" --group dev
	$(SERVER)/bin/$(PIP_INSTALL) --upgrade --upgrade-strategy eager "llama-cpp-python[server]>=0.3.30"
	{ head -n 1 constraints.txt; { $(BIN)/pip freeze --exclude-editable; $(SERVER)/bin/pip freeze; } | sort --ignore-case --unique --field-separator== --key=1,1; } > constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) $(SERVER) $(CLIENTS) $(LITELLM) $(PYTEST8) .coverage .mypy_cache .ruff_cache .import_linter_cache dist
