"""Fitting the model to the record: priors, summaries, emulators, history matching in waves, and the weighted sample."""
