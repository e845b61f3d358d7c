"""Personarium inside Inspect AI: every benchmark a task, every Personarium model a provider (extra ``inspect``).

Inspect finds :mod:`personarium.apps.inspect_plug.registry` by its entry point; nothing here is imported without Inspect.
"""
