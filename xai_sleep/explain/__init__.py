"""Where a network looked: relevance maps at the resolution of the window."""
