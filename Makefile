# Each target is one script in scripts/; the first use makes .venv, for which Python 3.11 or newer
# suffices.
.DEFAULT_GOAL := help
.PHONY: help demo test test-integrations lint fix bench build watch clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Open the quickstart notebook in JupyterLab (PORT=8890, OPEN=0: no browser)
	@scripts/setup demo
	@scripts/demo

test: ## Run lint, types, Python, TypeScript, notebook and browser tests
	@scripts/setup dev
	@scripts/test

test-integrations: ## Run what takes long: the oldest supported kernel, and the frameworks on torch
	@scripts/setup dev
	@scripts/setup integrations
	@scripts/test oldest integrations

lint: ## Check style, types, layers, words and generated files
	@scripts/setup dev
	@scripts/lint

fix: ## Repair what lint finds, as far as tools can
	@scripts/setup dev
	@scripts/lint --fix

bench: ## Measure speed beside peers, and print one table
	@scripts/setup bench
	@scripts/bench

build: ## Build the wheel and the sdist into dist/
	@scripts/setup dev
	@scripts/build

watch: ## Rebuild the widget whenever a file in js/src changes
	@scripts/setup dev
	@.venv/bin/python scripts/frontend.py npm run watch

clean: ## Remove everything that was made, .venv included
	@scripts/clean
