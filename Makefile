# make demo  shows the whole chain on this machine;  make help  lists the rest.
#
# Each target makes the virtual environment it needs, and renews it when the pins or pyproject.toml change.
# Settings:  make demo PYTHON=/path/to/python VENV=/path/to/environment ARGS="--num 3"
#            make test AS_IS=1    takes the environment as it is, and installs nothing

VENV      ?= .venv
BITS_VENV ?= .venv-bits
ARGS      ?=
AS_IS     ?=
PEER      ?=
PEER_VENV ?= .venv-peer

BIN  := $(VENV)/bin
PINS := constraints/databroker2.txt
BITS_PINS := constraints/databroker1.txt
PEER_PINS := constraints/blissdata.txt
INPUTS := pyproject.toml .ci/environment
made = $(if $(AS_IS),,$(VENV)/.made-for-$(1))

.DEFAULT_GOAL := help
.PHONY: demo test test-bits soak fuzz lint docs bench clean distclean help

help:  ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(call made,demo)  ## Show the whole chain: simulated detector, scan, catalog, frames.
	@exec $(BIN)/id3c-data demo $(ARGS)

# The tests start some hundred Pythons, each of which would compile the package anew where that is not kept.
test: export PYTHONDONTWRITEBYTECODE =
test: $(call made,test)  ## Run the tests: unit, system, and every code block of the docs.
	@exec $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-bits: $(if $(AS_IS),,$(BITS_VENV)/.made-for-bits)  ## Run the tests beside apsbits, apstools and databroker 1.
	@exec $(BITS_VENV)/bin/python -m pytest tests/bits $(ARGS)

soak: $(call made,test)  ## Take a thousand runs, 10 000 points and 100 000 frames, and see that nothing grows.
	@exec $(BIN)/python tests/soak/run.py $(ARGS)

fuzz: $(call made,test)  ## Feed all that reads bytes of strangers with damaged ones.
	@exec $(BIN)/python tests/fuzz/run.py $(ARGS)

lint: $(call made,lint)  ## Check style, types, layers, spelling, registries in files, and advisories on the pins.
	@.ci/lint $(BIN)

docs: $(call made,docs)  ## Build the documentation into docs/_build/html; warnings are errors.
	@$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(call made,bench) $(if $(PEER),$(PEER_VENV)/.made)  ## Run the benchmarks, into benchmarks/results.md; PEER=1 compares with blissdata.
	@PEER=$(if $(PEER),$(PEER_VENV)/bin/python) $(BIN)/python benchmarks/_all.py $(ARGS)

clean:  ## Remove what the targets wrote, but keep the environments.
	rm -rf build dist docs/_build demo-output .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean  ## Remove the virtual environments too.
	rm -rf .venv .venv-bits .venv-peer .venv-ci-*

$(VENV)/.made-for-demo: $(INPUTS) $(PINS)
	@BUILT=dectris-compression .ci/environment $(VENV) $(PINS) 14 -e '.[demo]'
	@touch $@

$(VENV)/.made-for-bench: $(INPUTS) $(PINS)
	@BUILT=dectris-compression .ci/environment $(VENV) $(PINS) 14 -e '.[demo]'
	@touch $@

$(VENV)/.made-for-test: $(INPUTS) $(PINS)
	@BUILT=dectris-compression .ci/environment $(VENV) $(PINS) 14 -e '.[demo]' --group test
	@touch $@

$(VENV)/.made-for-docs: $(INPUTS) $(PINS)
	@.ci/environment $(VENV) $(PINS) 14 -e '.[demo]' --group docs
	@touch $@

# by itself: what the peer pins is nothing of ours
$(PEER_VENV)/.made: $(PEER_PINS) .ci/environment
	@.ci/environment $(PEER_VENV) $(PEER_PINS) 13 --group peer
	@touch $@

# pyright reads the types of everything that the code imports, tests included
$(VENV)/.made-for-lint: $(INPUTS) $(PINS)
	@.ci/environment $(VENV) $(PINS) 14 -e '.[demo]' --group lint --group test --group docs
	@touch $@

$(BITS_VENV)/.made-for-bits: $(INPUTS) $(BITS_PINS)
	@.ci/environment $(BITS_VENV) $(BITS_PINS) 13 -e '.[demo]' --group bits
	@touch $@
