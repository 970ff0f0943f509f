"""Fields of the map: kernels and plain twins give the same bits, and every line of the plain rule is run."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import fields as plain_fields
from plain import front as plain_front
from plain.scenes import SEEDS, agree, every_line, long_map, on_scenes

from sim import fields, front


def test_fields():
    with every_line(plain_fields):

        @on_scenes(6)
        def check(s):
            g = s.geo
            for x, y in s.rng.uniform(-3.0, 15.0, (20, 2)).tolist():
                agree(fields.cell_at, plain_fields.cell_at, g, x, y)
                agree(fields.block_at, plain_fields.block_at, g, x, y)
                agree(fields.at_nodes, plain_fields.at_nodes, g, s.nodes.fire, 1, x, y)
                agree(fields.at_cells, plain_fields.at_cells, g, s.cells.wood, x, y)
                agree(fields.at_squares, plain_fields.at_squares, g, s.cells.depth, x, y)
            for c in s.rng.integers(0, g.nx * g.ny, 5).tolist():
                assert fields.cell_at(g, *plain_fields.center_of(g, c)) == c
                agree(fields.square_of, plain_fields.square_of, g, c)
                agree(fields.mean_of_square, plain_fields.mean_of_square, g, s.cells.wood, c)
                agree(fields.square_center, plain_fields.square_center, g, c)
            agree(fields.draw_line, plain_fields.draw_line, g, s.cells)
            agree(fields.outline, plain_fields.outline, g, s.cells, s.blocks)
            agree(front.trace, plain_front.trace, g, s.cells, s.front)
            s.cells.square_control[:] = 0.5  # no direction is uphill
            agree(fields.outline, plain_fields.outline, g, s.cells, s.blocks)

    geo, cells, nodes, blocks, *_ = long_map()
    for x, y in np.random.default_rng(3).uniform([-1.0, -5.0], [5.0, 145.0], (30, 2)).tolist():
        agree(fields.cell_at, plain_fields.cell_at, geo, x, y)
        agree(fields.block_at, plain_fields.block_at, geo, x, y)
        agree(fields.at_nodes, plain_fields.at_nodes, geo, nodes.presence, 0, x, y)
        agree(fields.at_cells, plain_fields.at_cells, geo, cells.supply[:, 0], x, y)
        agree(fields.at_squares, plain_fields.at_squares, geo, cells.depth, x, y)
    agree(fields.outline, plain_fields.outline, geo, cells, blocks)


@settings(max_examples=12)
@given(seed=SEEDS, nx=st.integers(2, 17), ny=st.integers(2, 17), sd=st.floats(0.3, 6.0), share=st.floats(0.0, 1.0))
def test_smoothing_and_distance_on_any_grid(seed, nx, ny, sd, share):
    control = (np.random.default_rng(seed).random(nx * ny) < share).astype(float)
    agree(fields.blur, plain_fields.blur, nx, ny, control, sd, control.copy(), control.copy())
    for want in (False, True):
        agree(fields.distance, plain_fields.distance, nx, ny, control, want, control.copy())
