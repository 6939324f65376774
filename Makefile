# `make demo` and `make test` need only Python 3.11 or newer, pip and make. With Node 20 or newer and npm the
# page's own tests run too, and `make lint` makes sure that the committed page is what its sources build.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WEB := glassformer/glass/web
PAGE_INSTALLED := $(WEB)/node_modules/.installed
NPM := $(shell command -v npm)
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: demo test test-device sanitize coverage lint page docs reference format clean

# Train on the built-in phrasebook, at most three minutes on two cores, and translate.
demo: $(INSTALLED)
	$(BIN)/glassformer quickstart
	@echo "(. $(BIN)/activate puts glassformer on your path.)"

# The fast engine's library, which the installation builds too. Without a C++ compiler its tests are skipped.
NATIVE := glassformer/engine/native
$(NATIVE)/libglassformer.so: $(INSTALLED) $(wildcard $(NATIVE)/*.h $(NATIVE)/*.cpp $(NATIVE)/build.py)
	-$(BIN)/python -m glassformer.engine.native.build

# Two processes; a file of tests is one's alone, so that what its tests share is made once.
TESTS := $(BIN)/python -m pytest -n 2 --dist loadfile

test: $(INSTALLED) $(NATIVE)/libglassformer.so $(if $(NPM),$(PAGE_INSTALLED))
	$(TESTS)
ifdef NPM
	cd $(WEB) && npm test
else
	@echo "SKIPPED: the page's own tests need Node and npm, which are not here."
endif

# What runs on a GPU, and what torch must compile for. Without CUDA the first is skipped, and says so.
test-device: $(INSTALLED)
	$(BIN)/python -m pytest -m device tests/device

# The engines' tests with a library that watches every access and every overflow; the usual one comes back afterwards.
sanitize: $(INSTALLED)
	$(BIN)/python -m glassformer.engine.native.build -g -fsanitize=address,undefined -fno-sanitize-recover=all
	LD_PRELOAD="$(foreach one,asan ubsan stdc++,$(shell gcc -print-file-name=lib$(one).so))" \
	    ASAN_OPTIONS=detect_leaks=0 $(BIN)/python -m pytest -p no:cacheprovider tests/engine/test_fast.py
	$(BIN)/python -m glassformer.engine.native.build

# Which lines and branches of the package no test reaches.
coverage: $(INSTALLED)
	$(TESTS) --cov

lint: $(INSTALLED) $(if $(NPM),$(PAGE_INSTALLED))
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy glassformer benchmarks docs
	$(MKDOCS)
ifdef NPM
	cd $(WEB) && npm run check && npm run verify
else
	@echo "SKIPPED: whether the page is what its sources build; that needs Node and npm, which are not here."
endif

# Build the page from its sources, into glassformer/glass/static/page.html.
page: $(PAGE_INSTALLED)
	cd $(WEB) && npm run build

# The documentation's site, into build/site. Its search wants a server: python3 -m http.server -d build/site
docs: $(INSTALLED)
	$(MKDOCS)

# Write the pages of the reference that are made from the code; a test holds them to it.
reference: $(INSTALLED)
	$(BIN)/python docs/write_reference.py

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Everything pinned; torch's CPU build by itself first, so that no other package picks another.
$(INSTALLED): pyproject.toml setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade -c constraints.txt pip setuptools
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-build-isolation -e '.[dev,docs]'
	touch $@

$(PAGE_INSTALLED): $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error
	touch $@

clean:
	rm -rf $(VENV) $(WEB)/node_modules build *.egg-info $(NATIVE)/*.so
