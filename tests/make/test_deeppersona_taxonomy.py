"""The project's own tree of attributes: how large it is, that nothing in it stands twice, and which leaves need care."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.errors import InvalidInput, NotFound
from personarium.make.deeppersona import CATEGORIES, Taxonomy, load_taxonomy
from personarium.make.deeppersona.taxonomy import leaf_name, nearest_category
from personarium.text.embed import load_embedder
from personarium.text.similarity import content_stems, letters_and_digits

TREE = load_taxonomy()
NEAR, SPELT_ALIKE = 0.90, 97  # cosine of two names; rapidfuzz's sorted-token ratio


def test_the_tree_has_the_twelve_categories_and_more_than_two_thousand_leaves() -> None:
    assert tuple(TREE.by_category) == CATEGORIES
    assert len(TREE.paths) == 2725
    assert TREE.nodes == 2725 + 12 + 232
    assert min(len(paths) for paths in TREE.by_category.values()) >= 190


def test_the_tree_is_three_levels_deep() -> None:
    assert TREE.depths == {3: 2725}


def test_no_two_leaves_are_spelt_alike_or_have_the_same_content_words() -> None:
    spellings = Counter(letters_and_digits(leaf_name(path)) for path in TREE.paths)
    assert [name for name, count in spellings.items() if count > 1] == []
    contents = Counter(tuple(sorted(set(content_stems(leaf_name(path))))) or leaf_name(path) for path in TREE.paths)
    assert [stems for stems, count in contents.items() if count > 1] == []


def test_no_two_leaves_are_near_duplicates() -> None:
    from rapidfuzz import fuzz, process

    names = [leaf_name(path) for path in TREE.paths]
    vectors = load_embedder().embed(names)
    pairs = np.argwhere(np.triu(vectors @ vectors.T, 1) >= NEAR)
    assert [(names[a], names[b]) for a, b in pairs] == []
    folded = [name.lower() for name in names]
    ratios = process.cdist(folded, folded, scorer=fuzz.token_sort_ratio, score_cutoff=SPELT_ALIKE)
    assert [(names[a], names[b]) for a, b in np.argwhere(np.triu(ratios, 1))] == []


def test_names_are_short_and_plain() -> None:
    names = [leaf_name(path) for path in TREE.paths]
    assert max(map(len, names)) <= 40
    assert all(name[0].isupper() and name.isascii() for name in names)


@pytest.mark.parametrize("listed", [TREE.sensitive, TREE.adult])
def test_the_lists_of_care_name_what_is_in_the_tree(listed: dict[str, tuple[str, ...]]) -> None:
    for starts in listed.values():
        assert [s for s in starts if not any(p == s or p.startswith(f"{s}.") for p in TREE.paths)] == []


def test_the_special_categories_of_personal_data_are_marked() -> None:
    marked = {kind: [p for p in TREE.paths if TREE.sensitive_kind(p) == kind] for kind in TREE.sensitive}
    assert all(marked.values())
    assert (
        TREE.sensitive_kind("Core Values, Beliefs, and Philosophy.Religion.Religious affiliation")
        == "religion and belief"
    )
    assert TREE.sensitive_kind("Career and Work Identity.Work values.Union membership") == "trade union membership"
    assert TREE.sensitive_kind("Lifestyle and Daily Routine.Sleep.Usual bedtime") == ""
    assert TREE.adult_only("Relationships and Social Networks.Dating.Dating status")
    assert not TREE.adult_only("Education and Learning.Early schooling.First teacher")


# --- files ---


def test_a_tree_goes_out_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "tree.json"
    path.write_text(json.dumps(TREE.tree()), encoding="utf-8")
    again = load_taxonomy(path)
    assert again.paths == TREE.paths
    assert again.sensitive_kind("Demographic Information.Ancestry.Mixed heritage") == "ethnic origin"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.json: no such file"):
        load_taxonomy(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ([], "expected an object: category -> attributes"),
        ({}, "expected an object: category -> attributes"),
        ({"A": {"B": "leaf"}}, r"field 'A\.B': expected an object \(empty for a leaf\), found 'leaf'"),
        ({"A": {"B <text>": {}}}, "without dots, quotes, bars and brackets"),
        ({"A": {"B.C": {}}}, "without dots"),
        ({"A": {"": {}}}, "a name of 1 to 80 characters"),
        ({"A": {"x" * 81: {}}}, "a name of 1 to 80 characters"),
        ({"A": {}}, "1 to 100,000 attributes"),
    ],
)
def test_trees_that_are_none_are_refused(tree: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Taxonomy.from_tree(tree, "tree.json")


def test_a_tree_that_is_too_deep_is_refused() -> None:
    node: dict[str, Any] = {}
    for _ in range(40):
        node = {"deeper": node}
    with pytest.raises(InvalidInput, match="at most 8 levels"):
        Taxonomy.from_tree(node)


def test_a_leaf_with_attributes_below_it_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a leaf without attributes below it"):
        Taxonomy(("A.B", "A.B.C"))


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Lifestyle & Daily Routine", "Lifestyle and Daily Routine"),
        ("psychological and cognitive aspect", "Psychological and Cognitive Aspects"),
        ("Astronomy", "Astronomy"),
        ("Education and Earning", "Education and Learning"),
    ],
)
def test_spellings_of_a_category(name: str, category: str) -> None:
    assert nearest_category(name) == category


NAMES = st.text("abcdefgh XYZ,&'-é", min_size=1, max_size=12).filter(lambda text: text == text.strip())


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, st.just({}), min_size=1, max_size=5), min_size=1, max_size=5))
def test_any_tree_of_plain_names_is_read_without_loss(tree: dict[str, Any]) -> None:
    assert Taxonomy.from_tree(tree, as_published=True).tree() == tree
