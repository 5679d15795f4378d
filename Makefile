# Every target sets up what it needs: a fresh machine needs Python (3.9 or newer) and make.
PYTHON ?= python3
BIN := .venv/bin

export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION := eu-north-1
# SAM and the makefiles of the layers look for python3.13 on PATH.
export PATH := $(CURDIR)/$(BIN):$(PATH)

PYTEST := $(BIN)/pytest
# A process for each core, which take over each other's tests.
BESIDE := -n auto --dist worksteal
# What waits for a deployed stack leaves a core to others: one process more than cores.
LANES := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.DEFAULT_GOAL := help
.PHONY: help ready demo first-contact up quick test check format faults mutants bench scale texts build deploy undeploy lock clean

help: ## Show this list, with how long each takes on two idle cores once all is set up
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

ready:
	@$(PYTHON) local/bootstrap.py

demo: ready ## Run the whole product on this machine once, from activation to reactivation (4 min)
	$(BIN)/python -m local.demo

first-contact: ready ## Meet a system that the product is not told about; SEED=n draws it, COUNT=n as many (5 s); DEPLOYED=1: also deployed (2 min)
	$(BIN)/python -m local.first_contact --seed $(or $(SEED),1) --count $(or $(COUNT),1)
	$(if $(DEPLOYED),FIRST_CONTACT_SEED=$(or $(SEED),1) $(PYTEST) tests/e2e/test_drawn_system.py)

up: ready ## Start the same stack and leave it running; prints where to sign in, until Ctrl-C (20 s); NAME=b: one more beside it
	$(BIN)/python -m local.up --name $(or $(NAME),up)

quick: ready ## Run the tests that need no stack and no browser, without faults (4 min)
	$(PYTEST) $(BESIDE) --ignore=tests/e2e --ignore=tests/artefact --ignore=tests/faults

test: ready ## Run all tests; of faults, those that are no long enumerations (12 min)
	$(PYTEST) -n $(LANES) --dist loadgroup -m 'not enumerated'

check: ready ## Check format, lint, types, imports, template, roles and locks (1 min)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/pytest tests/architecture tests/infrastructure
	$(BIN)/sam validate --lint
	$(BIN)/cfn-lint --template template.yaml --regions eu-north-1 --include-checks I
	.venv-checks/bin/checkov --file template.yaml --framework cloudformation --skip-download --compact --quiet

format: ready ## Format the code and mend what can be mended (seconds)
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

faults: ready ## Run all tests that break things on purpose (13 min); SHARE=3/10: a tenth of the enumerations (4 min)
	$(PYTEST) $(BESIDE) tests/faults --share $(or $(SHARE),0/1) $(if $(SHARE),-m enumerated)

mutants: ready ## Make one mistake at a time in engines and transport; a test must notice (80 min)
	$(BIN)/python -m local.mutants

bench: ready ## Count calls, units and dollars, and compare with a plain script (5 min)
	$(BIN)/python -m local.bench

scale: ready ## Play 10,000 warehouses, hanging ones and a month's first night on the real code, on a clock that is moved (2 min)
	$(BIN)/python -m local.simulate_scale

texts: ready ## Bring the Swedish catalogue up to date with the texts of pages and mails (seconds)
	$(BIN)/python -m local.texts

build: ready ## Build the artefacts that are deployed (30 s)
	$(BIN)/sam build

deploy: build ## Deploy to AWS: STAGE=staging or STAGE=prod; asks once for what it needs (10 min)
	@$(BIN)/python -m local.release deploy $(STAGE)

undeploy: ready ## Remove a stage from AWS again; says what it keeps and why (10 min)
	@$(BIN)/python -m local.release undeploy $(STAGE)

lock: ## Pin all dependencies anew, keeping what still fits (1 min)
	$(PYTHON) local/bootstrap.py --lock

clean: ## Remove what was built; the environments stay (seconds)
	rm -rf .aws-sam build .mypy_cache .ruff_cache .hypothesis
	find functions layers local tests -name __pycache__ -type d -prune -exec rm -rf {} +
