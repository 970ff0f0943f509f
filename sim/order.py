"""The rules of a step in the order in which they run: those of `PHASES`, and those of the scenario's plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, did_you_mean
from sim.phases import PHASES
from sim.plugin_files import parts_of

if TYPE_CHECKING:
    from sim.scenario import Scenario


def rules_of(scenario: Scenario) -> Mapping[str, Any]:
    """What runs in a step of a battle of this scenario, by name, in order; each has `run(world)`.

    Examples:
        >>> from sim.scenario import load_scenario
        >>> list(rules_of(load_scenario("skirmish")))[:3]
        ['arrive', 'weather', 'command']
    """
    if not scenario.plugins:
        return PHASES
    order = list(PHASES)
    rules = dict(PHASES)
    for name, rule in parts_of(scenario.plugins, "rule").items():
        if not rule.replace:
            order.insert(_place(rule, order), name)
        rules[name] = rule
    return {name: rules[name] for name in order}


def _place(rule: Any, order: list[str]) -> int:
    """Where a rule goes in the order."""
    beside = rule.before or rule.after
    if beside is None:
        return len(order)
    if beside not in order:
        word = "before" if rule.before else "after"
        raise InputError(f"rule {rule.name!r}: {word} {beside!r}: there is no such rule; there are: {', '.join(order)}.{did_you_mean(beside, order)}")
    return order.index(beside) + (rule.before is None)


def start(world: Any) -> None:
    """Lets the rules of plugins put down what they keep of the battle."""
    for rule in rules_of(world.scenario).values():
        if getattr(rule, "start", None) is not None:
            rule.start(world)
