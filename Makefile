# Everything that a person or the CI runs. `make help` lists it.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-once test cluster test-cluster check format lint types imports links licences docs sbom audit bench fuzz lock golden

help: ## list these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY) ## make the environment in .venv from the lock file

demo: setup ## see the whole flow in a browser: no cluster, no account
	@$(BIN)/purser demo

demo-once: setup ## the same story by itself, ending with 0
	@$(BIN)/purser demo --once

test: setup ## all tests that need nothing but this machine
	@$(BIN)/pytest -n 2 --dist loadfile -m "not cluster and not crash and not long"

cluster: setup ## build a real Kubernetes API server and Helm for the tests (once; needs Go)
	@$(BIN)/python -m tests.cluster.build

test-cluster: setup cluster ## the tests on the real API server, those that kill things, and those that take long
	@$(BIN)/pytest -n 2 --dist loadfile -m "cluster or crash or long"

check: setup format lint types imports links licences docs sbom test ## what the CI runs, but for the real cluster

format: setup ## is everything formatted?
	@$(BIN)/ruff format --check .

lint: setup ## ruff
	@$(BIN)/ruff check .

types: setup ## mypy, strict
	@$(BIN)/mypy

imports: setup ## do the arrows point one way?
	@$(BIN)/lint-imports --no-cache

links: setup ## do the links of the documents lead somewhere?
	@$(BIN)/pytest -q tests/docs

licences: setup ## licences of the dependencies, against the list of those we accept
	@$(BIN)/python -m tests.docs.licences

docs: setup ## the documents as a site in build/site; fails on what leads nowhere
	@$(BIN)/mkdocs build --quiet --strict --site-dir build/site

sbom: setup ## what the image is made of, as CycloneDX in build/sbom.json
	@mkdir -p build
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements-image.lock --pyproject pyproject.toml \
	  --output-reproducible --short-PURLs -o build/sbom.json

audit: setup ## known vulnerabilities of what the image is made of; asks PyPI's advisory database
	@$(BIN)/pip-audit --require-hashes --disable-pip -r requirements-image.lock || { \
	  echo "make audit: see above. Where the advisory database did not answer, NOTHING was checked." >&2; exit 1; }

bench: setup ## figures of this machine, from one run
	@$(BIN)/python -m tests.bench

fuzz: setup ## feed the readers of foreign text with ever new mutations, for SECONDS (600)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements-fuzz.lock
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),600)

lock: setup ## renew both lock files from pyproject.toml: everything, and what the image needs
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --group dev --all-extras pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --all-extras --constraint requirements.lock pyproject.toml -o requirements-image.lock

golden: setup ## rewrite the golden notes; review them as prose
	@$(BIN)/pytest -q tests/golden --snapshot-update
