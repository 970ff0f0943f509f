"""The line: kernels and plain twins give the same bits, and every line of the plain rule is run."""

from plain import front as plain_front
from plain.scenes import agree, every_line, long_map, on_scenes

from sim import front


def test_front():
    points = []
    with every_line(plain_front):

        @on_scenes(15)
        def check(s):
            a = agree(front.trace, plain_front.trace, s.geo, s.cells, s.front)
            points.append(len(plain_front.points(a.front)))
            small = front.Front(*(c[:5].copy() for c in s.front[:-2]), *s.front[-2:])
            agree(front.trace, plain_front.trace, s.geo, s.cells, small)
            for y, reach in s.rng.uniform([-5.0, 0.0], [17.0, 9.0], (10, 2)).tolist():
                agree(front.points_near, plain_front.points_near, s.geo, a.front, y, reach)
            s.orders.count[0] = 0
            for u in (0.0, *s.rng.random(10).tolist(), 1.0 - 2.0**-53):
                for f in range(len(s.formations.side)):
                    agree(front.pick, plain_front.pick, s.orders, f, u < 0.5, u)

    assert min(points) == 0 and max(points) > 20, "no line at all, and a long one"
    geo, cells, *_ = long_map()
    agree(front.trace, plain_front.trace, geo, cells, front.empty_front(geo))
