# Troupe. Every target sets up what it needs; nothing is done twice. `make help` lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test lint bench down clean lock env-example commands-doc

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/' | column -t -s '|'

setup: ## Install everything into .venv (resumable; nothing to do the second time)
	@$(PYTHON) deploy/setup.py

setup-dev:
	@$(PYTHON) deploy/setup.py --dev --browser

run: setup ## Start Troupe and print where to chat (Ctrl-C stops it)
	@exec $(BIN)/troupe up

down: ## Stop a running Troupe
	@if [ -x $(BIN)/troupe ]; then $(BIN)/troupe down; else echo "Nothing is set up, so nothing runs."; fi

test: setup-dev ## Run all tests (ARGS="-k name" to choose)
ifdef ARGS
	@$(BIN)/python -m pytest $(ARGS)
else # what starts servers and whole systems has the machine to itself
	@$(BIN)/python -m pytest -n logical --maxprocesses 8 --dist loadfile tests/unit tests/serve_local
	@$(BIN)/python -m pytest tests/wire tests/cluster tests/e2e
endif

lint: setup-dev ## Check style, types, and that .env.example and docs/commands.md match the code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m deploy.env_example --check
	@$(BIN)/python -m deploy.commands_doc --check

bench: setup-dev ## Run a benchmark: make bench NAME=startup
	@$(BIN)/python -m bench.$(or $(NAME),startup)

env-example: setup ## Write .env.example from the settings
	@$(BIN)/python -m deploy.env_example

commands-doc: setup ## Write docs/commands.md from the commands
	@$(BIN)/python -m deploy.commands_doc

lock: setup-dev ## Write constraints/cpu.txt from what is installed
	@{ echo "# The versions that this project is tested with. Written by \`make lock\`; bounds and reasons are in pyproject.toml."; \
	   echo "torch==2.13.0"; $(BIN)/pip freeze --exclude-editable | grep -v -i -E '^(vllm|torch)'; } > constraints/cpu.txt

clean: down ## Remove the environment and caches (keeps var/, where the data is)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache *.egg-info
