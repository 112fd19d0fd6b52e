"""One experiment, from recordings to results; read :mod:`xai_sleep.experiment.run` first."""
