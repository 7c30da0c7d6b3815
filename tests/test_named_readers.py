"""Readers by name: tiny models made here, loaded as anybody's are."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder
from test_passages import make_tokenizer
from tokenizers import pre_tokenizers
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertModel,
    PreTrainedTokenizerFast,
)

from index.types import ModelUnavailable
from qa.reader import EmbeddedReader, Excerpt, Reader
from qa.readers import _UNREAD, PairReader, SpanReader, open_reader

EXCERPTS = [
    Excerpt("News", {3: "Ann left early", 4: "Ann came", 5: "who left"}, [4, 5]),
    Excerpt("Ann", {0: "Ann"}, [0]),
]


@pytest.fixture(params=["pairs", "spans"])
def named(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The folder of a tiny cross-encoder, or of a tiny question-answering model."""
    return str(_made(tmp_path / request.param, labels=1, spans=request.param == "spans"))


def _made(folder: Path, *, labels: int, spans: bool) -> Path:
    config = BertConfig(
        vocab_size=11, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, pad_token_id=2, num_labels=2 if spans else labels,
    )  # fmt: skip
    (BertForQuestionAnswering if spans else BertForSequenceClassification)(config).save_pretrained(folder)
    tokenizer = _tokenizer()
    tokenizer.model_max_length = 64
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=make_tokenizer(), **special)  # type: ignore[no-untyped-call]


def _read(reader: Reader, excerpts: list[Excerpt]) -> list[dict[int, tuple[float, tuple[int, int] | None]]]:
    return [
        {place: (reading.answers, reading.span) for place, reading in readings.items()}
        for readings in reader.read("who came", excerpts)
    ]


def test_a_model_by_name_reads_every_wanted_sentence(named: str, encoder: WordEncoder) -> None:
    reader = open_reader(named, encoder)
    assert reader is not None
    assert isinstance(reader, SpanReader if named.endswith("spans") else PairReader)
    found = _read(reader, EXCERPTS)
    assert [set(readings) for readings in found] == [{4, 5}, {0}]
    for excerpt, readings in zip(EXCERPTS, found, strict=True):
        for place, (answers, span) in readings.items():
            assert np.isfinite(answers)
            if isinstance(reader, SpanReader):
                assert span is not None
                assert 0 <= span[0] < span[1] <= len(excerpt.sentences[place])
            else:
                assert span is None
    assert reader.read("who came", []) == []


def test_what_is_read_beside_it_does_not_change_a_reading(named: str, encoder: WordEncoder) -> None:
    reader = open_reader(named, encoder)
    assert reader is not None
    together = _read(reader, EXCERPTS)
    alone = [_read(reader, [excerpt])[0] for excerpt in EXCERPTS]
    for one, other in zip(together, alone, strict=True):
        for place in one:
            assert one[place][0] == pytest.approx(other[place][0], abs=1e-4)


def test_a_sentence_beyond_the_models_length_answers_nothing(tmp_path: Path, encoder: WordEncoder) -> None:
    reader = open_reader(str(_made(tmp_path / "spans", labels=1, spans=True)), encoder)
    assert reader is not None
    excerpt = Excerpt("", {0: "Ann left " * 60, 1: "Ann came"}, [1])
    assert _read(reader, [excerpt])[0][1] == (-10.0, None)


def test_on_is_the_embedded_reader_and_off_is_none(encoder: WordEncoder) -> None:
    assert isinstance(open_reader("on", encoder), EmbeddedReader)
    assert open_reader("off", encoder) is None


@pytest.mark.parametrize("wanted", ["nothing/here", "./no-such-folder"])
def test_a_reader_that_cannot_be_loaded_is_one_clear_error(
    wanted: str, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="--reader") as raised:
        open_reader(wanted, encoder)
    assert "\n" not in str(raised.value)


def test_a_model_that_is_no_reader_is_refused(tmp_path: Path, encoder: WordEncoder) -> None:
    config = BertConfig(vocab_size=11, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    BertModel(config).save_pretrained(tmp_path / "encoder")
    with pytest.raises(ModelUnavailable, match="BertModel"):
        open_reader(str(tmp_path / "encoder"), encoder)


@pytest.mark.parametrize("damage", [b"", b"not weights"])
def test_damaged_weights_are_one_clear_error(damage: bytes, tmp_path: Path, encoder: WordEncoder) -> None:
    folder = _made(tmp_path / "spans", labels=1, spans=True)
    (folder / "model.safetensors").write_bytes(damage)
    with pytest.raises(ModelUnavailable, match="--reader"):
        open_reader(str(folder), encoder)


@pytest.mark.parametrize("question", ["who " * 2000, "who" * 2000, "", " "])
def test_any_question_leaves_room_for_the_passage(question: str, named: str, encoder: WordEncoder) -> None:
    reader = open_reader(named, encoder)
    assert reader is not None
    (readings,) = reader.read(question, EXCERPTS[:1])
    assert np.isfinite([reading.answers for reading in readings.values()]).all()
    assert readings[4] != _UNREAD


def test_a_space_that_belongs_to_a_token_is_not_part_of_a_span(tmp_path: Path, encoder: WordEncoder) -> None:
    folder = _made(tmp_path / "spans", labels=1, spans=True)
    tokenizer = _tokenizer()
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_next")
    tokenizer.model_max_length = 64
    tokenizer.save_pretrained(folder)
    reader = open_reader(str(folder), encoder)
    assert reader is not None
    excerpt = Excerpt("", {0: "Ann left early", 1: "Ann came"}, [1])
    (span,) = (reading.span for reading in reader.read("who came", [excerpt])[0].values())
    assert span in [(0, 3), (0, 8), (4, 8)]


def test_many_threads_may_read_at_once(named: str, encoder: WordEncoder) -> None:
    reader = open_reader(named, encoder)
    assert reader is not None
    alone = [_read(reader, [excerpt]) for excerpt in EXCERPTS]
    with ThreadPoolExecutor(4) as threads:
        for number, found in enumerate(threads.map(lambda turn: _read(reader, [EXCERPTS[turn % 2]]), range(40))):
            for place, (answers, _span) in found[0].items():
                assert answers == pytest.approx(alone[number % 2][0][place][0], abs=1e-4)


def test_a_classifier_of_several_labels_is_no_reader(tmp_path: Path, encoder: WordEncoder) -> None:
    folder = _made(tmp_path / "labels", labels=3, spans=False)
    with pytest.raises(ModelUnavailable, match="3 labels"):
        open_reader(str(folder), encoder)
