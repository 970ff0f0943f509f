"""Forecasts, their files, scores and reference forecasts."""
