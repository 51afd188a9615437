"""What a reader would find fault with in a figure: texts outside of it or over each other, legends
over the data.
"""

from itertools import pairwise

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.text import Text


def faults_of(figure):
    """All of them, in words."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts, boxes = seen_texts(figure, canvas.get_renderer())
    return [
        *outside(texts, boxes, figure.bbox.extents),
        *over_each_other(texts, boxes),
        *too_close(figure, texts),
        *under_legends(figure, texts, boxes),
        *covered(figure),
    ]


def seen_texts(figure, renderer):
    """Texts that are drawn, and their places ``(n, 4)`` in pixels, a pixel less at each side; axes
    that are off draw no ticks.
    """
    ticks = [
        tick
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
    ]
    beyond = {
        label
        for tick in ticks
        if not tick.axes.axison or not within(tick.axes, tick)
        for label in (tick.label1, tick.label2)
    }
    texts = [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in beyond
    ]
    boxes = np.array(
        [text.get_window_extent(renderer).padded(-1).extents for text in texts]
    ).reshape(-1, 4)
    return texts, boxes


def within(ax, tick):
    """Whether a tick is on the part of its axis that is shown."""
    low, high = sorted(
        (ax.xaxis if "XTick" in type(tick).__name__ else ax.yaxis).get_view_interval()
    )
    return low - 1e-9 * abs(low) <= tick.get_loc() <= high + 1e-9 * abs(high)


def outside(texts, boxes, whole):
    """Texts that reach beyond the figure."""
    gone = (boxes[:, :2] < whole[:2]).any(axis=1) | (boxes[:, 2:] > whole[2:]).any(axis=1)
    return [f"'{texts[number].get_text()}' lies outside" for number in np.flatnonzero(gone)]


def over_each_other(texts, boxes):
    """Texts that share a place."""
    low, high = boxes[:, None], boxes[None]
    meet = (low[..., :2] < high[..., 2:]).all(axis=-1) & (high[..., :2] < low[..., 2:]).all(axis=-1)
    return [
        f"'{texts[one].get_text()}' runs into '{texts[other].get_text()}'"
        for one, other in np.argwhere(np.triu(meet, 1))
    ]


def too_close(figure, texts):
    """Labels of an x axis that are read as one, with less than a third of a letter's height
    between them.
    """
    for ax in figure.axes:
        labels = [label for label in ax.get_xticklabels(which="both") if label in texts]
        boxes = sorted(
            ((label.get_window_extent().extents.tolist(), label) for label in labels),
            key=lambda found: found[0],
        )
        for (left, one), (right, other) in pairwise(boxes):
            is_beside = left[1] < right[3] and right[1] < left[3]
            if is_beside and right[0] - left[2] < 0.33 * one.get_size() * figure.dpi / 72:
                yield f"'{one.get_text()}' nearly touches '{other.get_text()}'"


def under_legends(figure, texts, boxes):
    """Texts under the lines of legends that they are not part of."""
    legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
    for legend in legends:
        own = set(legend.get_texts()) | {legend.get_title()}
        low, high = legend.get_window_extent().padded(-1).extents.reshape(2, 2)
        meet = (low < boxes[:, 2:]).all(axis=1) & (boxes[:, :2] < high).all(axis=1)
        for number in np.flatnonzero(meet):
            if texts[number] not in own:
                yield f"the legend covers '{texts[number].get_text()}'"


def covered(figure):
    """Lines, spikes and bands under the legend of their axes."""
    return [
        f"the legend covers {artist}"
        for ax in figure.axes
        if ax.get_legend()
        for artist in (*ax.lines, *ax.collections)
        if hides(ax.get_legend(), artist, ax)
    ]


def hides(legend, artist, ax):
    """Whether a legend lies over something that is drawn at places of the data."""
    transform = artist.get_transform()
    if transform.contains_branch_seperately(ax.transData) != (True, True):
        return False
    box = legend.get_window_extent().padded(-0.4 * legend.get_texts()[0].get_size())
    paths = [artist.get_path()] if hasattr(artist, "get_path") else artist.get_paths()
    is_line = isinstance(artist, LineCollection) or (
        isinstance(artist, Line2D) and artist.get_linestyle() != "None"
    )
    return any(
        line_meets(path, transform, box) if is_line else points_meet(path, transform, box)
        for path in paths
    )


def line_meets(path, transform, box):
    """Whether a line passes through a box."""
    cleaned = transform.transform_path(path).cleaned(remove_nans=True)  # logarithmic axes, too
    return len(cleaned.vertices) > 1 and cleaned.intersects_bbox(box, filled=False)


def points_meet(path, transform, box):
    """Whether a point lies in a box."""
    x, y = transform.transform(path.vertices).T
    return ((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)).any()
