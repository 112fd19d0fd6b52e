# The one vocabulary of this project, for people and for CI.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: help install browser unpacker run sweep report dashboard models localisation replication leakage bench test check format

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: $(VENV)/installed ## Install the project and its tools into .venv, at the pinned versions

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

# Root in a container has it from apt, others from Playwright; a browser that is there is taken.
browser: install ## Find or install the Chromium that pages are tested with
	@test -n "$(CHROMIUM)" && exit; \
	if test "$$(id -u)" = 0 && command -v apt-get > /dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium && exit; \
	fi; \
	$(BIN)/python -m playwright install chromium && exit; \
	echo "pages are tested with Chromium, and none could be installed; install one that runs as chromium"; exit 1

unpacker: ## Find or install a program that unpacks RAR; without, tests of fetching are skipped
	@for tool in unrar unar bsdtar 7z; do command -v $$tool > /dev/null && exit; done; \
	if test "$$(id -u)" = 0 && command -v apt-get > /dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends libarchive-tools; \
	fi || true

run: install ## Run the main job: ARGS="task=spindle cv=kfold"
	$(BIN)/python -m xai_sleep $(ARGS)

sweep: install ## Run all tasks, models and schemes, two at a time: ARGS="hydra.launcher.n_jobs=8"
	$(BIN)/python -m xai_sleep --multirun task=rem,spindle model=cnn1d,cnn2d cv=kfold,loso \
		hydra/launcher=joblib hydra.launcher.n_jobs=2 $(ARGS)

report: install ## Put runs and sweeps in one table: ARGS="outputs multirun/…"
	$(BIN)/python -m xai_sleep.report $(ARGS)

dashboard: install ## Show tracked runs on Weights & Biases: ARGS="multirun/…"
	$(BIN)/python -m xai_sleep.dashboard $(ARGS)

models: install browser ## Compare the networks on real spindles: experiments/models
	$(BIN)/python -m xai_sleep --multirun data=dreams task=spindle cv=loso,kfold \
		model=cnn1d,cnn1d_power,cnn1d_marks,cnn2d,cnn2d_evidence hydra.sweep.dir=outputs/models \
		hydra/launcher=joblib hydra.launcher.n_jobs=2 $(ARGS)
	$(BIN)/python -m xai_sleep.report outputs/models --out experiments/models
	$(BIN)/python -m experiments.models.screenshot outputs/models/spindle-cnn1d_power-loso experiments/models/report.png --turns 40

localisation: install ## Score where the networks look, by every explainer: experiments/localisation
	$(BIN)/python -m xai_sleep --multirun data=dreams task=spindle cv=loso,kfold explain=all \
		model=cnn1d,cnn1d_power,cnn2d,cnn2d_evidence hydra.sweep.dir=outputs/localisation \
		hydra/launcher=joblib hydra.launcher.n_jobs=2 $(ARGS)
	$(BIN)/python -m experiments.localisation.study outputs/localisation

LEAKAGE := $(BIN)/python -m xai_sleep --multirun data=dreams task=spindle model=cnn1d explain=none \
	baselines=none hydra.sweep.dir=outputs/leakage hydra/launcher=joblib hydra.launcher.n_jobs=2

leakage: install ## Measure what each mistake of practice adds to a score: experiments/leakage
	$(LEAKAGE) cv=kfold $(ARGS) leak=none,all,smote_before_split,overlapping_windows,scaling_on_all,test_as_validation,carried_weights,unscored_as_negative
	$(LEAKAGE) cv=loso $(filter-out cv.folds=%,$(ARGS)) leak=none,shared_subjects
	$(BIN)/python -m experiments.leakage outputs/leakage

REPLICATION := $(BIN)/python -m xai_sleep --multirun +experiment=replication data=dreams task=spindle cv=loso,kfold \
	hydra.sweep.dir=outputs/replication hydra/launcher=joblib hydra.launcher.n_jobs=2

replication: install ## Run the published protocol without its leaks: experiments/replication
	$(REPLICATION) model=cnn1d $(ARGS)
	$(REPLICATION) model=cnn2d trainer.max_epochs=200 trainer.batch_size=64 $(ARGS)
	$(BIN)/python -m xai_sleep.report outputs/replication --out experiments/replication

bench: install ## Measure speed and memory: KERAS=python-that-has-keras, experiments/speed
	$(BIN)/python -m experiments.speed $(if $(KERAS),--keras $(KERAS)) $(ARGS)

test: install browser unpacker check ## Check the code and run all tests with coverage
	OMP_NUM_THREADS=1 XAI_SLEEP_BROWSER=required $(BIN)/python -m pytest --numprocesses 2 --cov

check: install ## Lint, check the format and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
