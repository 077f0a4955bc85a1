"""HDF5 files as they are on disk: opened without locks, links resolved by us, errors in our words."""

from ._bliss_state import BlissScanState
from ._chunk_format import Codec, Inconsistent, codec_of
from ._decoder import Decoder, ImagecodecsDecoder, decode_chunk
from ._hops import Found, Hop
from ._low_level import (
    Node,
    Storage,
    StoredChunk,
    attribute_of,
    child_of,
    chunks_of,
    contiguous_offset,
    dtype_of,
    filters_of,
    link_names,
    link_of,
    shape_of,
    storage_of,
    stored_chunks,
)
from ._open import FileIdentity, OpenFile, open_descriptor, open_file
from ._resolver import Resolver
from ._roots import AllowedRoots, RootsLike
from ._scan_state import FINISHED, ScanPhase, ScanState
from ._standing import PromisingScanState
from ._translate import hdf5_errors
from ._tree import Branch, Tree, tree_of
from ._tree_text import lines_of
from ._virtual import VirtualBlock, virtual_blocks

__all__ = [
    "FINISHED",
    "AllowedRoots",
    "BlissScanState",
    "Branch",
    "Codec",
    "Decoder",
    "FileIdentity",
    "Found",
    "Hop",
    "ImagecodecsDecoder",
    "Inconsistent",
    "Node",
    "OpenFile",
    "PromisingScanState",
    "Resolver",
    "RootsLike",
    "ScanPhase",
    "ScanState",
    "Storage",
    "StoredChunk",
    "Tree",
    "VirtualBlock",
    "attribute_of",
    "child_of",
    "chunks_of",
    "codec_of",
    "contiguous_offset",
    "decode_chunk",
    "dtype_of",
    "filters_of",
    "hdf5_errors",
    "lines_of",
    "link_names",
    "link_of",
    "open_descriptor",
    "open_file",
    "shape_of",
    "storage_of",
    "stored_chunks",
    "tree_of",
    "virtual_blocks",
]
