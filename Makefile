# make run          set everything up, then show the main job on a repository made on the spot
# make test         set everything up, then run every check and test
# make quick        check what can be checked in under a minute, while you edit
# make test-lowest  run the tests with the lowest version of every dependency that pyproject.toml allows
# make bench        compare with dnf and zypper on a repository of distribution size (takes a while)
# make setup        leave a working .venv/bin/tdnf

PYTHON := .venv/bin/python
WORKERS ?= auto

.PHONY: run test quick test-lowest lint unit bench setup stubs clean

run: setup
	$(PYTHON) tools/demo.py .venv/bin/tdnf

test: lint unit

lint: setup-test
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

unit: setup-test
	$(PYTHON) -m pytest -n $(WORKERS) --dist worksteal

test-lowest:
	tools/setup.sh lowest
	.venv-lowest/bin/python -m pytest -n $(WORKERS) --dist worksteal

quick: setup-test
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m pytest -q -n $(WORKERS) --dist worksteal --quick tests/test_architecture.py tests/test_compatibility.py tests/unit

bench:
	tools/setup.sh bench
	$(PYTHON) -m tools.bench

setup:
	tools/setup.sh run

# The types of tdnf.api for type checkers, after a change of the API.
stubs: setup-test
	$(PYTHON) tools/launcher/stubs.py tools/launcher/tdnf/api.pyi
	$(PYTHON) -m ruff format -q tools/launcher/tdnf/api.pyi

.PHONY: setup-test
setup-test:
	tools/setup.sh test

clean:
	rm -rf .venv .venv-lowest .bench .mypy_cache .ruff_cache .pytest_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
