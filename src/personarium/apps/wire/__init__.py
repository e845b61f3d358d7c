"""What apps say of personas, memories, populations and runs to other programs: pydantic records, and no logic.

The native API and the MCP server show the same records, and their schemas are made from these.
"""
