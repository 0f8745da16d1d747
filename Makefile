# Everything runs in .venv, which is made on first use with the versions of constraints.txt.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

.PHONY: help demo servers test lint bench bench-kafka chaos soak clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)  ## a simulated market, its bars live and final, a crash in between
	$(VENV)/bin/barloom demo

servers: $(READY)  ## fetch the real servers that tests use (needs Java 17 and Maven)
	PYTHONPATH=tests $(VENV)/bin/python -m servers.artifacts

test: $(READY)  ## all tests
	$(VENV)/bin/python -m pytest -n auto --dist worksteal

lint: $(READY)  ## style, format and types
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests/typing
	$(VENV)/bin/pyright

bench: $(READY)  ## the speed and memory figures of benchmarks/README.md
	$(VENV)/bin/python benchmarks

bench-kafka: $(READY)  ## the same on Kafka, on a broker of its own (needs Java 17 and Maven)
	PYTHONPATH=tests $(VENV)/bin/python benchmarks/kafka

chaos: $(READY)  ## 100 kills of Kafka instances and other trouble, every bar compared
	PYTHONPATH=tests $(VENV)/bin/python -m kafka.chaos --kills 100
	PYTHONPATH=tests $(VENV)/bin/python -m kafka.publish.chaos --kills 100

soak: $(READY)  ## 500 random scripts of trouble at venues, every bar compared
	PYTHONPATH=tests $(VENV)/bin/python -m feed.soak --scripts 500

clean:  ## remove what the other commands made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-state dist build
