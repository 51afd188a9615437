"""Tables as text."""

from collections.abc import Sequence


def aligned(lines: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return rows of cells as text in aligned columns, with a line below the first row.

    Columns whose numbers are in `right` end at the same place, the others begin there.
    """
    widths = [max(map(len, column)) for column in zip(*lines)]
    text = [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([text[0], "-" * len(text[0]), *text[1:]])
