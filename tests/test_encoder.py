"""The encoder by name, and the centring that makes languages comparable."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import WordEncoder

from corpus.types import Language
from index.encoder import Centring, SentenceTransformerEncoder, centring, normalise
from index.types import ModelUnavailable, Vectors

EN, RU, ZH = Language


class Counting(WordEncoder):
    """Counts how many texts it was given."""

    def __init__(self) -> None:
        self.texts = 0

    def encode_sentences(self, texts: list[str]) -> Vectors:  # type: ignore[override]
        self.texts += len(texts)
        return super().encode_sentences(texts)


def _centring() -> Centring:
    means = {language: np.eye(4, dtype=np.float32)[place] / 2 for place, language in enumerate(Language)}
    return Centring(means, {language: 2 * mean for language, mean in means.items()})


def test_centring_subtracts_the_mean_of_the_language_and_of_the_role() -> None:
    vector = np.array([0.5, 0.5, 0.5, 0.5], np.float32)
    np.testing.assert_allclose(_centring().question(vector, EN), np.array([0, 1, 1, 1]) / np.sqrt(3), atol=1e-6)
    both = _centring().sentence(np.stack([vector, vector]), [EN, RU])
    np.testing.assert_allclose(both[0], np.array([-1, 1, 1, 1]) / 2, atol=1e-6)
    np.testing.assert_allclose(both[1], np.array([1, -1, 1, 1]) / 2, atol=1e-6)


def test_no_sentences_are_centred_to_none() -> None:
    assert _centring().sentence(np.zeros((0, 4), np.float32), []).shape == (0, 4)


def test_normalising_leaves_no_nan() -> None:
    vectors = np.array([[0, 0], [3, 4]], np.float32)
    np.testing.assert_allclose(normalise(vectors), [[0, 0], [0.6, 0.8]])


def test_means_are_measured_once_and_kept(tmp_path: Path) -> None:
    encoder = Counting()
    first = centring(encoder, tmp_path)
    measured = encoder.texts
    again = centring(encoder, tmp_path)
    assert encoder.texts == measured > 0
    assert again.fingerprint == first.fingerprint
    for language in Language:
        np.testing.assert_array_equal(again.sentences[language], first.sentences[language])


@pytest.mark.parametrize("damage", ["empty", "torn", "garbage", "other arrays"])
def test_damaged_means_are_measured_again(tmp_path: Path, damage: str) -> None:
    first = centring(WordEncoder(), tmp_path)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    if damage == "other arrays":
        np.savez(path, questions_en=np.zeros(3))
    else:
        path.write_bytes({"empty": b"", "torn": content[: len(content) // 2], "garbage": os.urandom(999)}[damage])
    assert centring(WordEncoder(), tmp_path).fingerprint == first.fingerprint
    assert list(tmp_path.iterdir()) == [path]


def test_means_of_another_model_or_dimension_are_not_taken(tmp_path: Path) -> None:
    class Other(WordEncoder):
        fingerprint = "other"

    class Shorter(WordEncoder):
        fingerprint = "shorter"
        dimension = 128

    centring(WordEncoder(), tmp_path)
    centring(Other(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert centring(Shorter(), tmp_path).questions[EN].shape == (128,)


def test_means_that_cannot_be_kept_are_used_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert centring(WordEncoder(), tmp_path / "file").fingerprint


def test_the_fingerprint_changes_with_the_means() -> None:
    moved = _centring()
    moved.sentences[ZH] = moved.sentences[ZH] + 0.01
    assert moved.fingerprint != _centring().fingerprint


class Model:
    """In place of the model: the vector of a text is its length, and what it was given is told."""

    def __init__(self) -> None:
        self.prompts = {"query": "query: ", "passage": "passage: "}
        self.batches: list[list[str]] = []
        self.go = threading.Semaphore(0)

    def get_embedding_dimension(self) -> int:
        return 1

    def encode(self, texts: list[str], **_: object) -> Vectors:
        self.batches.append(texts)
        assert self.go.acquire(timeout=20)
        return np.array([[len(text)] for text in texts], np.float32)


def test_a_question_waits_for_one_batch_of_sentences_at_most(tmp_path: Path) -> None:
    encoder, model = SentenceTransformerEncoder("", tmp_path), Model()
    encoder.__dict__["_model"] = model
    sentences = ["s" * (100 - number) for number in range(100)]
    with ThreadPoolExecutor() as pool:
        encoded = pool.submit(encoder.encode_sentences, sentences)
        while not model.batches:
            pass
        asked = pool.submit(encoder.encode_questions, ["When?"])
        while not encoder._turns._urgent:
            pass
        for _ in range(5):
            model.go.release()
        assert asked.result().tolist() == [[5]]
        assert encoded.result().tolist() == [[len(text)] for text in sentences]
    assert [len(batch) for batch in model.batches] == [32, 1, 32, 32, 4]
    assert max(map(len, model.batches[0])) < min(map(len, model.batches[-1]))


@pytest.mark.parametrize("name", ["no-such-owner/no-such-model", "no-such-model", "./nowhere", ".", "\\", "a b"])
def test_an_unknown_model_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelUnavailable, match="--model") as caught:
        SentenceTransformerEncoder(name, tmp_path).encode_questions(["?"])
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)
