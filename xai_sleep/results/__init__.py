"""What a run found: three tables and one record, each the file of its name."""
