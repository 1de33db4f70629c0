"""A whole file as text: ``revise`` what ``edit`` shows, ``encrypt`` a plain file, and an
edit ``kept`` encrypted until it can be written.
"""
