"""Virtual environments for the peers, one for each file in requirements/, kept in a folder that git ignores."""

import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements")
FOLDER = Path(__file__).parents[2] / ".peers"


def interpreter(name: str) -> Path:
    """The Python of the environment that requirements/NAME.txt describes, made first where it is missing or old."""
    wanted = REQUIREMENTS / f"{name}.txt"
    folder = FOLDER / name
    ready = folder / ".ready"
    python = folder / "bin" / "python"
    if not ready.exists() or ready.read_bytes() != wanted.read_bytes():
        print(f"making {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", wanted], check=True)
        ready.write_bytes(wanted.read_bytes())
    return python
