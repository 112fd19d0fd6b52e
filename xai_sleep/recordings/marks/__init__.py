"""Readers of marks: one file a form, each a component (``conf/marks``)."""
