"""``personarium serve``: every persona of a workspace as a model of an OpenAI-compatible server (extra ``server``).

:mod:`application` puts it together; :mod:`settings`, :mod:`keys`, :mod:`guards` and :mod:`errors` are shared with the
native API.
"""
