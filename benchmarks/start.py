"""How long until the first answer: `citewire chat` to ready, a cold `citewire ask`, and which imports take the time.

    python benchmarks/start.py [--rounds 3]

Uses the sample articles in a library of their own. Absolute figures depend on the machine; compare those of one run.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from serving import COMMAND, index_samples, run

QUESTION = "What did Akimov announce?"
SLOWEST = 12
IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        index_samples(folder)
        print(f"citewire --help             {median(rounds, lambda: run(folder, '--help')):6.2f} s (p50)")
        print(f"citewire ask, cold          {median(rounds, lambda: run(folder, 'ask', QUESTION)):6.2f} s (p50)")
        print(f"citewire chat, until ready  {median(rounds, lambda: chat(folder)):6.2f} s (p50)")
        for name, arguments in (("ask", ["ask", QUESTION]), ("chat", ["chat", "--port", "0"])):
            print(f"\nslowest imports of `citewire {name}`, in ms, the time of each package")
            for module, milliseconds in imports(folder, arguments):
                print(f"  {milliseconds:7.0f}  {module}")


def chat(folder: str, python: Sequence[str] = COMMAND) -> str:
    """Start the server, stop it when it is ready; what it said on stderr."""
    command = [*python, "--library", folder, "chat", "--port", "0"]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        assert process.stdout
        line = process.stdout.readline()
        process.kill()
        process.wait()
        assert line.startswith("Ready"), line
        said.seek(0)
        return said.read()


def imports(folder: str, arguments: Sequence[str]) -> list[tuple[str, float]]:
    """The packages that take longest to import, by Python's own clock (`-X importtime`)."""
    python = (sys.executable, "-X", "importtime", *COMMAND[1:])
    if arguments[0] == "chat":
        said = chat(folder, python)
    else:
        command = [*python, "--library", folder, *arguments]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    found: dict[str, float] = {}
    for own, _whole, _indent, module in IMPORT.findall(said):
        package = module.partition(".")[0]
        found[package] = found.get(package, 0.0) + int(own) / 1000
    return sorted(found.items(), key=lambda each: -each[1])[:SLOWEST]


def median(rounds: int, work: Callable[[], object]) -> float:
    """Seconds, p50."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


if __name__ == "__main__":
    main()
