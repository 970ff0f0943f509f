"""The rows of the scorecard, a file a subject; `validation.catalog` imports them all."""
