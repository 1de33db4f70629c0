"""The mirror in Bitwarden Secrets Manager, through the vendor's SDK: one secret a leaf.

The SDK is proprietary, so it is an optional extra that no other part of the program needs.

``worker``
    The process in which the SDK lives; what it says in errors stays there.
``client`` | ``failures``
    The other end of the pipe: calls with a deadline, and our own error for each failure.
``form`` | ``listing`` | ``backend``
    How a leaf and a file's record are spelled as secrets, items put together from them, and
    the protocol of a backend on top.
``settings`` | ``credentials`` | ``account``
    The table of the configuration, the access token, and logging in and setting up.
"""
