"""HTML pages and generated documents."""
