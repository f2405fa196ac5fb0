# The interpreter for .venv: make PYTHON=/usr/bin/python3.12 test
PYTHON = python3

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 - /p' Makefile

try: ## run every probe against a simulated Harbor; URL=https://... [AUTHFILE=] [CA_FILE=] for a real one
	@$(PYTHON) tools/bootstrap.py simulator
	@.venv/bin/python tools/try.py --url '$(URL)' --authfile '$(AUTHFILE)' --ca-file '$(CA_FILE)'

test: ## run the tests a contributor needs, on this Python; TESTS=all for every test
	@$(PYTHON) tools/bootstrap.py simulator test tox ansible
	@.venv/bin/python tools/test.py $(TESTS:%=--%)

test-all: ## also test Ansible, packages, counted pages, the oldest libraries
	@$(MAKE) test TESTS=all

engines: ## count the pages on real Icinga 2 and Nagios daemons (takes minutes, needs an idle machine)
	@$(PYTHON) tools/bootstrap.py simulator test
	@.venv/bin/python -m pytest -q tests/engines

lint: ## check style, types, spelling, terms, sizes and the imports between packages
	@$(PYTHON) tools/bootstrap.py simulator test lint
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m mypy
	@.venv/bin/codespell
	@PYTHONPATH=plugins:simulator .venv/bin/lint-imports
	@.venv/bin/python -m pytest -q tests/tools/test_sizes.py tests/tools/test_wording.py

docs: ## regenerate docs/check_harbor_*.md and the definitions in icinga2/ and nagios/ from the probes
	@$(PYTHON) tools/bootstrap.py
	@.venv/bin/python tools/docs.py
	@.venv/bin/python tools/definitions.py
	@.venv/bin/python tools/lists.py

new-probe: ## create a probe and its test as a starting point: make new-probe NAME=labels
	@$(PYTHON) tools/bootstrap.py
	@.venv/bin/python tools/new_probe.py '$(NAME)'

picture: ## regenerate the picture of the README: a run of check_harbor_triage on a terminal
	@$(PYTHON) tools/bootstrap.py simulator
	@.venv/bin/python tools/picture.py

screenshots: ## take the pictures of Icinga Web and Director in docs/images again (needs chromium, pngquant)
	@$(PYTHON) tools/bootstrap.py simulator test
	@.venv/bin/python tools/screenshots.py

docs-site: ## build the documentation as a web site, in build/site; a dead link is an error
	@$(PYTHON) tools/bootstrap.py docs
	@.venv/bin/python tools/docs_site.py

release: ## build the wheel, packages, collection, SBOM and checksums into dist/, and list what is left to do
	@$(PYTHON) tools/bootstrap.py ansible release
	@.venv/bin/python tools/release.py

bench: ## measure CPU and memory, write docs/performance.md
	@$(PYTHON) tools/bootstrap.py simulator bench
	@.venv/bin/python tools/bench.py

bench-fleet: ## find how many Harbors a real Icinga 2 can watch here (20 minutes; ARGS='--outage 20 70')
	@$(PYTHON) tools/bootstrap.py simulator bench test
	@.venv/bin/python tools/bench_fleet.py $(ARGS)

storm: ## kill the preloaded server among 200 checks, 100 times, then run 10,000 checks (45 minutes; ARGS=--rounds=5)
	@$(PYTHON) tools/bootstrap.py simulator bench test
	@.venv/bin/python tools/storm.py $(ARGS)

clean: ## remove .venv, .tox and every cache
	rm -rf .venv .tox .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help try test test-all engines lint docs new-probe picture screenshots docs-site release bench bench-fleet storm clean
