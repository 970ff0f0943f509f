"""Works: kernels and plain twins give the same bits on stirred battles in which everything that matters happens."""

from hypothesis import given, settings
from hypothesis import strategies as st
from plain.stirred import lively, same_bits
from plain.works import plan_line

from sim.phases import works

MUST_SEE = {"planned", "built for the defender", "built for the attacker", "fallen out", "left as they are"}


def events(kernel, old, new, result):
    c, was = new["cells"], old["cells"]
    if kernel == "plan_field":
        return {"planned": (c.works_plan > was.works_plan).sum()}
    if kernel == "build":
        side = "attacker" if new["facing"] else "defender"
        return {f"built for the {side}": (c.works > was.works).sum()}
    return {"fallen out": (c.works < was.works).sum(), "left as they are": (c.works == was.works).sum()}


def test_works():
    same_bits("works", events, MUST_SEE)


coordinate = st.integers(-2000, 14000).map(lambda meters: meters / 1000.0)


@settings(max_examples=30)
@given(x0=coordinate, y0=coordinate, x1=coordinate, y1=coordinate, half=st.floats(0.05, 2.0), condition=st.floats(0, 1))
def test_a_piece_of_a_belt_is_laid_the_same(x0, y0, x1, y1, half, condition):
    busy = lively(1.0)
    plans = [busy.cells.works_plan.copy() for _ in range(2)]
    works.plan_line(busy.geo, plans[0], 0, x0, y0, x1, y1, half, condition)
    plan_line(busy.geo, plans[1], 0, x0, y0, x1, y1, half, condition)
    assert plans[0].tobytes() == plans[1].tobytes()
    assert (plans[0][:, 0] >= busy.cells.works_plan[:, 0]).all()
