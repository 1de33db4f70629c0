"""The reference consumers of ``infra/consumers`` beside real rotations, under constant requests.

``projects``
    Fresh projects: a copy of a consumer, with its packages from the registries.
``kubelet``
    Folders that are swapped as the kubelet swaps a mounted Secret.
``pods``
    A consumer as a running process, and requests to it.
``rotations``
    Three keysets that move in real time, under waits of seconds.
``load`` | ``probes``
    Requests all the time, and what is wrong with the answers.
``mistakes``
    Changes to the consumers that developers make, and what the load reports of each.
"""
