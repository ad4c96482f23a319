# Two commands matter: `make demo` and `make test`. Each needs Python 3.11 or newer, make and a
# package registry, and sets up .venv by itself; run again, it starts at once.

# The interpreter to make .venv with; where it is not given, the first that will do.
PYTHON ?=
INTERPRETERS := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python)
ARGS ?=
# The Pythons that `make test-all` looks for.
VERSIONS ?= 3.11 3.12 3.13 3.14
# How many processes the tests run in; they wait more than they work.
JOBS ?= 3
VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install --disable-pip-version-check -c requirements.lock
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-newest test-all lint format bench soak simulate rounds pictures attack clients release-check licences audit day mutants beside clean

help: ## say what can be made
	@echo "make TARGET [PYTHON=python3.12] [ARGS='--wav question.wav']"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## a bot to talk to in the browser (ARGS: --headless, or options of the bot)
	@$(VENV)/bin/blastoff demo $(if $(findstring --headless,$(ARGS)),,--open) $(ARGS)

# Calls and conversations are played in real time, which others on the same computer disturb: what
# fails is tried once more, alone. What fails then fails.
test: lint $(VENV)/.browser ## lint, types and every test (ARGS: options of pytest)
	@echo "== pytest"
	@$(PY) -m pytest -n $(JOBS) --dist loadgroup $(ARGS) || { \
		status=$$?; [ $$status = 1 ] || exit $$status; \
		echo "== once more, one at a time: what failed beside others"; \
		$(PY) -m pytest --last-failed --last-failed-no-failures none -v $(ARGS); \
	}

test-newest: .newest/.installed ## what leans on Pipecat, on its newest release below 2
	@.newest/bin/python -m pip install --disable-pip-version-check --quiet --upgrade 'pipecat-ai<2'
	@echo "== pytest with $$(.newest/bin/python -m pip show pipecat-ai | grep Version)"
	@.newest/bin/python -m pytest -n $(JOBS) --dist loadgroup -m "not e2e" \
		tests/service tests/calls tests/server/test_pipecat.py $(ARGS)

.newest/.installed: $(VENV)/.python pyproject.toml
	@echo "== installing the newest of what the tests need into .newest"
	@$(PY) -m venv --clear .newest
	@.newest/bin/python -m pip install --disable-pip-version-check -e '.[bots,cli,server,dev]'
	@touch $@

# Where `python3.12` is not on the path, pyenv's is taken.
test-all: ## `make test` with each of VERSIONS that is found, in a virtual environment of its own
	@passed=; failed=; absent=; \
	for version in $(VERSIONS); do \
		found=; \
		for python in python$$version "$$HOME"/.pyenv/versions/$$version.*/bin/python; do \
			[ -n "$$found" ] || ! "$$python" -c '' 2>/dev/null || found=$$python; \
		done; \
		if [ -z "$$found" ]; then \
			absent="$$absent $$version"; \
		elif echo "== make test with $$("$$found" --version)"; \
			$(MAKE) --no-print-directory test VENV=.all/$$version PYTHON="$$found"; then \
			passed="$$passed $$version"; \
		else \
			failed="$$failed $$version"; \
		fi; \
	done; \
	echo "== passed:$${passed:- none}; failed:$${failed:- none}; not found:$${absent:- none}"; \
	[ -n "$$passed" ] && [ -z "$$failed" ]

lint: $(VENV)/.test ## ruff and pyright
	@echo "== ruff"
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@echo "== pyright"
	@$(PY) -m pyright --pythonpath $(PY)

format: $(VENV)/.test ## let ruff rewrite what it can
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(VENV)/.test ## latency and CPU beside stock services (ARGS: options of the bench)
	@$(VENV)/bin/blastoff bench overhead $(ARGS)

beside: $(VENV)/.test .clients/litellm-proxy/.installed .clients/.nginx ## the server beside LiteLLM's proxy and nginx (ARGS: options of the bench)
	@$(VENV)/bin/blastoff bench beside --litellm .clients/litellm-proxy/bin/litellm $(ARGS)

soak: $(VENV)/.test ## 2,000 turns of every fate in one process (ARGS: --turns, --seed, --first)
	@$(PY) -m tests.soak $(ARGS)

day: $(VENV)/.test ## a day's life in an hour: 50,000 turns with eight bots, drawn (ARGS: --secs 600)
	@$(PY) -m tests.soak --turns 50000 --bots 8 --svg day.svg $(ARGS)

mutants: $(VENV)/.mutmut ## small mistakes made in the core on purpose: do its tests notice? (ARGS: --sample 400)
	@$(PY) -m tests.mutants relay $(ARGS)
	@$(PY) -m tests.mutants conductor --sample 300 $(ARGS)

simulate: $(VENV)/.test ## when replies are heard, a million times over (ARGS: options of the bench)
	@$(VENV)/bin/blastoff bench cover --replies 14000 --latency 0.15 --latency 0.3 --latency 0.8 $(ARGS)

rounds: $(VENV)/.test $(VENV)/.browser ## eight spoken questions to the demo's page, in both modes
	@$(PY) -m tests.e2e.rounds $(ARGS)

pictures: $(VENV)/.test $(VENV)/.browser ## the README's pictures and sounds, from the embedded models
	@$(PY) -m tests.page.pictures $(ARGS)
	@$(PY) -m blastoff_pipecat.demo.readme --record

attack: $(VENV)/.test ## the server under ten minutes of hostile clients (ARGS: --secs 60)
	@$(PY) -m tests.server.attack $(ARGS)

clients: $(VENV)/.test $(patsubst %,.clients/%/.installed,livekit langchain litellm pydantic-ai node) ## the server with other projects' clients
	@$(PY) -m pytest tests/clients $(ARGS)

.clients/livekit/.installed: PACKAGES := 'livekit-agents>=1.8,<2' 'livekit-plugins-openai>=1.8,<2'
.clients/langchain/.installed: PACKAGES := 'langchain-openai>=1,<2'
.clients/litellm/.installed: PACKAGES := 'litellm>=1.80,<2'
# 1.107.0 was somebody else's.
.clients/litellm-proxy/.installed: PACKAGES := 'litellm[proxy]>=1.105,!=1.107.0,<2'
.clients/pydantic-ai/.installed: PACKAGES := 'pydantic-ai-slim[openai]>=1,<3'
.clients/node/.installed:
	@echo "== installing Node's clients into $(@D)"
	@mkdir -p $(@D) && cd $(@D) && npm install --silent openai@6 ai@6 @ai-sdk/openai-compatible@2 zod@4
	@touch $@
.clients/%/.installed: $(VENV)/.python
	@echo "== installing $* into $(@D)"
	@$(PY) -m venv $(@D)
	@$(@D)/bin/python -m pip install --disable-pip-version-check -q $(PACKAGES)
	@touch $@

.clients/.nginx:
	@set -e; \
	if ! PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "== installing nginx"; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
				apt-get install -qq -y --no-install-recommends nginx-light >/dev/null; \
		else \
			echo "No nginx here: install your system's, or give ARGS='--nginx /path/to/nginx'." >&2; \
			exit 1; \
		fi; \
	fi
	@mkdir -p $(@D) && touch $@

release-check: .release/.installed ## build what would be published, install it bare, and try it
	@.release/bin/python -m tests.release

licences: $(VENV)/.test ## the licence of all that is installed, held to a list
	@$(PY) -m tests.release.licences

audit: .release/.installed ## known vulnerabilities of what is pinned, as PyPI knows them
	@.release/bin/python -m tests.release.audit

.release/.installed: $(VENV)/.python Makefile
	@echo "== installing what checks a release into .release"
	@$(PY) -m venv --clear .release
	@.release/bin/python -m pip install --disable-pip-version-check -q \
		'build>=1.3,<2' 'twine>=7,<8' 'pip-audit>=2.9,<3' 'packaging>=24,<27'
	@touch $@

clean: ## remove .venv and all caches
	rm -rf $(VENV) .all .newest .release .clients build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find blastoff_pipecat bots tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.demo: $(VENV)/.python pyproject.toml requirements.lock
	@echo "== installing what the demo needs into $(VENV)"
	@$(PIP_INSTALL) -e '.[bots,cli,local]'
	@touch $@

$(VENV)/.test: $(VENV)/.python pyproject.toml requirements.lock
	@echo "== installing what the tests need into $(VENV)"
	@$(PIP_INSTALL) -e '.[bots,cli,local,server,dev]'
	@touch $@ $(VENV)/.demo

# Of it only the mistakes are taken (tests/mutants/mutation.py): nothing else needs it.
$(VENV)/.mutmut: $(VENV)/.test
	@echo "== installing mutmut into $(VENV)"
	@$(PIP_INSTALL) -q 'mutmut>=3.8.1,<3.9'
	@touch $@

# The browser's tests need a Chromium of the system's. It is installed where that needs no password
# and no question, with the library that Playwright's driver needs; elsewhere those tests are
# skipped, and say so.
$(VENV)/.browser: $(VENV)/.python
	@set -e; \
	if ! command -v chromium >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "== installing Chromium for the browser's tests"; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
				apt-get install -qq -y --no-install-recommends chromium libatomic1 >/dev/null; \
		else \
			echo "No Chromium here: the browser's tests will be skipped."; \
		fi; \
	fi
	@touch $@

# A .venv whose folder was moved, or whose interpreter is gone, is made anew: the stamp says where.
ifneq ($(shell $(PY) -c 'print(open("$(VENV)/.python").read())' 2>/dev/null),$(CURDIR))
.PHONY: $(VENV)/.python
endif

# Of the interpreters found, one that every pinned wheel exists for (below 3.15) goes before a newer
# one. ensurepip is asked for first, since Debian's python3 comes without it and would leave half a
# venv behind.
$(VENV)/.python:
	@set -e; found=; \
	for below in 15 99; do \
		for python in $(INTERPRETERS); do \
			[ -n "$$found" ] || "$$python" -c \
				"import sys; sys.exit(not (3, 11) <= sys.version_info < (3, $$below))" \
				2>/dev/null </dev/null && found=$${found:-$$python}; \
		done; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is needed; tried: $(INTERPRETERS)." >&2; \
		echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
		exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		version=$$("$$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "$$found cannot make a virtual environment." >&2; \
		echo "On Debian and Ubuntu: apt install python$$version-venv" >&2; \
		exit 1; \
	fi; \
	echo "== making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV); \
	printf '%s' '$(CURDIR)' > $@
