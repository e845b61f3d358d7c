"""The rooms of the studio, one file or folder each; ``register`` puts a room under its address."""
