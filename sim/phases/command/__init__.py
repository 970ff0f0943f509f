"""Both commands, once a day: where the line is, where the effort goes, what is wanted where, who is sent elsewhere.

The attacker gives each formation an axis (an objective), renews its main point on that axis every two weeks, puts the weight
on one direction (a few axes) at a time, runs its operations in pulses, pulls a worn formation out, attacks less where its men crowd, reinforces lodgements and thin salients,
and raises tempo before a deadline. The defender rates every point of the line by what presses on it against what holds it,
and lends reserves to other fronts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.draws import key
from sim.fields import outline
from sim.front import trace
from sim.phases.command.attacker import (
    come_and_go,
    deadline_now,
    direct_attacker,
    effort,
    find_lodgements,
    learn_returns,
    make_room,
    pulse_axes,
    take_turns,
)
from sim.phases.command.defender import direct_defender, other_fronts
from sim.phases.command.line import read_line
from sim.phases.command.orders import write_orders
from sim.quantity import Parameters, quantity

READS = ("units", "cells", "nodes")
WRITES = ("formations", "cells", "blocks", "front", "orders", "units", "campaign")


class Params(Parameters):
    manpower_ratio: float | None = quantity(None, "", low=0.5, high=12.0, doc="attacker's infantry to the defender's; scales the attacker's infantry and recruits", fact="prior_local_ratio", role="lever", short="manpower_ratio", unset="as mustered")
    leadership_attacker: float = quantity(1.0, "", low=0.0, high=2.0, doc="factor on the leadership of the attacker's formations, of which at most 1 comes", fact="modelling assumption", role="lever", short="leadership_attacker")
    leadership_defender: float = quantity(1.0, "", low=0.0, high=2.0, doc="factor on the leadership of the defender's formations, of which at most 1 comes", fact="modelling assumption", role="lever", short="leadership_defender")
    returns_days: float = quantity(28.0, "days", low=5.0, high=90.0, doc="memory of what a direction's attacks brought", fact="modelling assumption")
    returns: float = quantity(1.0, "", low=0.0, high=3.0, doc="exponent with which the choice and length of the main direction follow ground gained per man there (generalized matching law, Baum 1974)", fact="modelling assumption")
    main_days: float = quantity(14.0, "days", low=3.0, high=60.0, doc="how long a formation keeps its main point", fact="modelling assumption")
    main_width_km: float = quantity(4.0, "km", low=1.0, high=15.0, doc="half-width of a formation's attacks about its main point", fact="modelling assumption")
    axis_km: float = quantity(14.0, "km", low=4.0, high=60.0, doc="how far from its objective a formation still seeks a main point", fact="modelling assumption")
    weakness: float = quantity(1.4, "", low=0.0, high=3.0, doc="how strongly attacks prefer thinly held ground", fact="modelling assumption")
    built_aversion: float = quantity(0.33, "", low=0.0, high=1.0, doc="how strongly attacks avoid built-up ground", fact="modelling assumption")
    works_aversion: float = quantity(0.4, "", low=0.0, high=1.0, doc="how strongly attacks avoid works", fact="modelling assumption")
    pulses: bool = quantity(True, "switch", doc="operations come and go in pulses", fact="modelling assumption")
    pulse_on_days: float = quantity(7.0, "days", low=1.0, high=40.0, doc="mean length of an operation", fact="modelling assumption")
    pulse_off_days: float = quantity(9.0, "days", low=1.0, high=60.0, doc="mean pause between operations", fact="modelling assumption")
    pulse_on: float = quantity(1.6, "", low=1.0, high=4.0, doc="attacks in an operation beside the mean", fact="modelling assumption")
    pulse_off: float = quantity(0.5, "", low=0.0, high=1.0, doc="attacks between operations beside the mean", fact="modelling assumption")
    pull_out: float = quantity(0.70, "", low=0.3, high=0.95, doc="strength, of establishment, at which an attacking formation is pulled out", fact="prior_pull_out")
    rebuild_days: float = quantity(25.0, "days", low=5.0, high=90.0, doc="how long a pulled-out formation rebuilds", fact="modelling assumption")
    turn_days: float = quantity(65.0, "days", low=10.0, high=150.0, doc="mean time for which one direction is the main one", fact="net_box_2024_10")
    turn_others: float = quantity(0.23, "", low=0.02, high=1.0, doc="attacks on the axes of the other directions, and their claim on recruits, beside those of the main one", fact="net_box_2024_10")
    campaign_sd: float = quantity(0.5, "", low=0.0, high=1.0, doc="how much the tempo of a direction's offensive comes and goes (standard deviation of its logarithm)", fact="cv_month_box")
    campaign_days: float = quantity(30.0, "days", low=7.0, high=120.0, doc="how long a surge or a lull of a direction's offensive lasts", fact="weekly_ac1_box")
    order_days: float = quantity(2.0, "days", low=0.0, high=14.0, doc="pause between the choice of a new main point and the first attack there, under leadership of a half", fact="modelling assumption")
    mud_tempo: float = quantity(0.4, "", low=0.0, high=0.9, doc="share of attacks that deep mud stops", fact="modelling assumption")
    deadline: bool = quantity(True, "switch", doc="dated deadlines raise tempo", fact="modelling assumption", role="lever", short="deadline")
    deadline_tempo: float = quantity(1.7, "", low=1.0, high=4.0, doc="tempo before a deadline beside the mean", fact="modelling assumption", role="lever")
    deadline_follow: float = quantity(0.5, "", low=0.0, high=1.0, doc="groups sent after lodgements before a deadline beside the mean", fact="modelling assumption", role="lever")
    room_men_km: float = quantity(100.0, "soldiers/km", low=20.0, high=1000.0, doc="attacker's infantry to a km of line of which half finds room to attack", fact="modelling assumption")
    base_km: float = quantity(7.0, "km", low=3.0, high=25.0, doc="how far behind the line the attacker's reserves stand", fact="modelling assumption")
    base_defender_km: float = quantity(4.5, "km", low=2.0, high=25.0, doc="how far behind the line the defender's reserves stand", fact="modelling assumption")
    salient: float = quantity(0.36, "", low=0.1, high=0.5, doc="share of the ground within 3 km below which the attacker's ground is a salient that relief formations go for", fact="dobro_villages")
    area_km: float = quantity(9.0, "km", low=3.0, high=40.0, doc="half-width of the defender's look for places in need", fact="modelling assumption")
    look_km: float = quantity(0.4, "km", low=0.0, high=2.0, doc="how far behind a point of the line its defenders are counted, and how far before it their attackers", fact="modelling assumption", role="numeric")
    need_base: float = quantity(0.5, "", low=0.0, high=2.0, doc="need for men of a point of the line where nothing presses on it", fact="modelling assumption")
    need_pressure: float = quantity(0.25, "1/soldier", low=0.0, high=2.0, doc="need for men that each attacker before a point adds", fact="modelling assumption")
    need_works: float = quantity(0.5, "", low=0.0, high=4.0, doc="need for men that full works add", fact="modelling assumption")
    need_built: float = quantity(1.5, "", low=0.0, high=8.0, doc="need for men that buildings add", fact="modelling assumption")
    need_today: float = quantity(0.4, "1/day", low=0.05, high=1.0, doc="weight of today in the need that the defender knows", fact="modelling assumption")
    objective_km: float = quantity(15.0, "km", low=2.0, high=100.0, doc="distance over which an objective's weight in the choice of a new axis falls to 1/e", fact="modelling assumption")
    stay_km: float = quantity(15.0, "km", low=2.0, high=100.0, doc="distance from the old main point over which the weight of a new one falls to 1/e", fact="modelling assumption")
    lodgement_km: float = quantity(15.0, "km", low=2.0, high=60.0, doc="how far from its main point a formation follows a lodgement or a thin salient", fact="modelling assumption")
    lodgement_men: float = quantity(8.0, "soldiers", low=1.0, high=40.0, doc="attacker's men near one another, farther ahead than `control.reach_km`, that count as a lodgement to follow", fact="modelling assumption")
    inside_km: float = quantity(0.5, "km", low=0.0, high=3.0, doc="how far behind the line of a thin salient its follow-on goes", fact="modelling assumption")
    relief_km: float = quantity(30.0, "km", low=5.0, high=100.0, doc="how far from its main point a relief formation looks for a salient", fact="modelling assumption")
    fire_deters: float = quantity(0.15, "1/soldier", low=0.0, high=2.0, doc="how strongly a man of the defender's fire deters an attack on a point (with the exponent `weakness`)", fact="modelling assumption")
    worn_out: float = quantity(0.55, "", low=0.0, high=0.95, doc="strength, of establishment, at which a formation attacks no more", fact="modelling assumption")
    strength_span: float = quantity(0.4, "", low=0.05, high=2.0, doc="strength beyond that at which tempo is the mean; tempo is linear in between", fact="modelling assumption")
    strength_most: float = quantity(1.25, "", low=1.0, high=3.0, doc="most that strength makes of the mean tempo", fact="modelling assumption")
    rebuild_tempo: float = quantity(0.1, "", low=0.0, high=1.0, doc="tempo of a formation that rebuilds beside the mean", fact="modelling assumption")


Knobs = NamedTuple("Knobs", [(k, float) for k in Params.model_fields if k != "manpower_ratio"]  # that acts on the muster (sim.levers)
                   + [("town_scale", float), ("touch_km", float)])


def knobs_of(world) -> Knobs:
    """The numbers that the kernels of both commands take, with those whose owners are `works` and `control`."""
    s = world.settings
    return world.knobs("command", Knobs, town_scale=s.works.town_scale, touch_km=s.control.reach_km)


def run(world) -> None:
    if not world.new_day:
        return
    p = world.settings.command
    knobs = knobs_of(world)
    g, u, f, c = world.geo, world.units, world.formations, world.cells
    outline(g, c, world.blocks)
    trace(g, c, world.front)
    read_line(g, c, world.nodes, world.front, 1.0 if world.is_first else p.need_today, knobs)
    other_fronts(world)
    held = world.objectives_held()
    objectives = np.column_stack([world.objectives, np.where(held, 0.0, 1.0)])
    if not objectives[:, 3].any():
        objectives[:, 3] = 1.0
    pressing = deadline_now(world)
    world.campaign.deadline = pressing
    if not world.is_first:
        learn_returns(world)
    take_turns(world, objectives)
    come_and_go(world)
    pulse_axes(world)
    tempo = p.deadline_tempo if pressing else 1.0
    keys = np.array([key(world.seed, name, world.day) for name in ("axis", "main point", "main days")], np.uint64)
    direct_attacker(g, c, world.front, f, objectives, knobs, tempo, *effort(world), world.weather.sky.mud, keys)
    make_room(g, world.front, f, knobs)
    direct_defender(g, u, c, world.front, f, world.n, knobs)
    write_orders(g, c, world.front, f, world.orders, knobs)
    find_lodgements(g, u, c, world.nodes, world.front, f, world.n, knobs)
