"""The dependencies as they are declared: ``scripts/check-dependencies``.

``declared`` reads them, ``lowest`` runs the tests of each in its lowest allowed version,
``wheels`` asks for wheels for the Python releases of today and of the next years.
"""
