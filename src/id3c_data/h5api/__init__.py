"""HDF5 files as they are on disk: opened without locks, links resolved by us, errors in our words."""

from ._bliss_state import BlissScanState
from ._branch import Branch, Tree
from ._chunk_at import chunk_at
from ._chunk_format import BlockLayout, Codec, Inconsistent, check_length, codec_of, read_blocks
from ._decoder import Decoder, decode_chunk
from ._decoders import DECODER_VARIABLE, decoder_in_use, decoders_here
from ._dectris_decoder import DectrisDecoder
from ._encode import encode_chunk
from ._hops import Found, Hop
from ._imagecodecs_decoder import ImagecodecsDecoder
from ._independent import IndependentResolver, open_independent, written_in_swmr_mode
from ._iteration import following_batch
from ._looker import Looker
from ._looks import Look, Memory, NotQuiet, NotYet
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
from ._raw_storage import RawStorage
from ._reader import Reader
from ._resolver import RawFile, Resolver
from ._roots import AllowedRoots, RootsLike
from ._scan_state import FINISHED, DescribedScanState, ScanPhase, ScanState
from ._standing import PromisingScanState, ScanWatch, Standing
from ._swmr import newest
from ._translate import hdf5_errors
from ._tree import tree_of
from ._tree_text import lines_of
from ._virtual import VirtualBlock, virtual_blocks
from ._waiting import DEFAULT_RETRY_PERIOD_S, Patience, Wanted
from ._workers import WORKERS, Workers

__all__ = [
    "DECODER_VARIABLE",
    "DEFAULT_RETRY_PERIOD_S",
    "FINISHED",
    "WORKERS",
    "AllowedRoots",
    "BlissScanState",
    "BlockLayout",
    "Branch",
    "Codec",
    "Decoder",
    "DectrisDecoder",
    "DescribedScanState",
    "FileIdentity",
    "Found",
    "Hop",
    "ImagecodecsDecoder",
    "Inconsistent",
    "IndependentResolver",
    "Look",
    "Looker",
    "Memory",
    "Node",
    "NotQuiet",
    "NotYet",
    "OpenFile",
    "Patience",
    "PromisingScanState",
    "RawFile",
    "RawStorage",
    "Reader",
    "Resolver",
    "RootsLike",
    "ScanPhase",
    "ScanState",
    "ScanWatch",
    "Standing",
    "Storage",
    "StoredChunk",
    "Tree",
    "VirtualBlock",
    "Wanted",
    "Workers",
    "attribute_of",
    "check_length",
    "child_of",
    "chunk_at",
    "chunks_of",
    "codec_of",
    "contiguous_offset",
    "decode_chunk",
    "decoder_in_use",
    "decoders_here",
    "dtype_of",
    "encode_chunk",
    "filters_of",
    "following_batch",
    "hdf5_errors",
    "lines_of",
    "link_names",
    "link_of",
    "newest",
    "open_descriptor",
    "open_file",
    "open_independent",
    "read_blocks",
    "shape_of",
    "storage_of",
    "stored_chunks",
    "tree_of",
    "virtual_blocks",
    "written_in_swmr_mode",
]
