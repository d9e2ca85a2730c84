# make demo | test | container-test | lint | open | lock | clean
#
# The environment is made anew only when a lock or pyproject.toml is newer than its stamp, so a second call costs
# nothing. Which of the two locks is installed: docs/adr/0002-locks.md. LOCK=path decides it by hand.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 2>/dev/null || command -v python3)
LOCK ?=
BIN := .venv/bin
STAMP := .venv/.installed
# For tests that train outside of a stage, which sets its own thread count: sums in another order give other bits.
ONE_THREAD := OMP_NUM_THREADS=1

.PHONY: help demo test container-test lint open lock clean
help:
	@sed -n '1s/^# //p' Makefile

.venv: $(STAMP)

# `pip index` reads one listing and downloads nothing. Where it knows no CPU build of torch, or where it is missing
# from an old pip, the CUDA lock is taken: it installs from any public index, and runs without a GPU as well.
$(STAMP): requirements-cpu.lock requirements-cuda.lock pyproject.toml $(LOCK)
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	lock="$(LOCK)"; \
	if [ -z "$$lock" ]; then \
	  cpu=$$(sed -n 's/^torch==\([^ ]*\).*/\1/p' requirements-cpu.lock); \
	  versions=$$($(BIN)/python -m pip index --disable-pip-version-check versions torch 2>/dev/null || true); \
	  case " $${versions//,/ } " in *" $$cpu "*) lock=requirements-cpu.lock ;; *) lock=requirements-cuda.lock ;; esac; \
	fi; \
	echo "installing $$lock"; \
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r "$$lock"
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# verify's 0, 1 and 3 are verdicts; anything else is a failure and is passed on.
define judged
code=0; $(BIN)/harness verify claims.yaml --study $(1) || code=$$?; \
echo "verify: exit code $$code"; \
case $$code in 0|1|3) ;; *) exit $$code ;; esac
endef

demo: $(STAMP)
	$(BIN)/harness run specs/studies/mini.yaml --jobs 2
	@$(call judged,mini)
	$(BIN)/harness report mini

open: $(STAMP)
	$(BIN)/harness data fetch --study open $(if $(MIRROR),--mirror "$(MIRROR)")
	$(BIN)/harness run specs/studies/open.yaml
	@$(call judged,open)
	$(BIN)/harness report open

test: $(STAMP)
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2

# Needs root, for an engine of its own; with one that runs already, see docs/container.md.
container-test: $(STAMP)
	trap 'scripts/container-engine stop' EXIT; \
	host=$$(scripts/container-engine start); eval "$$host"; \
	scripts/container-engine build; \
	HARNESS_TEST_IMAGE=harness:latest $(ONE_THREAD) $(BIN)/python -m pytest -n 2 tests/engines tests/contract/test_engines.py -rs

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict harness
	$(BIN)/lint-imports

# Wants uv, which reads metadata and the hashes that an index states, and fetches no wheel. WHEELS is a folder with
# the CPU build of torch. Pins stay as they are; to move one: UV_UPGRADE="--upgrade-package NAME".
UV_COMPILE = uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 $(UV_UPGRADE)
TORCH = $(shell sed -n 's/.*"torch==\([0-9.]*\)".*/\1/p' pyproject.toml)

lock:
	test -n "$(WHEELS)" || { echo "make lock WHEELS=folder, where the folder holds torch $(TORCH)+cpu" >&2; exit 2; }
	for tool in .github/tools/*.in; do $(UV_COMPILE) --universal --output-file "$${tool%.in}.lock" "$$tool"; done
	$(UV_COMPILE) --all-extras --universal --output-file requirements-cuda.lock pyproject.toml
	$(UV_COMPILE) --all-extras --python-platform x86_64-manylinux_2_28 --find-links "$(WHEELS)" -c requirements-cuda.lock \
	  --override <(echo "torch==$(TORCH)+cpu") --output-file requirements-cpu.lock pyproject.toml
	sed -i -e '/^ *#   -c /d' -e '/^ *#   --override /d' -e '/^ *# via -c /d' -e '/^# .* Made by `make lock`/d' \
	  -e '1i # Everything that the demo and the tests need. Made by `make lock`; see docs/adr/0002-locks.md.' \
	  requirements-cpu.lock requirements-cuda.lock

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
