"""Poor leadership in plain Python."""


def slowness(leadership: float) -> float:
    """Time that orders take beside that under leadership of a half: twice as long without any leadership."""
    pace = 0.5 + leadership
    return 1.0 / pace
