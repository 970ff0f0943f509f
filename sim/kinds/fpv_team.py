"""FPV teams: a crew, its stock of drones, a link and a reach."""

import numpy as np

from sim.quantity import Parameters, quantity


class Params(Parameters):
    crew: int = quantity(4, "soldiers", low=2, high=8, doc="men of a crew", fact="modelling assumption")
    sorties_per_day: float = quantity(
        10.0, "sorties/day", low=1.0, high=40.0, doc="most sorties a crew can fly in a day of flying weather", fact="modelling assumption")
    hit_probability: float = quantity(
        0.30, "", low=0.20, high=0.40, doc="chance that an FPV drone on radio reaches its target, as reported", fact="prior_fpv_hit")
    fibre_probability: float = quantity(
        0.55, "", low=0.40, high=0.80, doc="the same on an optical fibre, which cannot be jammed", fact="prior_fibre_hit")
    jamming: float = quantity(
        0.10, "", low=0.0, high=0.6, doc="share of radio drones lost to jamming beyond what the reported chance contains",
        fact="prior_jammed_fpv", role="lever")
    setback_km: float = quantity(3.0, "km", low=0.5, high=8.0, doc="how far behind its own line a crew works", fact="modelling assumption")
    detection_depth: float = quantity(
        0.63, "", low=0.2, high=0.9, doc="depth at which detection has fallen to 1/e, as a share of the reach", fact="prior_detection_depth")
    reach_scale: float = quantity(
        1.0, "", low=0.3, high=2.5, doc="multiplies the dated reach of both sides: depth of the kill zone", fact="prior_lethal_depth_2025",
        role="lever", short="kill_zone_scale")
    production_attacker: float = quantity(
        1.0, "", low=0.1, high=4.0, doc="multiplies the dated deliveries of the attacker's FPV drones, and with them the most sorties that its crews fly and the drones they keep", fact="modelling assumption",
        role="lever", short="drones_attacker")
    production_defender: float = quantity(
        1.0, "", low=0.1, high=4.0, doc="multiplies the dated deliveries of the defender's FPV drones, and with them the most sorties that its crews fly and the drones they keep", fact="modelling assumption",
        role="lever", short="drones_defender")
    idle_km: float = quantity(
        25.0, "km/day", low=2.0, high=80.0, doc="movement in reach at which half of a crew's sorties find a target", fact="modelling assumption")
    static_share: float = quantity(
        0.04, "", low=0.0, high=0.5, doc="how well a drone without a moving target does against a man in a position", fact="modelling assumption")
    burst_per_hour: float = quantity(
        2.0, "sorties/h", low=0.2, high=6.0, doc="how fast one crew can launch at a column it sees", fact="modelling assumption")

    def most_sorties(self) -> np.ndarray:
        """Most sorties that a crew of each side flies on a day of flying weather, (2,): crews grow with what is delivered to them."""
        return self.sorties_per_day * np.array([self.production_attacker, self.production_defender])
