# The habits of the project. `make` lists them; each makes its virtual environment first if there is none.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Whose Python and packages the tests run with; test-lowest and test-versions have their own.
TESTED := $(BIN)

.DEFAULT_GOAL := help

.PHONY: help
help:  ## List the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# The marker is written last, so an interrupted installation is begun again; it is renewed when the requirements change.
# Every package is checked against the lock's hashes but torch (requirements/torch.txt says why) and this one.
PIP = $(TESTED)/python -m pip
# uv takes a tenth of pip's time, but does not read pip's settings: where it cannot reach the index, pip installs.
PACKAGES = install --quiet --no-deps $(1)
install_packages = $(BIN)/uv pip $(PACKAGES) --python $(TESTED)/python || $(PIP) $(PACKAGES)
define install
$(call install_packages,$(1))
$(PIP) install --quiet --requirement requirements/torch.txt
rm -rf recsys.egg-info  # one that an earlier installation left would go on naming its version
$(PIP) install --quiet --no-deps --no-build-isolation --editable .
$(PIP) check
endef
LOCKED := --require-hashes --requirement requirements/development.txt

$(VENV)/.ready: TESTED := $(BIN)
$(VENV)/.ready: pyproject.toml requirements/development.txt requirements/torch.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	sed -n '/^uv==/,/[^\\]$$/p' requirements/development.txt | $(PIP) install --quiet --no-deps --require-hashes --requirement /dev/stdin
	$(call install,$(LOCKED))
	@touch $@

$(VENV)/.extras: $(VENV)/.ready requirements/all.txt
	$(call install_packages,--require-hashes --requirement requirements/all.txt)
	$(PIP) check
	@touch $@

.PHONY: extras
extras: $(VENV)/.extras  ## Install what other methods, the browser and other projects' clients need

.PHONY: train
train: $(VENV)/.ready  ## Train the default recipe on MovieLens-100K, test it, export artifacts/latest
	$(BIN)/recsys fit --config recsys/configs/lnn-adam-smoothed-ratio.yaml

# Hundreds of processes would compile the same modules, each for itself.
unexport PYTHONDONTWRITEBYTECODE

# As many processes as there are cores, of one thread each: threads of several processes wait for each other.
PYTEST = OMP_NUM_THREADS=1 $(TESTED)/python -m pytest --numprocesses auto --dist worksteal

.PHONY: test
test: $(VENV)/.ready  ## Run the tests, without the slow ones
	$(PYTEST) -m "not slow"
	@echo "The tests marked slow were left out: make test-all runs them, too."

.PHONY: test-all
test-all: $(VENV)/.ready  ## Run all tests
	$(PYTEST) --numprocesses $$($(TESTED)/python -c 'import os; print(2 * os.cpu_count())')  # the slow ones wait for servers

# Warnings are shown, not errors: old releases warn of each other.
.PHONY: test-lowest
test-lowest: TESTED := $(VENV)/lowest/bin
test-lowest: $(VENV)/.ready  ## Run the tests with the oldest versions that pyproject.toml allows
	$(BIN)/uv pip compile --quiet pyproject.toml --extra development --resolution lowest-direct --no-emit-package torch --output-file $(VENV)/lowest.txt
	$(PYTHON) -m venv --clear $(VENV)/lowest
	$(call install,--requirement $(VENV)/lowest.txt)
	$(PYTEST) -m "not slow" -W default

# uv takes the interpreters that are on this machine, and fetches those that are not.
VERSIONS := test-3.12 test-3.13
.PHONY: test-versions $(VERSIONS)
test-versions: $(VERSIONS)  ## Run the tests with the newer versions of Python that pyproject.toml allows
$(VERSIONS): TESTED = $(VENV)/$*/bin
$(VERSIONS): test-%: $(VENV)/.ready
	$(BIN)/uv venv --quiet --clear --seed --python $* $(VENV)/$*
	$(call install,$(LOCKED))
	$(PYTEST) -m "not slow"

# The choices of torch's, oneDNN's and OpenBLAS's code by what the processor can do, set to those without AVX-512.
.PHONY: test-avx2
test-avx2: $(VENV)/.ready  ## Run the tests of numbers as a processor without AVX-512 would
	ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell $(PYTEST) -m "not slow" tests/recsys tests/synthetic --ignore=tests/recsys/command --ignore=tests/recsys/results

LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-package torch --constraint requirements/torch.txt
.PHONY: lock
lock: $(VENV)/.ready  ## Write the exact versions and hashes of all requirements; versions stay where they may
	$(LOCK) pyproject.toml --all-extras --output-file requirements/all.txt
	$(LOCK) pyproject.toml --extra development --constraint requirements/all.txt --output-file requirements/development.txt
	$(LOCK) --group serving --constraint requirements/all.txt --output-file requirements/serving.txt

.PHONY: upgrade
upgrade: LOCK += --upgrade
upgrade: lock  ## As lock, with the newest versions

.PHONY: serve
serve: $(VENV)/.ready  ## Serve artifacts/latest on http://127.0.0.1:8000
	$(BIN)/python -m serving.app

# The linters of JavaScript come from npm. Only a machine that must check everything, as .ci/run does, fails without it.
JAVASCRIPT := .ci/javascript
NODE_BIN := $(JAVASCRIPT)/node_modules/.bin
HAS_NPM := $(shell command -v npm)
$(JAVASCRIPT)/node_modules/.ready: $(JAVASCRIPT)/package.json $(JAVASCRIPT)/package-lock.json
	npm ci --prefix $(JAVASCRIPT) --no-fund --no-audit --loglevel error
	@touch $@

ESLINT = $(NODE_BIN)/eslint --config $(JAVASCRIPT)/eslint.config.js serving $(JAVASCRIPT)
PRETTIER = $(NODE_BIN)/prettier "serving/**/*.{js,css,html}" "$(JAVASCRIPT)/*.js"

.PHONY: lint
lint: lint-python lint-spelling lint-javascript  ## Check style, formatting, types and spelling

.PHONY: lint-python
lint-python: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: lint-spelling
lint-spelling: $(VENV)/.ready
	git ls-files -z --cached --others --exclude-standard | xargs -0 $(BIN)/codespell

.PHONY: lint-javascript
ifdef HAS_NPM
lint-javascript: $(JAVASCRIPT)/node_modules/.ready
	$(ESLINT)
	$(PRETTIER) --check
else
lint-javascript:
	@echo "npm (Debian: nodejs, npm) is missing, so the page's JavaScript, CSS and HTML were not checked." >&2
	@test -z "$$CI"
endif

.PHONY: format
format: $(VENV)/.ready  ## Format the code and mend what the linters can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
ifdef HAS_NPM
	@$(MAKE) --no-print-directory $(JAVASCRIPT)/node_modules/.ready
	$(ESLINT) --fix
	$(PRETTIER) --write
endif

.PHONY: release
release: $(VENV)/.extras  ## Build the sdist and the wheel, and train and serve from the wheel in an empty environment
	.ci/release

.PHONY: coverage
coverage: $(VENV)/.ready  ## Run the tests, without the slow ones, and say which lines and branches they run
	$(PYTEST) -m "not slow" --cov --cov-report=term:skip-covered

.PHONY: bench
bench: $(VENV)/.extras  ## Measure speed (benchmarks/results/speed.json)
	$(BIN)/python -m benchmarks.speed --json benchmarks/results/speed.json

.PHONY: scale
scale: $(VENV)/.extras  ## Measure fits of generated ratings up to 100 million (over an hour; 10 GB of disk and of memory)
	$(BIN)/python -m benchmarks.scale --sizes 1m 10m 25m 100m --peers smurff --json benchmarks/results/scale.json
	$(BIN)/python -m benchmarks.document

.PHONY: rmse-table
rmse-table: $(VENV)/.extras  ## Measure our models and others on the same splits (over an hour)
	$(BIN)/python -m benchmarks.rmse_table --json benchmarks/results/rmse_table.json
	$(BIN)/python -m benchmarks.document

.PHONY: ranking-table
ranking-table: $(VENV)/.extras  ## Measure how recommendations rank, against other methods (a quarter of an hour)
	$(BIN)/python -m benchmarks.ranking_table --json benchmarks/results/ranking_table.json
	$(BIN)/python -m benchmarks.document

.PHONY: table1
table1: $(VENV)/.ready  ## Reproduce the paper's Table 1 on synthetic matrices (half an hour)
	$(BIN)/python -m synthetic.table1 --json benchmarks/results/table1.json
	$(BIN)/python -m benchmarks.document

.PHONY: figures
figures: $(VENV)/.ready  ## Draw the controlled experiments, training what is missing (half an hour)
	$(BIN)/python -m synthetic.figures

.PHONY: faults
faults: $(VENV)/.ready  ## Kill, fill disks, flip bytes and send hostile requests, and count what is left (half an hour)
	$(BIN)/python -m benchmarks.faults --json benchmarks/results/faults.json
	$(BIN)/python -m benchmarks.document

# Zensical wants all pages in one folder: the README is the home, and links lead to where the copies lie.
.PHONY: docs
docs: $(VENV)/.ready  ## Build the documentation as a site in site/; a warning is an error
	rm -rf .documentation site
	cp -r docs .documentation
	cp README.md .documentation/index.md
	cp CONTRIBUTING.md CHANGELOG.md LICENSE .documentation
	cp -r benchmarks/results .documentation/results
	rm -f .documentation/results/*.md
	sed -i -E 's#\]\((docs/|\.\./benchmarks/|benchmarks/)#](#g' .documentation/*.md
	$(BIN)/zensical build --strict --clean

.PHONY: clean
clean:  ## Remove the virtual environment and what tools leave; artefacts, checkpoints and logs stay
	rm -rf $(VENV) $(JAVASCRIPT)/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .documentation site *.egg-info
