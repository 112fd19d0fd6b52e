"""Tables, figures and pages from a run's results."""
