"""``personarium mcp``: personas, the memory of one person, and measures as tools for any MCP client (extra ``mcp``).

One file a group of tools; :mod:`application` puts the server together. All that they do is done by the rooms below.
"""
