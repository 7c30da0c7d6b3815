# Everything a newcomer needs: `make chat` and `make test`. Both set up what is missing first.

PYTHON := $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
LIBRARY ?= library
PORT   ?= 7860
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup chat test check format lint types browser milvus bench peers screenshots clean

help:  ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

$(VENV)/.ready: pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Citewire needs Python 3.11 or newer; '$(PYTHON)' is older."; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

setup: $(VENV)/.ready  ## Make the environment in .venv

chat: setup  ## Index the sample articles and serve the chat and the API on 127.0.0.1:7860
	$(BIN)/citewire --library $(LIBRARY) add corpus/samples/articles.*.jsonl
	$(BIN)/citewire --library $(LIBRARY) chat --port $(PORT)

test: setup browser milvus  ## Run the tests, those with a real browser and a Milvus server included
	$(BIN)/python -m pytest

format: setup  ## Format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lint: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: setup
	$(BIN)/mypy

check: lint types test  ## All that CI checks: format, lint, types, tests

# The browser tests drive Debian's Chromium; the fonts let it draw Chinese and emoji.
SYSTEM_PACKAGES := chromium fonts-noto-cjk fonts-dejavu-core fonts-noto-color-emoji
ROOT := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

browser:  ## Install Chromium for the browser tests, where it is missing
	@if command -v dpkg >/dev/null && ! dpkg -s $(SYSTEM_PACKAGES) >/dev/null 2>&1; then \
		echo "Installing $(SYSTEM_PACKAGES)"; \
		$(ROOT) apt-get update -qq && \
		$(ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(SYSTEM_PACKAGES) >/dev/null; \
	fi; \
	test -x /usr/bin/chromium || \
		{ echo "The browser tests need Chromium as /usr/bin/chromium; install: $(SYSTEM_PACKAGES)"; exit 1; }

# The Milvus server is in an environment of its own, for the sake of its old setuptools. There is none but for Linux on
# x86-64; elsewhere the tests that start it are skipped.
MILVUS := .milvus

milvus: $(MILVUS)/.ready  ## Install the Milvus server that some tests start, where there is one for this machine

$(MILVUS)/.ready: Makefile
	"$(PYTHON)" -m venv $(MILVUS)
	$(MILVUS)/bin/python -m pip install --quiet milvus==2.3.5 "setuptools<81" && touch $@ || \
		echo "There is no Milvus server for this machine: the tests that start it will be skipped."

# With the development data beside the checkout, libraries are made of news; else of the samples.
SIZE ?= 10k
NEWS := $(if $(wildcard ../shared/eval),--articles $(wildcard ../shared/eval/*/articles.??.jsonl) \
	--parallel ../shared/training/parallel_news.jsonl --questions ../shared/eval/news ../shared/eval/xquad)

bench: setup  ## Print the figures of docs/performance.md, at SIZE=10k sentences; SIZE=10k,100k,1m takes half an hour
	$(BIN)/python benchmarks/runtimes.py
	$(BIN)/python benchmarks/speed.py --sentences 1000
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/scale.py --size $(SIZE) $(NEWS)
	$(if $(NEWS),$(BIN)/python benchmarks/equivalence.py ../shared/eval --reader off)

screenshots: setup browser  ## Draw the chat in all its states, into screenshots/ and docs/
	$(BIN)/python benchmarks/screenshots.py screenshots

peers: setup  ## Compare with txtai, Haystack, LlamaIndex and plain FAISS (ARGUMENTS='--sentences 200')
	$(BIN)/python benchmarks/peers/compare.py $(ARGUMENTS)

clean:  ## Remove the environments and the sample library
	rm -rf $(VENV) $(MILVUS) .peers $(LIBRARY) screenshots build *.egg-info .mypy_cache .pytest_cache .ruff_cache
