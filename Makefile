# Everything a developer, an operator or CI does here. `make` alone lists it.
# Set-up comes by itself; once it is done, only `lock` uses the network.

# The first Python that will do, unless PYTHON=... names one.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
  && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# What the tools make for themselves is no deployment's data.
TOOL := MJPROXY_DATA_DIR=$(abspath $(VENV))/tool-data $(BIN)
# As a deployment behind a proxy would be set, to look at it with Django's own checks.
DEPLOYED := MJPROXY_PUBLIC_URL=https://draw.example.com MJPROXY_TRUSTED_PROXIES=1 \
  MJPROXY_HOST=0.0.0.0 MJPROXY_ALLOWED_HOSTS=draw.example.com
UV ?= uv
# Tests commit all the time and never look at what a loss of power leaves. In a folder in
# memory, and with commits of PostgreSQL that do not wait, the disk costs them no time.
ROOM := 4000000  # KiB that must be free there
MEMORY := $(shell set -- $$(df -Pk /dev/shm 2>/dev/null | tail -n 1); \
  [ "$$6" = /dev/shm ] && [ -w /dev/shm ] && [ "$$4" -gt $(ROOM) ] && echo $$6)
PYTEST := $(if $(MEMORY),TMPDIR=$(MEMORY)) PGOPTIONS='-c synchronous_commit=off' \
  $(BIN)/python -m pytest
# One process more than there are cores, because some tests wait.
UNIT := $(PYTEST) -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --ignore=tests/e2e
# The tests of a file follow each other in one product. So many products run at a time,
# more than there are cores, because they often wait for a time to be over;
# tests/e2e/conftest.py says which files begin.
PRODUCTS ?= 4
E2E := $(PYTEST) -p no:randomly -n $(PRODUCTS) --dist loadfile \
  --no-loadscope-reorder --timeout 240

.DEFAULT_GOAL := help
.PHONY: help setup generators run demo test unit e2e coverage check services mysql \
  mysql-core mysql-driver s3-packages format lint types layers deps migrations deploy schema \
  bench fmt texts lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.dev  ## make .venv with everything that run, test and check need

generators: $(VENV)/.generators  ## what the tests of generated clients need, Java and Node too

run: $(VENV)/.run  ## run the product: manage.py up
	$(BIN)/python manage.py up

demo: $(VENV)/.s3  ## run it with a simulated Discord, ready accounts and a key
	$(BIN)/python manage.py up --demo

test: unit e2e  ## all tests

unit: $(VENV)/.dev  ## tests in one process each, on all cores
	$(UNIT) tests

e2e: $(VENV)/.dev  ## tests of real processes, PRODUCTS=4 files at a time
	$(E2E) tests/e2e

coverage: $(VENV)/.dev  ## what no unit test runs, line by line and branch by branch
	$(UNIT) --cov tests

STATIC := types format lint layers deps migrations deploy schema
check: $(VENV)/.dev  ## all that CI runs first
	$(MAKE) -j 2 $(STATIC)
	$(MAKE) test

# Tests that ask no database ran before, and those to which any database is the same. The
# other end-to-end tests ask the same of database and Redis: once is enough for them.
# `make e2e` with DATABASE_URL and REDIS_URL runs them all there.
SERVICES := clocks crash crash_windows database_faults disorder drawing errands fairness \
  health health_silent open_sessions redis_faults same_prompt two_gateways
services: $(VENV)/.dev  ## what depends on the database and Redis that are given
	$(UNIT) -m 'database and not any_database' tests
	$(E2E) $(SERVICES:%=tests/e2e/test_%.py)

# The server that a distribution's package sets up; make MYSQL=mysql://... for another.
MYSQL ?= mysql://root@127.0.0.1:3306/mjproxy
ON_MYSQL := DATABASE_URL=$(MYSQL)

mysql: $(VENV)/.mysql  ## all tests on MySQL or MariaDB (MYSQL=mysql://... names it)
	$(ON_MYSQL) $(MAKE) test

# Where rows are written by condition, locked, sorted or searched; and what kills processes.
mysql-core: $(VENV)/.mysql  ## of those what asks most of the database
	$(ON_MYSQL) $(UNIT) tests/test_migrations.py tests/tasks/submit \
	  $(foreach name,mjproxy accounts tasks gateway,$(MYSQL_$(name):%=tests/$(name)/%.py))
	$(ON_MYSQL) $(E2E) tests/e2e/test_drawing.py tests/e2e/test_crash.py \
	  -k 'test_drawing or running or all_processes'

MYSQL_mjproxy := $(addprefix db/test_,mysql mysql_faults) lib/db/test_deadlocks \
  $(addprefix backups/test_,roundtrip copying_servers)
MYSQL_accounts := people/test_keys choice/test_pool_settings choice/test_usage \
  editing/test_save $(addprefix credits/test_,codes ledger) limits/test_meter \
  audit/test_api_acts $(addprefix state/test_,changes mails) \
  $(addprefix verification/test_,lock helper_server)
MYSQL_tasks := admin/test_tasks prompts/banned/test_groups cleanup/test_retention \
  pictures/test_store $(addprefix webhooks/test_,by_hand calls picking states two_couriers) \
  $(addprefix test_,errands jobs load services services_waiting updates)
MYSQL_gateway := test_leases test_lost_accounts test_sweep $(addprefix events/test_,matching open_tasks) \
  $(addprefix lanes/test_,lane turns next_task) \
  $(addprefix sending/test_,cancel dispatch errands prepare queries \
    window_answers) \
  $(addprefix sockets/test_,batches_property history outage)

format: $(VENV)/.dev  ## is everything formatted?
	$(BIN)/ruff format --check .

lint: $(VENV)/.dev  ## likely mistakes
	$(BIN)/ruff check .

types: $(VENV)/.dev  ## mypy, strictly
	$(TOOL)/mypy .

layers: $(VENV)/.dev  ## who may import whom
	$(BIN)/lint-imports --no-logo

deps: $(VENV)/.dev  ## is every imported package declared, and every declared one used?
	$(BIN)/deptry .

migrations: $(VENV)/.dev  ## does every change of a model have its migration?
	$(TOOL)/python manage.py makemigrations --check --dry-run

deploy: $(VENV)/.dev  ## system checks, as a deployment would see them
	@mkdir -p $(VENV)/tool-data && chmod 700 $(VENV)/tool-data
	$(DEPLOYED) $(TOOL)/python manage.py check --deploy --fail-level WARNING

schema: $(VENV)/.dev  ## the OpenAPI document builds without a warning
	$(TOOL)/python manage.py spectacular --validate --fail-on-warn --file openapi.yaml

bench: $(VENV)/.dev  ## measure the product against its budgets, as one JSON
	@$(BIN)/python -m tests.bench

fmt: $(VENV)/.dev  ## format, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

texts: $(VENV)/.dev  ## collect the texts of the pages, and compile their Chinese
	$(BIN)/python -m tests.texts

lock:  ## resolve the dependencies anew (needs uv and the network)
	$(UV) lock --upgrade
	$(UV) export $(EXPORT) --no-dev -o requirements/run.txt
	$(UV) export $(EXPORT) -o requirements/dev.txt
	$(UV) export $(EXPORT) --only-group mysql -o requirements/mysql.txt
	$(UV) export $(EXPORT) --only-group s3 -o requirements/s3.txt
	$(UV) export $(EXPORT) --only-group generators -o requirements/generators.txt

# Versions and hashes only: where packages come from is the machine's business.
EXPORT := --frozen --quiet --format requirements.txt --no-header --no-annotate \
  --no-emit-project

clean:  ## remove caches and generated files; data and .venv stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf openapi.yaml $(VENV)/tool-data
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "mjproxy needs Python 3.11 to 3.14" >&2; exit 1; }
	@$(PYTHON) -c '' || { echo "PYTHON=$(PYTHON) does not run" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "this Python cannot make \
	virtual environments: apt-get install python$$($(PYTHON) -c 'import sys; \
	print("%d.%d" % sys.version_info[:2])')-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt | $(VENV)/bin/pip
	$(PIP) install --quiet --require-hashes -r requirements/run.txt
	@touch $@

# The development list holds the other two as well.
$(VENV)/.dev: requirements/dev.txt | $(VENV)/bin/pip
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $(VENV)/.run $(VENV)/.s3 $@

mysql-driver: $(VENV)/.mysql  ## the driver for MySQL, into .venv

s3-packages: $(VENV)/.s3  ## what keeping pictures in a bucket needs, into .venv

$(VENV)/.s3: requirements/s3.txt $(VENV)/.run
	$(PIP) install --quiet --require-hashes -r requirements/s3.txt
	@touch $@

# Compiled here: needs a C compiler, pkg-config and the headers of MariaDB or MySQL.
$(VENV)/.mysql: requirements/mysql.txt $(VENV)/.dev
	$(PIP) install --quiet --require-hashes -r requirements/mysql.txt
	@touch $@

# Made anew with the environment's own packages, so that no test has to fetch any.
$(VENV)/.generators: requirements/generators.txt tests/generated/package-lock.json \
    | $(VENV)/.dev
	$(PIP) install --quiet --require-hashes -r requirements/generators.txt
	mkdir -p $(VENV)/typescript
	cp tests/generated/package.json tests/generated/package-lock.json $(VENV)/typescript
	PATH="$(abspath $(BIN)):$$PATH" npm ci --prefix $(VENV)/typescript \
	  --ignore-scripts --no-audit --no-fund --silent
	@touch $@
