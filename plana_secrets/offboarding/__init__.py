"""What a person who leaves could read, and whether it was replaced since. Without a value.

``past``
    Every content of the history that names them.
``datakeys``
    Pure: which contents have one data key.
``evidence``
    Pure: whether the value at a path is another one since they could last read it.
``keysets``
    The same of the keys of keysets, by their moves.
``values``
    Values of then and of today, where an identity opens both.
``tickoff``
    The file in git in which a person accepts what stays.
``report``
    All of it together.
"""
