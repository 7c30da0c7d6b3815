"""The README's programs, run as they are printed there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_doors import House, open_house

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:7860"
BLOCKS = re.findall(r"```python\n(.+?)```", README, re.DOTALL)
PROGRAMS = dict(zip(("openai", "gradio_client", "mcp"), BLOCKS, strict=True))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("readme")) as opened:
        yield opened


@pytest.mark.parametrize("client", PROGRAMS)
def test_a_program_of_the_readme_prints_citations(house: House, client: str) -> None:
    program = PROGRAMS[client]
    assert f"from {client} import" in program
    assert ADDRESS in program
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program.replace(ADDRESS, house.address)],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    questions = re.findall(r'"([^"]+[?？])"', program)
    assert questions
    assert any(citation.quote in done.stdout for citation in house.newsroom.ask(questions[0]).citations)
    assert "https://samples.citewire.example/" in done.stdout
