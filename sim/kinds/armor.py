"""Armor sections: 1 to 4 tanks or fighting vehicles, with crew and carried infantry."""

from sim.quantity import Parameters, quantity


class Params(Parameters):
    vehicles: int = quantity(2, "vehicles", low=1, high=4, doc="vehicles of a full section", fact="modelling assumption")
    crew: int = quantity(3, "soldiers", low=2, high=4, doc="crew of one vehicle", fact="modelling assumption")
    dismounts: int = quantity(6, "soldiers", low=0, high=10, doc="infantry carried by one vehicle", fact="modelling assumption")
    speed_km_h: float = quantity(
        15.0, "km/h", low=5.0, high=40.0, doc="pace of a dash across country under fire", fact="modelling assumption")
    lost_per_hit: float = quantity(
        0.45, "", low=0.1, high=0.9, doc="chance that a hit takes a vehicle out of the fight", fact="modelling assumption")
    men_per_loss: float = quantity(
        3.0, "soldiers", low=1.0, high=9.0, doc="men killed or wounded with a vehicle hit while it carries infantry",
        fact="modelling assumption")
    tank_share: float = quantity(
        0.29, "", low=0.1, high=0.6, doc="tanks among armored vehicles; the rest are fighting vehicles",
        fact="series losses_monthly, May to October 2024")
    destroyed_share: float = quantity(
        0.62, "", low=0.3, high=0.9, doc="of vehicles taken out: destroyed outright", fact="art_oryx_tanks")
    abandoned_share: float = quantity(
        0.18, "", low=0.0, high=0.4, doc="of vehicles taken out: left on the field by the crew; the rest are damaged", fact="art_tanks_abandoned")
    recovery_chance: float = quantity(
        0.35, "", low=0.0, high=0.8, doc="chance that an abandoned vehicle is towed home, without a kill zone", fact="modelling assumption")
    repair_days: float = quantity(21.0, "days", low=5.0, high=90.0, doc="mean time of a damaged vehicle in repair", fact="modelling assumption")
    shock: float = quantity(
        2.5, "", low=1.0, high=6.0, doc="fighting power of a mounted assault beside the same men on foot", fact="modelling assumption")
    value: float = quantity(
        5.0, "", low=1.0, high=15.0, doc="what command thinks a mounted assault is worth, before its expected hits", fact="modelling assumption")
    turnaround_days: float = quantity(
        1.0, "days", low=0.25, high=10.0, doc="from one dash to the next: fuel, ammunition, a new hide", fact="modelling assumption")
    mount_max: float = quantity(
        7.0, "1/day", low=0.0, high=15.0, doc="mounted attacks that a ready section begins a day at mean tempo, where it expects no hits", fact="modelling assumption")
