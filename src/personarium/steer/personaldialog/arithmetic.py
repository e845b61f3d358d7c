"""What persona bias means, in numbers: trait fusion, persona-aware attention and bias, contrastive persona decoding.

Pure functions on arrays; the reference model (:mod:`personarium.steer.personaldialog.model`) does the same on tensors.

Source: personaldialog page, steps 3, 5 and 6, and the last trap (contrastive persona decoding).
Units: logits and natural-log probabilities; alpha in [0, 1], where 1 ignores the persona.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from personarium.core.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

Fusion = Literal["attention", "average", "concatenation"]
FUSIONS: tuple[Fusion, ...] = ("attention", "average", "concatenation")


def softmax(scores: ArrayLike) -> Array:
    """Probabilities of scores, along the last axis."""
    import numpy as np

    values = np.asarray(scores, dtype=np.float64)
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def log_softmax(scores: ArrayLike) -> Array:
    """Natural-log probabilities of scores, along the last axis; a score of minus infinity stays impossible."""
    import numpy as np

    values = np.asarray(scores, dtype=np.float64)
    shifted = values - values.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def fuse_traits(
    vectors: ArrayLike, how: Fusion = "attention", scores: ArrayLike | None = None
) -> tuple[Array, Array | None]:
    """Step 3: one persona vector of a speaker's trait vectors.

    Args:
        vectors: Traits x size; an unknown trait has the vector of null, which is none of zeros.
        how: ``attention`` (weights from ``scores``), ``average`` or ``concatenation``.
        scores: One score a trait, for attention: how well it fits the decoder's state now.

    Returns:
        The vector, and the weights of the traits under attention (else None).

    Raises:
        InvalidInput: No trait, or not one score a trait.
    """
    import numpy as np

    values = np.asarray(vectors, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape:
        raise InvalidInput("trait vectors", "traits x size, at least one of each", values.shape)
    if how == "average":
        return np.asarray(values.mean(axis=0)), None
    if how == "concatenation":
        return values.ravel(), None
    if how != "attention":
        raise InvalidInput("fusion", f"one of {', '.join(FUSIONS)}", how)
    given = np.asarray(scores if scores is not None else [], dtype=np.float64)
    if given.shape != values.shape[:1]:
        raise InvalidInput("scores", f"one for each of {len(values)} traits", given.shape)
    weights = softmax(given)
    return np.asarray(weights @ values), weights


def attention_weights(
    state: ArrayLike, memory: ArrayLike, persona: ArrayLike, weights: tuple[Any, Any, Any, Any]
) -> Array:
    """Step 5, persona-aware attention: softmax over j of u . tanh(W s + M h_j + N v).

    Args:
        state: s, the decoder's state before this step.
        memory: h, positions x size: the encoder's states.
        persona: v, the persona vector.
        weights: (u, W, M, N).
    """
    import numpy as np

    u, w, m, n = (np.asarray(one, dtype=np.float64) for one in weights)
    inner = w @ np.asarray(state) + np.asarray(memory) @ m.T + n @ np.asarray(persona)
    return softmax(np.tanh(inner) @ u)


def gate(vector: ArrayLike, state: ArrayLike) -> float:
    """Step 6: alpha = sigmoid(V . s), one number a step."""
    import numpy as np

    x = float(np.asarray(vector, dtype=np.float64) @ np.asarray(state, dtype=np.float64))
    return float(1 / (1 + np.exp(-x))) if x >= 0 else float(np.exp(x) / (1 + np.exp(x)))


def persona_bias(base: ArrayLike, persona: ArrayLike, alpha: float, b: ArrayLike = 0.0) -> Array:
    """Step 6, persona-aware bias: alpha x base + (1 - alpha) x persona + b.

    Args:
        base: Logits of the words without the persona.
        persona: Logits of the words by the persona alone.
        alpha: 1 returns the base, 0 the persona part.
        b: A bias of the words.

    Raises:
        InvalidInput: Alpha outside [0, 1], or logits of different shapes.
    """
    import numpy as np

    left, right = np.asarray(base, dtype=np.float64), np.asarray(persona, dtype=np.float64)
    if left.shape != right.shape:
        raise InvalidInput("logits", "as many of the persona as of the base", f"{left.shape} and {right.shape}")
    if not 0 <= alpha <= 1:
        raise InvalidInput("alpha", "a number from 0 to 1", alpha)
    return np.asarray(alpha * left + (1 - alpha) * right + np.asarray(b, dtype=np.float64))


def contrastive_logprobs(base: ArrayLike, persona: ArrayLike, strength: float = 1.0) -> Array:
    """Contrastive persona decoding on any model: base + strength x (with persona - without), normalised.

    Args:
        base: Natural-log probabilities of the next token without the persona, along the last axis.
        persona: The same with the persona in the prompt.
        strength: Lambda: 0 gives the base, 1 the persona's distribution, more exaggerates the difference.

    Returns:
        Log-probabilities. A token that is impossible without the persona stays impossible (its difference has no number)
        unless the strength is exactly 1; one that is impossible with the persona is so from strength 1 on.

    Raises:
        InvalidInput: Different shapes, values above 0 or that are no numbers, or a strength that is not finite.
    """
    import numpy as np

    left, right = np.asarray(base, dtype=np.float64), np.asarray(persona, dtype=np.float64)
    if left.shape != right.shape or left.ndim == 0:
        raise InvalidInput("log-probabilities", "two arrays of one shape", f"{left.shape} and {right.shape}")
    if not np.isfinite(strength):
        raise InvalidInput("strength", "a finite number", strength)
    if np.isnan(left).any() or np.isnan(right).any() or (left > 1e-9).any() or (right > 1e-9).any():
        raise InvalidInput("log-probabilities", "numbers of at most 0", float(np.nanmax([left.max(), right.max()])))
    if strength in (0, 1):
        return log_softmax(right if strength else left)
    possible = np.isfinite(left) & np.isfinite(right)
    if not possible.any(axis=-1).all():
        raise InvalidInput("log-probabilities", "a token that is possible with and without the persona", "none")
    mixed = np.full(left.shape, -np.inf)
    mixed[possible] = left[possible] + strength * (right[possible] - left[possible])
    return log_softmax(mixed)
