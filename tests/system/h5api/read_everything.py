"""Read all that is in a file, again and again.

Each line of standard input is ``static``, ``dynamic`` or ``tree`` and a path; each line of output says what
was read. A process of its own, as HDF5 may crash or hang on what it is given here.
"""

import json
import sys

from id3c_data.errors import Id3cDataError
from id3c_data.h5api import FINISHED, dynamic_hdf5, lines_of, static_hdf5, tree_of

APIS = {"static": static_hdf5, "dynamic": dynamic_hdf5}
MOST_VALUES = 10_000_000


def read(api: str, path: str) -> dict[str, object]:
    """Return the shapes of all that can be read, and the names of the errors for the rest."""
    seen: dict[str, object] = {}
    try:
        with APIS[api].File(path, scan_state=FINISHED, settle_timeout=0) as file:
            read_group(file, seen)
    except Id3cDataError as error:
        seen["/"] = type(error).__name__
    return seen


def list_tree(path: str) -> dict[str, object]:
    """Return how many lines a listing has."""
    try:
        return {"lines": len(list(lines_of(tree_of(path))))}
    except Id3cDataError as error:
        return {"/": type(error).__name__}


def read_group(group, seen: dict[str, object], depth: int = 0) -> None:
    for name in group:
        place = f"{group.name.rstrip('/')}/{name}"
        try:
            node = group[name]
            if hasattr(node, "shape"):
                seen[place] = read_dataset(node)
            elif depth < 10:
                read_group(node, seen, depth + 1)
        except Id3cDataError as error:
            seen[place] = type(error).__name__


def read_dataset(dataset) -> object:
    if dataset.size > MOST_VALUES:
        return f"too large: {dataset.shape}"
    values = dataset[()] if not dataset.shape else dataset[...]
    assert getattr(values, "shape", ()) == dataset.shape
    return dataset.shape


for line in sys.stdin:
    try:
        api, path = line.strip().split(" ", 1)
        answer = list_tree(path) if api == "tree" else read(api, path)
    except BaseException as error:  # what is none of our errors
        answer = {"foreign": repr(error)}
    print(json.dumps(answer), flush=True)
