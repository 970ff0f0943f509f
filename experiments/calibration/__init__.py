"""Fitting to the record by history matching; the posterior."""
