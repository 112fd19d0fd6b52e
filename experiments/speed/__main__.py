"""Every figure of speed and memory beside an alternative of the same run, as a Markdown table.

python -m experiments.speed [--keras path/to/python] [--threads 1]
python -m experiments.speed --nights 10 30 100
"""

import argparse
import logging
import sys
import warnings

import torch

from experiments.speed import (
    coherence,
    maps,
    memory,
    nights,
    preparation,
    reading,
    startup,
    training,
)
from experiments.speed.other_side import keras_side
from experiments.speed.timing import table


def main() -> None:
    """Measure all, one after another."""
    parser = argparse.ArgumentParser(prog="python -m experiments.speed")
    parser.add_argument("--keras", help="an interpreter that has keras and tensorflow")
    parser.add_argument("--threads", type=int, default=2, help="of coherence; all else has one")
    parser.add_argument("--nights", type=int, nargs="+", help="instead: runs of so many nights")
    asked = parser.parse_args()
    if asked.nights:
        nights.measure(asked.nights)
        return
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    rows = [*coherence.rows(asked.threads), *startup.rows(), *preparation.rows()]
    with keras_side(asked.keras) as ask:
        rows += [*training.rows(ask), *maps.rows(ask)]
    rows += [*memory.rows(), *reading.rows()]
    sys.stdout.write(table(rows) + "\n")


if __name__ == "__main__":
    main()
