"""Personarium: the laboratory for personas in language models. Make, play, remember, measure, steer."""

from __future__ import annotations

__version__ = "0.1.0"
