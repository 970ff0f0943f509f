"""Glide-bomb strikes: one sortie, from release to impact."""

from sim.quantity import Parameters, quantity


class Params(Parameters):
    per_day_scale: float = quantity(
        1.0, "", low=0.0, high=3.0, doc="multiplies the dated number of glide bombs in the box", fact="prior_bombs_axis", role="lever",
        short="bombs_scale")
    scatter_m: float = quantity(90.0, "m", low=10.0, high=500.0, doc="standard deviation of the fall about the aim, each way", fact="modelling assumption")
    lethal_m: float = quantity(40.0, "m", low=10.0, high=120.0, doc="radius in which a dug-in man is hit", fact="modelling assumption")
    intercept: float = quantity(
        0.10, "", low=0.0, high=0.8, doc="share of releases kept away or jammed by air defence", fact="modelling assumption", role="lever",
        short="air_defence")
    breaks_works_km2: float = quantity(
        0.020, "km2", low=0.0, high=0.2, doc="area of works that one bomb breaks", fact="prior_bomb_destroys")
