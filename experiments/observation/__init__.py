"""What the public record would show of a run, and the record itself."""
