"""The only door to git.

``command``
    How git is run: its environment, and its failures in our words.
``repository``
    What is there: files, commits, branches, contents.
``commits`` | ``remotes``
    A commit made beside the branch and adopted later; fetch and push.
"""
