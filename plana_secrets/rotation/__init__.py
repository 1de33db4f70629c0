"""Rotating application keys without an outage: a state machine over time.

``keyset`` | ``plan``
    Pure: the machine with its guards, and what a keyset needs next.
``kinds`` | ``material`` | ``render``
    What differs between API keys and JWT secrets, where randomness comes from, and
    the texts that services read.
``keysetfile`` | ``store``
    The file of a keyset, and keysets with their targets as the work tree has them.
``landing`` | ``apply`` | ``initialise`` | ``status`` | ``refusal``
    Acting: when a move has landed, making moves, the first version, how all are.
"""
