"""Artillery batteries: tubes with a shell allowance; silent without shells."""

from sim.quantity import Parameters, quantity


class Params(Parameters):
    crew: int = quantity(14, "soldiers", low=4, high=60, doc="men of a battery section", fact="modelling assumption")
    rounds_per_day: float = quantity(
        60.0, "rounds/day", low=5.0, high=300.0, doc="most rounds a section fires in a day", fact="modelling assumption")
    range_km: float = quantity(15.0, "km", low=5.0, high=40.0, doc="how far it fires", fact="modelling assumption")
    setback_km: float = quantity(8.0, "km", low=3.0, high=20.0, doc="how far behind its own line it stands", fact="modelling assumption")
    lethal_m2: float = quantity(
        800.0, "m2", low=100.0, high=5000.0, doc="area in which one round hits a man in the open", fact="modelling assumption")
    suppress_m2: float = quantity(
        6000.0, "m2", low=500.0, high=40000.0, doc="area one round silences for a quarter of a day", fact="modelling assumption")
    shells_attacker: float = quantity(
        1.0, "", low=0.1, high=5.0, doc="multiplies the attacker's dated shell allowance", fact="prior_shell_ratio", role="lever",
        short="shells_attacker")
    shells_defender: float = quantity(
        1.0, "", low=0.1, high=5.0, doc="multiplies the defender's dated shell allowance", fact="prior_shell_ratio", role="lever",
        short="shells_defender")
