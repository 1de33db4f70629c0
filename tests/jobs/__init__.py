"""docs/jobs.md, run as far as this is possible without a cluster.

``page`` reads the Dockerfile, the manifest and the units of the page; ``pod`` makes folders
laid out like the pod of the manifest and runs a program in them as kubelet would.
"""
