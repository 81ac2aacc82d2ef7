# Lares. A new machine needs `make run` or `make test`, nothing else.
PYTHON := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help run demo setup setup-test test check lint format lock train-speech clean

help: ## what can be made
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: setup ## set up, start laresd with a demo home, play a spoken command, stay up
	@exec .venv/bin/lares run

demo: setup ## play one spoken command; succeeds only if the lamp really changed
	@exec .venv/bin/lares demo

setup: ## only the set-up
	@daemon/setup/setup.sh run

setup-test:
	@daemon/setup/setup.sh test

test: lint ## everything: style, types, unit, contract, scenario, with real engines and brokers
	$(PYTHON) -m pytest

check: lint ## the fast part: style, types, import contracts, tests without models
	$(PYTHON) -m pytest -q -m "not slow" tests/unit

lint: setup-test
	.venv/bin/ruff check daemon tests
	.venv/bin/ruff format --check daemon tests
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

format: setup-test ## put the code into its form
	.venv/bin/ruff check --fix daemon tests
	.venv/bin/ruff format daemon tests

lock: ## write the hashed pins anew from pyproject.toml (needs uv)
	daemon/requirements/lock.sh

WORK ?= $(HOME)/.cache/lares-train

train-speech: ## make the bundled speech model from nothing: hours; goes on where it stopped
	@daemon/training/prepare.sh "$(WORK)"
	cd daemon && "$(WORK)/venv/bin/python" -m training.train_speech --work "$(WORK)" $(TRAIN)

bench-llm: BENCH = $(MODEL:%=--model %) $(ONLY:%=--only %) $(ROUNDS:%=--rounds %)

bench-board bench-kb bench-sched bench-voice: BENCH = $(ONLY:%=--only %)

bench-wake: BENCH = $(ONLY:%=--only %) $(HOURS:%=--hours %)

bench-%: setup-test ## measure: commands, stt, idle, voice, wake, llm, sched, kb -> tests/bench/RESULTS.md
	$(PYTHON) -m tests.bench.$* $(BENCH)

clean: ## remove what was made here
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis daemon/*.egg-info
