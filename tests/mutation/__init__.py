"""Changes the code on purpose, one place at a time, and asks whether the tests notice.

``mutants``
    Pure: which changes a source text allows.
``selection``
    Which tests are run for a module; the one map from code to tests.
``trial``
    A copy of the tree in a temporary folder, where a mutant meets the tests.
"""
