"""Shapes of manifests and folders, and what Flux makes of each.

``shapes``
    The repositories, small and readable.
``verdicts.json``
    What the code of kustomize-controller said, by hand, with its version and the date: its
    generator, decryptor and variable substitution, then the validation of names and fields in
    k8s.io/apimachinery and k8s.io/api, on each shape after it was encrypted.
"""
