"""What tests of figures measure: words on the figure and apart, marks inside their axes, no panel without anything in it."""

import itertools

import numpy as np

from sim.view import style

TOUCH_PT = 0.6  # two words closer than this touch
BEYOND = 0.002  # of the length of an axis: rounding


def words_of(fig):
    """Boxes of all words, in points from the lower left corner of the figure, in the style that charts are drawn with."""
    with style.styled():
        return _words_of(fig)


def _words_of(fig):
    fig.canvas.draw()
    texts = list(fig.texts)
    for ax in fig.axes:
        texts += [*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label, ax.xaxis.get_offset_text(), ax.yaxis.get_offset_text()]
        texts += [label for axis in (ax.xaxis, ax.yaxis) for label in drawn_labels(axis)]
    scale = 72 / fig.dpi
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts if t.get_visible() and t.get_text().strip()]
    return [(words, *(v * scale for v in (box.x0, box.y0, box.x1, box.y1))) for words, box in boxes]


def drawn_labels(axis):
    """Tick labels within the limits of their axis; matplotlib does not draw the others."""
    low, high = sorted(axis.get_view_interval())
    reach = 1e-6 * (high - low)
    return [t.label1 if t.label1.get_visible() else t.label2 for t in axis.get_major_ticks() if low - reach <= t.get_loc() <= high + reach]


def check_words(fig):
    """All words lie on the figure and no two of them touch."""
    wide, high = fig.get_size_inches() * 72
    words = words_of(fig)
    assert words
    for text, x0, y0, x1, y1 in words:
        assert x0 > -0.5 and y0 > -0.5 and x1 < wide + 0.5 and y1 < high + 0.5, f"{text!r} leaves the figure"
    for (a, ax0, ay0, ax1, ay1), (b, bx0, by0, bx1, by1) in itertools.combinations(words, 2):
        apart = ax1 <= bx0 + TOUCH_PT or bx1 <= ax0 + TOUCH_PT or ay1 <= by0 + 2 * TOUCH_PT or by1 <= ay0 + 2 * TOUCH_PT
        assert apart, f"{a!r} lies on {b!r}"


def is_map(ax):
    """True for a map: the front goes on beyond its edge."""
    return bool(ax.images)


def marks_outside(fig):
    """Points of lines and marks that lie beyond the limits of their axes: cut, or drawn over what is beside them."""
    out = []
    for ax in fig.axes:
        for line in ax.lines:
            if line.get_transform() is not ax.transData or is_map(ax):
                continue  # lines across the axes have no place of their own; the front goes on beyond a map
            at = ax.transLimits.transform(ax.transScale.transform(line.get_xydata()))
            at = at[np.isfinite(at).all(axis=1)]
            if ((at < -BEYOND) | (at > 1 + BEYOND)).any():
                out.append(line.get_xydata().tolist())
    return out


def empty_panels(fig):
    """Axes in which nothing is drawn but their own frame and lines across."""
    own = {ax: [line for line in ax.lines if line.get_transform() is ax.transData] for ax in fig.axes}
    return [ax for ax in fig.axes if ax.axison and not (own[ax] or ax.collections or ax.patches or ax.images or ax.texts)]


def check_drawing(fig):
    """Words inside and apart, marks inside their axes, no empty panel."""
    check_words(fig)
    assert not marks_outside(fig), marks_outside(fig)
    assert not empty_panels(fig)
