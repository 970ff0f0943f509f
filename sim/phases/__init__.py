"""The rules of a step, in the order in which they run. A new rule is one file here and one word in PHASES."""

from sim.phases import (
    arrive,
    bombs,
    command,
    control,
    decide,
    drones,
    fire,
    losses,
    morale,
    move,
    sense,
    shells,
    supply,
    weather,
    works,
)

PHASES = {
    "arrive": arrive,
    "weather": weather,
    "command": command,
    "supply": supply,
    "sense": sense,
    "decide": decide,
    "move": move,
    "drones": drones,
    "shells": shells,
    "bombs": bombs,
    "fire": fire,
    "losses": losses,
    "morale": morale,
    "works": works,
    "control": control,
}
