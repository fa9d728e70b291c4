# Each target makes .venv on first use; Python 3.11, 3.12 or 3.13, make and pip are all that it needs.

# The newest that runs: a version manager may have commands of Pythons that are not active.
PYTHON ?= $(shell for each in python3.13 python3.12 python3.11 python3; do \
	"$$each" -c "" 2>/dev/null && command -v "$$each" && break; done)
SUBMISSION ?= reference
REPORT ?= report
PICTURES ?= docs
MINUTES ?= 1
TARGET ?=
ARGS ?=
VENV := .venv
READY := $(VENV)/.ready
PY := $(VENV)/bin/python
# An empty list of parameters would be a test that checks nothing.
STRICT := -o empty_parameter_set_mark=fail_at_collect
# Files in the order of their folders: those with gradings come first, so that none of them is left to the end.
SPREAD := $(STRICT) -n auto --no-loadscope-reorder
SLOW := gradings or tensorflow or corpus or attacks or e2e or browser or fuzz

.PHONY: help grade test test-all check fuzz bench regress baseline screenshot clean

help:
	@echo "make grade [SUBMISSION=./student] [ARGS=...]   grade a submission; the report goes to $(REPORT)/report.html"
	@echo "make test                                      the suite's own tests, but the slow ones"
	@echo "make test-all                                  all of them"
	@echo "make check                                     ruff, mypy, import-linter"
	@echo "make fuzz [MINUTES=1] [TARGET=...]             run each parser, or one, on changed inputs for so long"
	@echo "make bench                                     what grading costs, as ratios"
	@echo "make regress [ARGS=...]                        grade the corpus, say what is not as expected"
	@echo "make baseline                                  make the reference's own .tflite files again"
	@echo "make screenshot                                the pictures in docs/, through headless Chromium"

# uv installs in seconds what takes pip minutes; where it can't be had, pip does it.
# The project's build backend is in the lock file too, so that installing the project itself downloads nothing more.
$(READY): requirements.lock
	@echo "making $(VENV) (once) with $(PYTHON)"
	@"$(PYTHON)" -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))" || \
		{ echo "optgrade needs Python 3.11, 3.12 or 3.13: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV)
	@if $(PY) -m pip install --quiet --disable-pip-version-check uv; then \
		install="$(PY) -m uv pip install --python $(PY)"; \
	else \
		install="$(PY) -m pip install --disable-pip-version-check"; \
	fi; \
	$$install --quiet -r requirements.lock && $$install --quiet --no-deps --no-build-isolation -e .
	@touch $(READY)

# Points lost are a result, not an error of make; anything unscored or a usage error is one.
grade: $(READY)
	@$(PY) -m pytest -c pyproject.toml graders --submission="$(SUBMISSION)" --report-dir="$(REPORT)" $(ARGS); \
	code=$$?; if [ $$code -eq 1 ]; then exit 0; else exit $$code; fi

test: $(READY)
	@$(PY) -m pytest tests $(SPREAD) -m "not ($(SLOW))" $(ARGS)

# Gradings of the corpus start a process for each core, so they come on their own. After `make test`, TESTED=1 leaves out
# what it ran, except tests of generated examples: here they get other examples, and more.
test-all: $(READY)
	@$(PY) -m pytest tests $(SPREAD) -m "not corpus $(if $(TESTED),and ($(SLOW) or hypothesis))" \
		--hypothesis-profile=ci $(ARGS)
	@$(PY) -m pytest tests $(STRICT) -m corpus $(ARGS)

check: $(READY)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet graders conftest.py benchmarks fixtures/datasets fixtures/models
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo

# atheris is an extra, which tells what code an input reaches. Without it, inputs are changed without knowing that.
FUZZ_EXTRA = $(PY) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["fuzz"])'

fuzz: $(READY)
	@$(PY) -c "import atheris" 2>/dev/null || $(PY) -m pip install --quiet --disable-pip-version-check "$$($(FUZZ_EXTRA))" || \
		echo "atheris can't be installed here: fuzzing without coverage" >&2
	@nice -n 19 $(PY) -m tests.fuzz --minutes $(MINUTES) $(ARGS) $(TARGET)

bench: $(READY)
	@$(PY) benchmarks/bench.py $(ARGS)

regress: $(READY)
	@$(PY) -m graders regress $(ARGS)

baseline: $(READY)
	@$(PY) -m graders baseline

screenshot: $(READY)
	@$(PY) docs/screenshot.py $(PICTURES)

clean:
	rm -rf $(VENV) $(REPORT) .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
