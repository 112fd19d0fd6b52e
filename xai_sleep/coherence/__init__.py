"""Images of windows: wavelet transform coherence of a pair, scalogram of a channel."""
