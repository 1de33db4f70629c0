"""The mirror in a file encrypted with age: ``settings`` say where, ``backend`` keeps it."""
