# The habits of the project. `make` lists them; each makes its virtual environment first if there is none.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help

.PHONY: help
help:  ## List the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# The marker is written last, so an interrupted installation is begun again; it is renewed when the requirements change.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[development]'
	@touch $@

.PHONY: train
train: $(VENV)/.ready  ## Train the default recipe on MovieLens-100K, test it, export artifacts/latest
	$(BIN)/recsys fit --config recsys/configs/lnn-adam-ratio-90.yaml

# As many processes as there are cores, of one thread each: threads of several processes wait for each other.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

.PHONY: test
test: $(VENV)/.ready  ## Run the tests, without the slow ones
	$(PYTEST) -m "not slow"
	@echo "The tests marked slow were left out: make test-all runs them, too."

.PHONY: test-all
test-all: $(VENV)/.ready  ## Run all tests
	$(PYTEST)

.PHONY: serve
serve: $(VENV)/.ready  ## Serve artifacts/latest on http://127.0.0.1:8000
	$(BIN)/python -m serving.app

.PHONY: lint
lint: $(VENV)/.ready  ## Check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: $(VENV)/.ready  ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: $(VENV)/.ready  ## Measure speed (benchmarks/results/speed.json)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[development,bench]'
	$(BIN)/python -m benchmarks.speed --json benchmarks/results/speed.json

.PHONY: rmse-table
rmse-table: $(VENV)/.ready  ## Measure our models and others on the same splits (over an hour)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[development,bench]'
	$(BIN)/python -m benchmarks.rmse_table --json benchmarks/results/rmse_table.json
	$(BIN)/python -m benchmarks.document

.PHONY: table1
table1: $(VENV)/.ready  ## Reproduce the paper's Table 1 on synthetic matrices (half an hour)
	$(BIN)/python -m synthetic.table1 --json benchmarks/results/table1.json
	$(BIN)/python -m benchmarks.document

.PHONY: figures
figures: $(VENV)/.ready  ## Draw the controlled experiments, training what is missing (half an hour)
	$(BIN)/python -m synthetic.figures

.PHONY: faults
faults: $(VENV)/.ready  ## Kill, fill disks, flip bytes and send hostile requests, and count what is left (an hour)
	$(BIN)/python -m benchmarks.faults --json benchmarks/results/faults.json

.PHONY: clean
clean:  ## Remove the virtual environment and what tools leave; artefacts, checkpoints and logs stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
