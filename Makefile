# The front door. Every target says which Debian packages it will install before it does, builds only
# what it needs, and can be run again at once. `make help` lists them.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
BUILD := build/release
HOME_FOLDER ?= .rind
UPSTREAM ?=
PROJECTS ?=
BINS ?=
FUZZ_SECONDS ?= 60
RIND := $(BUILD)/bin/rind

.PHONY: help demo up down test interop containers bench format format-check tidy fuzz test-asan \
        test-tsan services packages
.DEFAULT_GOAL := help

help:
	@echo "make demo         the whole road on this machine: mirror, sign, verify, pip install, tamper"
	@echo "                    make demo UPSTREAM=<address> PROJECTS=\"six idna\"   from a real index"
	@echo "                    make demo UPSTREAM=pip                              from the one pip uses"
	@echo "make up / down    the same system, left running in $(HOME_FOLDER)"
	@echo "make test         unit, integration and architecture tests"
	@echo "make interop      python-tuf and tuf-js against rind (BINS=16384: with so many bins)"
	@echo "make containers   the same system in containers, proved with a real engine"
	@echo "make bench        measurements against GOALS"
	@echo "make format       clang-format-14 over everything (format-check: only look)"
	@echo "make tidy         clang-tidy-14 over what changed since BASE (ALL=1: over everything)"
	@echo "make test-asan    unit tests under AddressSanitizer and UBSan (test-tsan: ThreadSanitizer)"
	@echo "make fuzz         each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS)"
	@echo "make packages     every Debian package that any of these needs"

packages:
	@scripts/packages.sh build run demo test interop containers lint

# The programs alone, without tests.
services:
	@scripts/packages.sh build run demo
	cmake --preset release
	cmake --build $(BUILD) -j$(JOBS) --target rind-services

demo: services
	@UPSTREAM='$(UPSTREAM)' PROJECTS='$(PROJECTS)' /usr/bin/python3 tests/e2e/demo.py

up: services
	@UPSTREAM='$(UPSTREAM)' PROJECTS='$(PROJECTS)' /usr/bin/python3 tests/e2e/demo.py --up '$(HOME_FOLDER)'

down:
	@if [ -x $(RIND) ]; then $(RIND) down --home '$(HOME_FOLDER)'; else echo "nothing is built, so nothing runs"; fi

test:
	@scripts/packages.sh build run demo test
	cmake --preset release
	cmake --build $(BUILD) -j$(JOBS)
	ctest --test-dir $(BUILD) --output-on-failure -j2

interop: services
	@scripts/packages.sh interop
	cmake --build $(BUILD) -j$(JOBS) --target rind-canonicalise
	BINS='$(BINS)' tests/interop/run.sh

containers:
	@scripts/packages.sh containers
	tests/e2e/containers.sh

bench:
	@scripts/packages.sh build run demo test
	cmake --preset release
	tests/bench/run.sh

format:
	@scripts/packages.sh lint
	git ls-files '*.cc' '*.h' | xargs clang-format-14 -i

format-check:
	@scripts/packages.sh lint
	git ls-files '*.cc' '*.h' | xargs clang-format-14 --dry-run --Werror

tidy:
	@scripts/packages.sh build lint test
	scripts/tidy.sh

test-asan test-tsan:
	@scripts/packages.sh build run demo test
	scripts/sanitized.sh $(if $(findstring asan,$@),asan-ubsan,tsan)

fuzz:
	@scripts/packages.sh build lint test
	FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh
