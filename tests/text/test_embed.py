"""The static embedder: what it returns, what it refuses, and that it is the table it says it is."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest

from personarium.core.errors import InvalidInput, UsageError
from personarium.text.embed import Embedder, StaticEmbedder, cosine, load_embedder, read_meta

TEXTS = ["I love my dog.", "My dog is dear to me.", "The stock market fell."]

# paraphrase, then a sentence of about the same length on something else
PAIRS = [
    ("I have a dog.", "There is a puppy in my house.", "I live in Texas."),
    ("My favorite food is pizza.", "I love eating pizza most of all.", "My father was a soldier."),
    ("I work as a nurse.", "I am employed in a hospital.", "I enjoy playing the guitar."),
    ("I like to swim in the ocean.", "Swimming in the sea is fun for me.", "My car is a red pickup truck."),
    ("I am afraid of spiders.", "Insects and spiders scare me.", "My sister studies law in Boston."),
    ("I play the violin in an orchestra.", "I am a classical musician.", "I am allergic to peanuts."),
    ("I grew up on a farm.", "My childhood was spent with cows and tractors.", "My phone is always ringing."),
    ("I am a vegetarian.", "I do not eat meat.", "I have been to Paris twice."),
    ("I am getting married next month.", "My wedding is in four weeks.", "I collect old coins."),
    ("I lost my job.", "I am unemployed now.", "I love winter and snow."),
    ("I am reading a mystery novel.", "This crime book is thrilling.", "My shoes are too small."),
    ("I go to church every Sunday.", "Religion is important to me.", "I drink coffee in the morning."),
]


# all-MiniLM-L6-v2's cosines of the above: text with paraphrase, text with the other sentence
MINILM = [
    (0.580, 0.308), (0.797, 0.131), (0.648, 0.214), (0.784, 0.034), (0.832, 0.018), (0.657, 0.068),
    (0.679, 0.084), (0.646, 0.106), (0.706, 0.136), (0.534, 0.171), (0.555, 0.110), (0.397, 0.368),
]  # fmt: skip


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return StaticEmbedder()


def test_it_is_an_embedder_with_a_name_that_tells_the_table(embedder: StaticEmbedder) -> None:
    assert isinstance(embedder, Embedder)
    assert embedder.name == f"static/all-minilm-l6-v2-128@{read_meta()['files']['codes.npy']['sha256'][:8]}"
    assert embedder.dim == 128


def test_rows_are_float32_of_length_one(embedder: StaticEmbedder) -> None:
    rows = embedder.embed(TEXTS)
    assert rows.shape == (3, 128)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_no_texts_give_no_rows(embedder: StaticEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 128)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "[UNK]", "\x00"])
def test_nothing_said_is_a_zero_row(embedder: StaticEmbedder, text: str) -> None:
    assert not embedder.embed([text]).any()


@pytest.mark.parametrize(
    "text", ["🙂", "你好，我住在北京。", "I 🙂 dogs", "\ud800", "e\u0301te\u0301", "a" * 5000, "[PAD] dog"]
)
def test_odd_texts_give_finite_rows(embedder: StaticEmbedder, text: str) -> None:
    row = embedder.embed([text])
    assert np.isfinite(row).all()
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5) or not row.any()


def test_chinese_is_read(embedder: StaticEmbedder) -> None:
    assert embedder.embed(["你好，我住在北京。"]).any()


@pytest.mark.parametrize("text", ["a dog and a cat " * 62_500, "dog" * 333_333])
def test_a_megabyte_is_one_row(embedder: StaticEmbedder, text: str) -> None:
    row = embedder.embed(["first", text])[1]
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5) or not row.any()


def test_a_long_text_repeated_points_where_it_pointed(embedder: StaticEmbedder) -> None:
    once, often = embedder.embed(["a dog and a cat", "a dog and a cat " * 10_000])
    assert cosine(once, often) == pytest.approx(1, abs=1e-5)


def test_a_row_does_not_depend_on_its_neighbours(embedder: StaticEmbedder) -> None:
    many = [f"{text} {k}" for k in range(40) for text in [*TEXTS, "word " * 700, ""]]
    together = embedder.embed(many)
    alone = np.concatenate([embedder.embed([text]) for text in many])
    assert (together == alone).all()


def test_a_new_process_gives_the_same_bytes(embedder: StaticEmbedder) -> None:
    code = (
        "import hashlib; from personarium.text.embed import StaticEmbedder\n"
        f"print(hashlib.sha256(StaticEmbedder().embed({TEXTS!r}).tobytes()).hexdigest())"
    )
    assert run(code).strip() == hashlib.sha256(embedder.embed(TEXTS).tobytes()).hexdigest()


def test_reading_by_chunks_gives_the_tokens_of_the_whole_text(embedder: StaticEmbedder) -> None:
    from personarium.text.embed import _load

    tokenizer = _load()[1]._tokenizer
    for text in [
        "I don't know; really?",
        "Ünïcode  and\ttabs\nand  é",
        "你好 world",
        "it's 3.14 %",
        " lead",
        "x\u00a0y\u3000z",
    ]:
        assert _load()[1].read(text) == tokenizer.encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize(("text", "same", "other"), PAIRS)
def test_a_paraphrase_is_nearer_than_another_topic(embedder: StaticEmbedder, text: str, same: str, other: str) -> None:
    a, b, c = embedder.embed([text, same, other])
    assert cosine(a, b) > cosine(a, c)


def test_cosines_are_near_those_of_minilm(embedder: StaticEmbedder) -> None:
    rows = [embedder.embed(texts) for texts in PAIRS]
    found = [(float(cosine(a, b)), float(cosine(a, c))) for a, b, c in rows]
    assert np.corrcoef(np.ravel(found), np.ravel(MINILM))[0, 1] > 0.9
    assert np.abs(np.subtract(found, MINILM)).mean() < 0.1


def test_cosine_of_matrices_vectors_and_zero() -> None:
    a = np.array([[1.0, 0.0], [0.0, 0.0]])
    b = np.array([[2.0, 0.0], [0.0, 3.0], [-1.0, -1.0]])
    assert cosine(a, b).shape == (2, 3)
    assert cosine(a, b)[0] == pytest.approx([1, 0, -(0.5**0.5)])
    assert (cosine(a, b)[1] == 0).all()
    assert float(cosine(a[0], b[0])) == 1


def test_the_files_are_those_of_the_meta_file() -> None:
    folder = files("personarium.text") / "data" / "static_embedder"
    for name, known in read_meta()["files"].items():
        data = (folder / name).read_bytes()
        assert len(data) == known["bytes"], name
        assert hashlib.sha256(data).hexdigest() == known["sha256"], name
    assert sum(known["bytes"] for known in read_meta()["files"].values()) < 8_000_000
    assert "Apache" in (folder / "NOTICE.txt").read_text(encoding="utf-8")
    assert "CC BY 4.0" in (folder / "NOTICE.txt").read_text(encoding="utf-8")


def test_the_meta_file_tells_where_the_table_comes_from() -> None:
    meta = read_meta()
    assert meta["source"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert meta["licence"] == "Apache-2.0"
    assert "distil_embedder.py" in meta["command"]
    assert {"model2vec", "torch", "numpy"} <= set(meta["versions"])
    assert meta["fitted_on"]["utterances (synthetic-persona-chat)"] == 15_567
    assert meta["held_out"]["utterances (synthetic-persona-chat)"] == 3_548
    assert not set(meta["fitted_on"]) & {"character documents (apc)", "chats with an assistant (memorybank)"}


def test_embedding_imports_nothing_heavy() -> None:
    code = (
        "import sys; from personarium.text.embed import load_embedder; load_embedder().embed(['a dog'])\n"
        "print([m for m in ('torch', 'sklearn', 'scipy', 'polars', 'transformers', 'model2vec') if m in sys.modules])"
    )
    assert run(code).strip() == "[]"


def test_the_text_room_imports_neither_numpy_nor_tokenizers() -> None:
    code = "import sys, personarium.text; print([m for m in ('numpy', 'tokenizers') if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_a_fork_after_embedding_warns_of_nothing() -> None:
    code = (
        "import os; from personarium.text.embed import StaticEmbedder\n"
        "e = StaticEmbedder(); e.embed(['a dog'] * 100)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n    e.embed(['never seen chunk']); os._exit(0)\n"
        "raise SystemExit(os.waitpid(pid, 0)[1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_embedders_are_loaded_by_name() -> None:
    assert isinstance(load_embedder(), StaticEmbedder)
    with pytest.raises(UsageError, match="no embedder 'word2vec'"):
        load_embedder("word2vec")
    with pytest.raises(UsageError, match="no embedder 'hf/'"):
        load_embedder("hf/")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(UsageError, match="needs sentence-transformers"):
        load_embedder("hf/some/model")


def test_one_text_instead_of_a_list_is_refused(embedder: StaticEmbedder) -> None:
    with pytest.raises(InvalidInput, match="a list of texts"):
        embedder.embed("a dog")
    with pytest.raises(InvalidInput, match="text 1"):
        embedder.embed(["a dog", None])  # type: ignore[list-item]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
