"""The scorecard: rows of validation and how they are judged."""
