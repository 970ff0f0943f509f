"""The kinds of unit. A new kind is one file here and one word in KINDS."""

from sim.kinds import armor, artillery, fpv_team, glide_bomb, infantry

KINDS = {"infantry": infantry, "armor": armor, "fpv_team": fpv_team, "artillery": artillery, "glide_bomb": glide_bomb}
