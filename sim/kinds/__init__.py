"""The kinds of unit: the parameters of each.

A plugin adds a kind by one class (`sim.plugins.kind`): it goes with the line, is found by drones and shells, and does what the
plugin's rules say. For a kind that our own rules know, a file here and a word in KINDS give its parameters: settings, tables, sliders,
sweeps. What it does stands in the rules, which ask for the kinds they concern, so it touches

* its number: `Kind` in forces.py, and codes.py;
* who raises it: `Formation` in scenario.py, mustering.py, `regroup` in phases/arrive.py, unit_rows.py (its first task);
* the rules in which it acts or suffers otherwise than men on foot, and their plain twins: phases/decide (when it sets out),
  move, drones, shells, supply (its stock), losses, morale, visibility.py. Until one names it, it moves on foot, rests in
  reserve and is supplied; drones and shells find every kind but bombs, and close combat, command and control of ground know
  infantry alone;
* how it is seen: its class in handles.py; view/map/unit_glyphs.py and legend.py; of the page messages (frames, inspector),
  session/recorded_run.py, static/map/units.js and static/panels/panels.js.

tests/sim/test_kernels.py keeps this list complete for the rules.
"""

from sim.kinds import armor, artillery, fpv_team, glide_bomb, infantry

KINDS = {"infantry": infantry, "armor": armor, "fpv_team": fpv_team, "artillery": artillery, "glide_bomb": glide_bomb}
