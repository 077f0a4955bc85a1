"""Memory that is got from the system before it is needed."""

import os
import platform
import subprocess
import sys

import pytest

FIRST_FRAMES = """
import resource
import numpy as np
from id3c_data.h5api._memory import MemoryAhead

ahead = MemoryAhead()
for _ in range(50):
    ahead.get_some()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
frames = [np.full((514, 1030), n, "u4") for n in range(6)]
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize() // (1 << 20))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library keeps memory in another way")
def test_the_first_frames_need_no_new_memory():
    # a dask cluster that was started in this process has set how its C library deals with memory
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    result = subprocess.run(
        [sys.executable, "-c", FIRST_FRAMES], capture_output=True, text=True, check=True, env=environment
    )
    assert int(result.stdout) <= 1  # MB, of 12
