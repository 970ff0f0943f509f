"""The rules of a step, in the order in which they run. A new rule is one file here and one word in PHASES."""

import sys

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

# As they are in the source: what a program replaces or adds later changes the key of the code (`sim.identity`).
SHIPPED = dict(PHASES)
NAMESPACES = {name: dict(vars(module)) for name, module in sys.modules.items() if name.startswith("sim.phases.")}
