"""Infantry groups: 1 to 12 men with one task."""

from sim.quantity import Parameters, quantity


class Params(Parameters):
    group_defender: int = quantity(
        3, "soldiers", low=1, high=12, doc="men in a group of the defender", fact="prior_position_density")
    speed_km_h: float = quantity(
        2.5, "km/h", low=0.5, high=5.0, doc="pace on foot under threat, in the dark or by cover", fact="modelling assumption")
    carry_km_h: float = quantity(
        12.0, "km/h", low=3.0, high=40.0, doc="pace in the rear, by truck or car", fact="modelling assumption")
    exposure: float = quantity(
        0.11, "", low=0.03, high=1.0, doc="how visible a group on foot is to drones beside a vehicle", fact="modelling assumption")
    men_per_hit: float = quantity(
        1.3, "soldiers", low=1.0, high=3.0, doc="men lost when an FPV drone reaches a group of four in the open", fact="modelling assumption")
