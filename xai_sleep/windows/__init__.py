"""Windows of recordings: cut, divided into folds, scaled, balanced, in batches."""
