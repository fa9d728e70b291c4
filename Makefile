# Each target makes .venv by itself on first use; Python 3.11, make and pip are all that it needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
SUBMISSION ?= reference
REPORT ?= report
PICTURES ?= docs
ARGS ?=
VENV := .venv
READY := $(VENV)/.ready
PY := $(VENV)/bin/python

.PHONY: help grade test check bench regress baseline screenshot clean

help:
	@echo "make grade [SUBMISSION=./student] [ARGS=...]   grade a submission; the report goes to $(REPORT)/report.html"
	@echo "make test                                      the suite's own tests"
	@echo "make check                                     ruff, mypy, import-linter"
	@echo "make bench                                     what grading costs, as ratios"
	@echo "make regress [ARGS=...]                        grade the corpus, say what is not as expected"
	@echo "make baseline                                  make the reference's own .tflite files anew"
	@echo "make screenshot                                the pictures in docs/, through headless Chromium"

# uv installs in seconds what takes pip minutes; where it can't be had, pip does it.
$(READY): requirements.lock
	@echo "making $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@if $(PY) -m pip install --quiet --disable-pip-version-check uv; then \
		$(PY) -m uv pip install --quiet --python $(PY) -r requirements.lock; \
	else \
		$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock; \
	fi
	@$(PY) -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'optgrade.pth').write_text('$(CURDIR)')"
	@touch $(READY)

# Points lost are a result, not an error of make; anything unscored or a usage error is one.
grade: $(READY)
	@$(PY) -m pytest -c pyproject.toml graders --submission="$(SUBMISSION)" --report-dir="$(REPORT)" $(ARGS); \
	code=$$?; if [ $$code -eq 1 ]; then exit 0; else exit $$code; fi

test: $(READY)
	@$(PY) -m pytest tests $(ARGS)

check: $(READY)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet graders conftest.py benchmarks fixtures/datasets fixtures/models
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo

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
