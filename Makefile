# `make demo` and `make test` need only Python 3.11 or newer, pip and make. With Node 20 or newer and npm the
# page's own tests run too, and `make lint` makes sure that the committed page is what its sources build.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPED := $(VENV)/.developed
WEB := glassformer/glass/web
PAGE_INSTALLED := $(WEB)/node_modules/.installed
NPM := $(shell command -v npm)
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: demo test test-device lock release audit sanitize coverage lint page docs reference format clean

# Train on the built-in phrasebook, about three minutes on two cores, and translate.
demo: $(INSTALLED)
	$(BIN)/glassformer quickstart
	@echo "(. $(BIN)/activate puts glassformer on your path.)"

# The fast engine's library, which the installation builds too. Without a C++ compiler its tests are skipped.
NATIVE := glassformer/engine/native
$(NATIVE)/libglassformer.so: $(INSTALLED) $(wildcard $(NATIVE)/*.h $(NATIVE)/*.cpp $(NATIVE)/build.py)
	-$(BIN)/python -m glassformer.engine.native.build

# Two processes; a file of tests is one's alone, so that what its tests share is made once.
TESTS := $(BIN)/python -m pytest -n 2 --dist loadfile

test: $(DEVELOPED) $(NATIVE)/libglassformer.so $(if $(NPM),$(PAGE_INSTALLED))
	$(TESTS)
ifdef NPM
	cd $(WEB) && npm test
else
	@echo "SKIPPED: the page's own tests need Node and npm, which are not here."
endif

# What runs on a GPU, and what torch must compile for. Without CUDA the first is skipped, and says so.
test-device: $(DEVELOPED)
	$(BIN)/python -m pytest -m device tests/device

# The engines' tests with a library that watches every access and every overflow; the usual one comes back afterwards.
sanitize: $(DEVELOPED)
	$(BIN)/python -m glassformer.engine.native.build -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
	LD_PRELOAD="$(foreach one,asan ubsan stdc++,$(shell gcc -print-file-name=lib$(one).so))" \
	    ASAN_OPTIONS=detect_leaks=0 $(BIN)/python -m pytest -p no:cacheprovider tests/engine/test_fast.py
	$(BIN)/python -m glassformer.engine.native.build

# Which lines and branches of the package no test reaches.
coverage: $(DEVELOPED)
	$(TESTS) --cov

lint: $(DEVELOPED) $(if $(NPM),$(PAGE_INSTALLED))
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
docs: $(DEVELOPED)
	$(MKDOCS)

# Write the pages of the reference that are made from the code; a test holds them to it.
reference: $(DEVELOPED)
	$(BIN)/python docs/write_reference.py

format: $(DEVELOPED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Everything pinned, and every file held to its hash but torch's: its builds (CPU, CUDA) differ, and what they bring.
# Python compiles what it imports; to compile everything beforehand takes a quarter of a minute.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile
$(INSTALLED): pyproject.toml setup.py constraints.txt locked/run.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --require-hashes --no-deps -r locked/run.txt
	$(INSTALL) -c constraints.txt torch
	$(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

$(DEVELOPED): $(INSTALLED) locked/dev.txt
	$(INSTALL) --require-hashes --no-deps -r locked/dev.txt
	touch $@

# Write locked/ anew from constraints.txt, with the hashes of the package index. Needs uv.
LOCK := uv pip compile --quiet --generate-hashes --no-annotate --no-emit-package torch -c constraints.txt pyproject.toml \
    --custom-compile-command 'make lock'
lock:
	$(LOCK) --extra serve --output-file locked/run.txt
	$(LOCK) --extra serve --extra dev --extra docs --output-file locked/dev.txt

# Programs that are not part of the environment that they look at; needs uv.
TOOLS := uvx --from

# What a release has: the wheel, the same bytes each time, and beside it what it needs with licences (CycloneDX).
RELEASE := build/release
release: $(INSTALLED)
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation \
	    --wheel-dir $(RELEASE) .
	$(TOOLS) cyclonedx-bom cyclonedx-py environment $(BIN)/python --output-file $(RELEASE)/sbom.json

# Known vulnerabilities of what is locked; asks the package index.
audit:
	$(TOOLS) pip-audit pip-audit --strict --disable-pip --no-deps -r locked/dev.txt
$(PAGE_INSTALLED): $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error
	touch $@

clean:
	rm -rf $(VENV) $(WEB)/node_modules build *.egg-info $(NATIVE)/*.so
