"""PersoBench's metrics that need no model: reference overlap, diversity, IDF overlap with the persona, persona distance.

Source: page persobench, step 5 and "Works when" 1 and 3 (arXiv 2410.03198).
Differs: ROUGE counts repeated n-grams (the package the code uses takes each once); METEOR has no WordNet; punctuation is taken off before a
word's vector is looked up (``punctuation-in-vectors``: there "dogs." has none). "Persona distance" is a SIMILARITY: higher is closer.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from personarium.core.errors import InvalidInput
from personarium.core.files import existing
from personarium.text.distinct import distinct_ngrams
from personarium.text.embed import Embedder
from personarium.text.english_stop_words import ENGLISH_STOP_WORDS
from personarium.text.sentence_overlap import meteor, rouge_l_f, rouge_n, sentence_bleu

Vector = NDArray[np.float64]
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WORD = re.compile(r"\b\w\w+\b")
_MAX_WORD_BYTES = 1_000


def reference_overlap(reply: str, reference: str) -> dict[str, float]:
    """BLEU, ROUGE and METEOR against the one reference; words are split at blanks, as they stand."""
    said, wanted = reply.split(), reference.split()
    low, low_wanted = reply.lower().split(), reference.lower().split()
    return {
        "BLEU": sentence_bleu(said, wanted),
        "ROUGE-1": rouge_n(low, low_wanted, 1),
        "ROUGE-2": rouge_n(low, low_wanted, 2),
        "ROUGE-L": rouge_l_f(low, low_wanted),
        "METEOR": meteor(said, wanted),
    }


def diversity(reply: str) -> dict[str, float]:
    """Distinct n-grams over all of one reply; 0 where it has none."""
    found = {n: distinct_ngrams([reply], n, words=str.split).value for n in (1, 2)}
    return {f"Dist-{n}": value or 0.0 for n, value in found.items()}


def idf_overlap(persona: str, reply: str) -> float:
    """Cosine of the TF-IDF vectors of two texts, fitted on these two alone; 0 where one has no word left.

    Stop words, "not" and "no" among them, are gone before, so it cannot see a contradiction.
    """
    a, b = _terms(persona), _terms(reply)
    if not a or not b:
        return 0.0
    weights = [{term: count * _idf(term in a and term in b) for term, count in side.items()} for side in (a, b)]
    dot = math.fsum(weight * weights[1].get(term, 0.0) for term, weight in weights[0].items())
    norms = (math.sqrt(math.fsum(w * w for w in side.values())) for side in weights)
    return min(1.0, dot / math.prod(norms))


def _idf(in_both: bool) -> float:
    return math.log(3 / (3 if in_both else 2)) + 1


def _terms(text: str) -> Counter[str]:
    words = text.lower().translate(_NO_PUNCTUATION).split()
    kept = " ".join(word for word in words if word not in ENGLISH_STOP_WORDS)
    return Counter(_WORD.findall(kept))


# --- persona distance ---


@runtime_checkable
class WordVectors(Protocol):
    """Where words have vectors; ``name`` says which."""

    @property
    def name(self) -> str: ...

    def prepare(self, words: Collection[str]) -> None:
        """Told once which words will be asked for."""
        ...

    def vector(self, word: str) -> Vector | None:
        """The word's vector, or None."""
        ...


class TableVectors:
    """Vectors in a table.

    Args:
        table: Word -> vector, all of one length.
        name: What they are.
    """

    def __init__(self, table: Mapping[str, Sequence[float] | Vector], name: str = "table") -> None:
        self.name = name
        self._table = {word: np.asarray(vector, np.float64) for word, vector in table.items()}

    def prepare(self, words: Collection[str]) -> None:
        """Nothing to do."""

    def vector(self, word: str) -> Vector | None:
        """The word's vector, or None."""
        return self._table.get(word)


class EmbedderVectors:
    """A STAND-IN for word2vec: a sentence embedder asked word by word. Its figures are not comparable with published ones.

    Args:
        embedder: Makes the vectors.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: dict[str, Vector] = {}

    @property
    def name(self) -> str:
        """Says that it is a stand-in."""
        return f"stand-in for word2vec: {self._embedder.name}"

    def prepare(self, words: Collection[str]) -> None:
        """Embeds all of them in one go."""
        new = [word for word in dict.fromkeys(words) if word not in self._kept]
        self._kept.update(zip(new, self._embedder.embed(new).astype(np.float64), strict=True))

    def vector(self, word: str) -> Vector | None:
        """The word's vector, or None where the embedder knows nothing of it."""
        if word not in self._kept:
            self.prepare([word])
        found = self._kept[word]
        return found if found.any() else None


class FileVectors:
    """Vectors in a file of word2vec's form, text or ``.bin``, for instance the GoogleNews ones, which are not shipped.

    Args:
        path: The file; it is read once, when the words are known, and never held.

    Raises:
        NotFound: There is no such file.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = existing(path)
        self.name = f"word2vec/{self._path.name}"
        self._found: TableVectors | None = None

    def prepare(self, words: Collection[str]) -> None:
        """Reads the file; raises InvalidInput where it has another form."""
        self._found = read_word2vec(self._path, words)

    def vector(self, word: str) -> Vector | None:
        """The word's vector, or None, also for a word that was not announced."""
        return None if self._found is None else self._found.vector(word)


def persona_distance(persona: str, reply: str, vectors: WordVectors, punctuation: bool = False) -> float:
    """Cosine of the mean word vectors of two texts, a similarity in [-1, 1]; 0 where one side has no vector.

    Args:
        persona: What is known of the speakers.
        reply: What was said.
        vectors: Of words.
        punctuation: Leave punctuation on the words, as published.
    """
    a, b = (_mean_vector(text, vectors, punctuation) for text in (persona, reply))
    if a is None or b is None:
        return 0.0
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 0 else 0.0


def words_of(text: str) -> set[str]:
    """The words of a text whose vectors may be asked for, with punctuation and without."""
    words = text.lower().split()
    return {*words, *(word.strip(string.punctuation) for word in words)} - {""}


def _mean_vector(text: str, vectors: WordVectors, punctuation: bool) -> Vector | None:
    words = text.lower().split()
    if not punctuation:
        words = [word.strip(string.punctuation) for word in words]
    found = [vectors.vector(word) for word in words if word and word not in ENGLISH_STOP_WORDS]
    known = [vector for vector in found if vector is not None]
    return np.mean(known, axis=0) if known else None


def read_word2vec(path: str | Path, words: Collection[str]) -> TableVectors:
    """The vectors of some words from a file in word2vec's form, text or ``.bin``; the file is read once and never held.

    Args:
        path: For instance the GoogleNews vectors, which are not shipped.
        words: Which words are wanted.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It has another form.
    """
    path = existing(path)
    with path.open("rb") as file:
        head = file.readline(100).split()
        if len(head) != 2 or not all(part.isdigit() for part in head) or not 0 < int(head[1]) <= 10_000:
            raise InvalidInput(f"{path}:1", "the number of words and the length of a vector", head)
        count, size = map(int, head)
        read = _read_binary if path.suffix == ".bin" else _read_text
        return TableVectors(dict(read(path, file, count, size, words)), f"word2vec/{path.name}")


def _read_binary(
    path: Path, file: BinaryIO, count: int, size: int, words: Collection[str]
) -> Iterator[tuple[str, Vector]]:
    for number in range(1, count + 1):
        word = bytearray()
        while (char := file.read(1)) != b" ":
            if not char or len(word) > _MAX_WORD_BYTES:
                raise InvalidInput(f"{path}: word {number}", "a word, a blank and its vector", bytes(word))
            word += char
        data = file.read(4 * size)
        if len(data) < 4 * size:
            raise InvalidInput(f"{path}: word {number}", f"{size} numbers", f"{len(data)} bytes")
        name = word.decode("utf-8", "replace").lstrip("\n")
        if name in words:
            yield name, np.frombuffer(data, "<f4").astype(np.float64)


def _read_text(
    path: Path, file: BinaryIO, count: int, size: int, words: Collection[str]
) -> Iterator[tuple[str, Vector]]:
    for number in range(2, count + 2):
        word, *cells = file.readline(_MAX_WORD_BYTES + 40 * size).decode("utf-8", "replace").split(" ")
        if word in words:
            try:
                vector = [float(cell) for cell in cells if cell.strip()]
            except ValueError:
                vector = []
            if len(vector) != size:
                raise InvalidInput(f"{path}:{number}", f"a word and {size} numbers", word)
            yield word, np.asarray(vector, np.float64)
