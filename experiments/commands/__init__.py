"""The commands of the command line, each with its options. What they do is imported when they are called."""
