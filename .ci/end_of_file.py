"""Give each text file exactly one newline at its end; exit with 1 if one had to be mended."""

import sys
from pathlib import Path


def mend(path: Path) -> bool:
    """Mend one file; True if that was needed."""
    content = path.read_bytes()
    mended = content.rstrip(b"\r\n") + b"\n" if content.strip() else b""
    if mended != content:
        path.write_bytes(mended)
        sys.stdout.write(f"mended {path}\n")
    return mended != content


if __name__ == "__main__":
    sys.exit(sum(mend(Path(name)) for name in sys.argv[1:]) > 0)
