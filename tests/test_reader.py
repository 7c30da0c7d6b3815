"""The embedded reader: windows, spans, and its weights over the encoder's."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from test_passages import make_pieced
from test_runtime import make_model
from transformers import BertModel

from index.runtime import Words
from index.types import ModelUnavailable
from qa.passages import Pieces, sheet
from qa.reader import EmbeddedReader, Excerpt, best_span, readings, windows
from training.reader import Network, padded, save


@pytest.mark.parametrize(
    ("wanted", "lengths", "room", "expected"),
    [
        ([4], {3: 5, 4: 5, 5: 5}, 15, [(range(3, 6), range(4, 5))]),  # with both neighbours
        ([4], {3: 5, 4: 5, 5: 5}, 12, [(range(3, 5), range(4, 5))]),  # with one of them
        ([4], dict.fromkeys(range(9), 5), 27, [(range(2, 7), range(4, 5))]),  # as many as there is room for
        ([1, 2], dict.fromkeys(range(9), 5), 30, [(range(6), range(1, 3))]),
        ([4], {3: 5, 4: 5, 5: 50, 6: 5}, 20, [(range(3, 5), range(4, 5))]),  # not past one that is too long
        ([4], {3: 5, 4: 50, 5: 5}, 12, [(range(4, 5), range(4, 5))]),  # too long by itself: cut later
        ([4], {4: 5}, 99, [(range(4, 5), range(4, 5))]),
        ([6, 4, 4], {4: 5, 5: 5, 6: 5}, 15, [(range(4, 7), range(4, 7))]),  # together, over what stands between
        ([4, 6], {4: 5, 5: 5, 6: 5}, 14, [(range(4, 6), range(4, 5)), (range(5, 7), range(6, 7))]),
        (
            [4, 9],
            {4: 5, 9: 5},
            99,
            [(range(4, 5), range(4, 5)), (range(9, 10), range(9, 10))],
        ),  # a gap is not read over
        ([], {4: 5}, 99, []),
    ],
)
def test_windows(wanted: list[int], lengths: dict[int, int], room: int, expected: list[tuple[range, range]]) -> None:
    assert list(windows(wanted, lengths, room)) == expected


def test_every_wanted_sentence_is_read_for_once_and_no_window_is_over_its_room() -> None:
    chance = np.random.default_rng(1)
    for _ in range(300):
        lengths = {place: int(chance.integers(1, 30)) for place in range(30) if chance.random() < 0.8}
        wanted = [place for place in lengths if chance.random() < 0.4]
        found = list(windows(wanted, lengths, 60))
        read = [place for _, core in found for place in core]
        assert set(wanted) <= set(read)
        assert len(read) == len(set(read))
        for run, core in found:
            assert set(core) <= set(run) <= set(lengths)
            assert sum(lengths[place] for place in run) <= 60


def test_the_best_span_runs_forwards_and_is_not_endless() -> None:
    scores = np.zeros((100, 2), np.float32)
    scores[50, 0], scores[60, 1] = 5, 4
    assert best_span(scores) == (50, 60, 9.0)
    scores[10, 1] = 4.5  # ends before it begins
    assert best_span(scores) == (50, 60, 9.0)
    scores[99, 1] = 5  # too far
    assert best_span(scores) == (50, 60, 9.0)
    assert best_span(np.zeros((0, 2), np.float32))[2] < -1000


def test_readings_are_characters_of_each_sentence() -> None:
    pieced = make_pieced()
    sentences = ["Ann left early", "Ann came"]
    page = sheet(pieced, pieced.question("who came"), Pieces([], []), pieced.cut(sentences))
    scores = np.zeros((len(page.ids), 3), np.float32)
    scores[0, :2] = 1.0
    first = page.tokens[1].start
    scores[first, 0] = scores[first, 1] = 6.0
    scores[first, 2] = 8.0
    one, other = readings(page, scores, sentences)
    assert (other.span, other.margin) == ((0, 3), 10.0)
    assert other.answers > 5 > one.answers == pytest.approx(0.0, abs=1e-6)


def test_a_sentence_without_tokens_has_no_span() -> None:
    pieced = make_pieced()
    page = sheet(pieced, pieced.question("who"), Pieces([], []), pieced.cut([""]))
    (only,) = readings(page, np.zeros((len(page.ids), 3), np.float32), [""])
    assert only.span is None
    assert np.isfinite(only.margin)


class Encoder:
    """A tiny transformer in the encoder's place."""

    def __init__(self, folder: Path) -> None:
        self.model = make_model(folder)
        self.words = Words(folder)


@pytest.fixture
def encoder(tmp_path: Path) -> Encoder:
    return Encoder(tmp_path)


def _network(encoder: Encoder) -> Network:
    body = BertModel(encoder.model.config, add_pooling_layer=False).eval()
    body.load_state_dict({name: 0.9 * values for name, values in encoder.model.state_dict().items()})
    for shared, own in ((encoder.model.embeddings, body.embeddings),):
        own.word_embeddings, own.position_embeddings = shared.word_embeddings, shared.position_embeddings
    for shared in (body.embeddings.word_embeddings, body.embeddings.position_embeddings):
        shared.weight.requires_grad_(False)
    return Network(body, 16)


def _weights(encoder: Encoder, path: Path, *, small: bool) -> Path:
    """Some weights, as training/reader.py writes them: whole, or matrices in 8 bits."""
    save(_network(encoder), path, small=small)
    return path


EXCERPTS = [Excerpt("News", {3: "Ann left early", 4: "Ann came", 5: "who left"}, [4, 5]), Excerpt("", {0: "Ann"}, [0])]


@pytest.mark.parametrize("small", [False, True])
def test_every_wanted_sentence_is_read(tmp_path: Path, encoder: Encoder, small: bool) -> None:
    reader = EmbeddedReader(encoder, _weights(encoder, tmp_path / "reader.safetensors", small=small))  # type: ignore[arg-type]
    first, second = reader.read("who came", EXCERPTS)
    assert {4, 5} <= set(first)
    assert set(second) == {0}
    for reading in (*first.values(), *second.values()):
        assert np.isfinite([reading.answers, reading.margin]).all()
    again = reader.read("who came", EXCERPTS)
    assert [list(each) for each in again] == [list(first), list(second)]
    assert again[0][4].answers == pytest.approx(first[4].answers, abs=1e-4)
    assert reader.read("who came", []) == []


@pytest.mark.parametrize("small", [False, True])
def test_it_reads_as_the_network_that_was_trained(tmp_path: Path, encoder: Encoder, small: bool) -> None:
    torch.manual_seed(2)
    network = _network(encoder)
    save(network, tmp_path / "reader.safetensors", small=small)
    reader = EmbeddedReader(encoder, tmp_path / "reader.safetensors")  # type: ignore[arg-type]
    pieced = make_pieced()
    sentences = ["Ann left early", "Ann came"]
    page = sheet(pieced, pieced.question("who came"), pieced.cut(["News"])[0], pieced.cut(sentences))
    inputs = {name: torch.tensor(rows) for name, rows in padded([page], 2).items()}
    with torch.inference_mode():
        expected = list(readings(page, network(**inputs)[0].numpy(), sentences))
    (found,) = reader.read("who came", [Excerpt("News", dict(enumerate(sentences)), [0, 1])])
    assert [found[place].answers for place in (0, 1)] == pytest.approx([each.answers for each in expected], abs=0.1)
    assert [found[place].margin for place in (0, 1)] == pytest.approx([each.margin for each in expected], abs=0.2)


def test_its_layers_are_made_once_for_the_same_weights(tmp_path: Path, encoder: Encoder) -> None:
    path = _weights(encoder, tmp_path / "reader.safetensors", small=True)
    for _ in range(2):
        EmbeddedReader(encoder, path).read("who came", EXCERPTS)  # type: ignore[arg-type]
        (made,) = tmp_path.glob("reader-*.onnx")
        kept = made.stat().st_mtime_ns
    assert made.stat().st_mtime_ns == kept
    EmbeddedReader(encoder, _weights(encoder, path, small=False)).read("who came", EXCERPTS)  # type: ignore[arg-type]
    assert len(list(tmp_path.glob("reader-*"))) == 2


@pytest.mark.parametrize("missing", ["head.weight", "encoder.layer.1.output.dense.weight"])
def test_weights_that_are_not_whole_are_refused(tmp_path: Path, encoder: Encoder, missing: str) -> None:
    path = _weights(encoder, tmp_path / "reader.safetensors", small=False)
    save_file({name: value for name, value in load_file(path).items() if name != missing}, path)
    with pytest.raises(ModelUnavailable, match="--reader off"):
        EmbeddedReader(encoder, path).read("who came", EXCERPTS)  # type: ignore[arg-type]
    assert not list(tmp_path.glob("reader-*"))


@pytest.mark.parametrize("content", [None, b"", b"not weights at all"])
def test_missing_or_damaged_weights_are_one_clear_error(
    tmp_path: Path, encoder: Encoder, content: bytes | None
) -> None:
    path = tmp_path / "reader.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelUnavailable, match="--reader off"):
        EmbeddedReader(encoder, path).read("who came", EXCERPTS)  # type: ignore[arg-type]
