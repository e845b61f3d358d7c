"""Text distances and the overlap metrics under them: literals computed by hand, and bounds for any text."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.text.english_stop_words import ENGLISH_STOP_WORDS
from personarium.text.sentence_overlap import (
    meteor,
    ngram_counts,
    rouge_l_f,
    rouge_n,
    rouge_su,
    sentence_bleu,
    skip_units,
)
from personarium.text.text_distances import DISTANCES, TextDistance, content_words, text_distance

CAT = ["the", "cat", "sat", "on", "the", "mat"]
DOG = ["the", "dog", "sat", "on", "the", "rug"]


def far(distance: TextDistance, a: str, b: str) -> float:
    return float(distance.between([a, b], np.array([0]), np.array([1]))[0])


def test_rouge_counts_shared_units_once_each() -> None:
    assert rouge_n(CAT, DOG, 1) == pytest.approx(4 / 6)
    assert rouge_n(CAT, DOG, 2) == pytest.approx(2 / 5)
    assert rouge_l_f(CAT, DOG) == pytest.approx(4 / 6)
    assert rouge_n(["the", "the", "the"], ["the", "cat"], 1) == pytest.approx(2 / 5)
    assert rouge_n([], CAT, 1) == 0 and rouge_l_f([], []) == 0
    with pytest.raises(InvalidInput, match="n of at least 1"):
        ngram_counts(CAT, 0)


def test_skip_pairs_have_at_most_four_words_between() -> None:
    units = skip_units(["a", "b", "c", "d", "e", "f", "g"])
    assert units[("a", "f")] == 1 and ("a", "g") not in units
    assert sum(units.values()) == 27
    assert rouge_su(["a", "b"], ["b", "a"]) == pytest.approx(2 / 3)


def test_sentence_bleu_smooths_counts_of_zero_but_not_of_words() -> None:
    # 4 of 6 words, 2 of 5 pairs, 1 of 4 triples ("sat on the"), 0.1 of 3 runs of four
    wanted = (4 / 6 * 2 / 5 * 1 / 4 * 0.1 / 3) ** 0.25
    assert sentence_bleu(CAT, DOG) == pytest.approx(wanted)
    assert sentence_bleu(CAT, DOG, epsilon=0) == 0
    assert sentence_bleu(["x"], CAT) == 0 and sentence_bleu([], CAT) == 0
    assert sentence_bleu(CAT, CAT) == pytest.approx(1)
    assert sentence_bleu(CAT[:5], CAT) == pytest.approx(math.exp(1 - 6 / 5))


def test_meteor_favours_recall_and_whole_chunks() -> None:
    assert meteor(CAT, CAT) == pytest.approx(1 - 0.5 / 6**3)
    # 4 of 6 words match in two chunks ("the", "sat on the")
    assert meteor(CAT, DOG) == pytest.approx(4 / 6 * (1 - 0.5 * (2 / 4) ** 3))
    assert meteor(["Dogs"], ["dog"]) == pytest.approx(0.5)  # by stem, one chunk of one
    assert meteor(["x"], CAT) == 0 and meteor([], []) == 0
    assert meteor(["puppy"], ["dog"], synonyms=lambda word: frozenset({"dog"} if word == "puppy" else ())) == 0.5


def test_content_words_lose_punctuation_digits_and_stop_words() -> None:
    assert content_words("The 2 dogs aren't HERE, they ran.") == ["dogs", "arent", "ran"]
    assert content_words("two dogs", lemma=lambda word: word.rstrip("s")) == ["two", "dog"]
    assert len(ENGLISH_STOP_WORDS) == 179 and {"no", "not", "me"} <= ENGLISH_STOP_WORDS


@pytest.mark.parametrize("name", DISTANCES)
def test_every_distance_is_0_for_equal_and_1_for_unrelated_texts(name: str) -> None:
    distance = text_distance(name)
    text = "seven red boats sail past green hills"
    assert isinstance(distance, TextDistance)
    # METEOR's penalty for chunks leaves something even for equal texts
    assert far(distance, text, text) == pytest.approx(0.0, abs=0.5 / 7**3 + 1e-9 if name == "meteor" else 1e-12)
    assert far(distance, text, "quarterly accounting spreadsheets") >= (0.6 if name == "embedding" else 1.0)
    assert far(distance, "", "") == (1.0 if name == "contiguous5" else 0.0)
    assert far(distance, "", text) == 1.0


def test_the_published_divergence_has_four_digits() -> None:
    a, b = "red boats sail far", "red boats sink"
    exact = far(text_distance("jsd"), a, b)
    assert far(text_distance("jsd4"), a, b) == pytest.approx(round(exact, 4), abs=1e-12) != exact


def test_unknown_names_are_told() -> None:
    with pytest.raises(UsageError, match="no distance 'rouge'"):
        text_distance("rouge")
    with pytest.raises(UsageError, match="no words 'letters'"):
        text_distance("jsd", "letters")


@given(st.lists(st.text("abc d", max_size=20), min_size=2, max_size=5), st.sampled_from(DISTANCES))
def test_distances_stay_within_bounds_and_symmetric_ones_are(texts: list[str], name: str) -> None:
    distance = text_distance(name, "blank")
    i, j = np.triu_indices(len(texts), 1)
    there, back = distance.between(texts, i, j), distance.between(texts, j, i)
    assert ((there >= 0) & (there <= 1)).all()
    if distance.symmetric:
        assert np.allclose(there, back)


# --- BERTScore, with a tiny network of chance weights ---


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "boats", "sail", "green", "hills"]
    (folder / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=32).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def test_bertscore_matches_tokens_greedily_without_the_marks(tiny_bert: Path) -> None:
    from personarium.text.bertscore import BertScorer, greedy_match

    scorer = BertScorer(str(tiny_bert), layer=0)
    found = scorer.score(["red boats", "red boats sail", "red", ""], ["red boats", "red boats", "green hills", "red"])
    assert found.f1[0] == pytest.approx(1)
    assert found.recall[1] == pytest.approx(1) and found.precision[1] < 1  # "sail" finds no like
    assert found.f1[2] < 1 and found.f1[3] == 0
    assert found.f1[1] == pytest.approx(2 * found.precision[1] / (1 + found.precision[1]))
    axes = np.eye(3)
    assert greedy_match(axes[:2], axes[:1]) == (0.5, 1.0, pytest.approx(2 / 3))


def test_bertscore_does_not_depend_on_neighbours(tiny_bert: Path) -> None:
    from personarium.text.bertscore import BertScorer

    scorer = BertScorer(str(tiny_bert))
    alone = scorer.score(["red boats"], ["green"]).f1[0]
    beside = scorer.score(["red boats", "red boats sail green hills red red"], ["green", "hills"]).f1[0]
    assert alone == pytest.approx(beside, abs=1e-5)


def test_bertscore_is_a_distance_by_name(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distance = text_distance(f"bertscore/{tiny_bert}")
    assert far(distance, "red boats", "red boats") == pytest.approx(0, abs=1e-6)
    assert 0 < far(distance, "red boats", "green hills") <= 1
    with pytest.raises(NotFound, match="no model"):
        text_distance(f"bertscore/{tiny_bert}/none")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UsageError, match=r"personarium\[hf\]"):
        text_distance("bertscore/any")
