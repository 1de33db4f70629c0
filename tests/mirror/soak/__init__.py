"""Random weeks of a mirror: two repositories, two clones of one of them, a person with a client.

``scene`` is who there is, ``vault`` what an owner sees, ``steps`` what they do,
``accidents`` what happens to them on the way, ``judge`` what must be true whatever
happened: staff see the files, no hand edit is lost, no item is in no collection or twice,
and no value is in an output or a state folder. A seed plays the same steps again.
"""
