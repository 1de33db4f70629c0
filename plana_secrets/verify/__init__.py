"""What is true of the files, the keysets and the mirror. Changes nothing.

``run``
    The way in: every file as far as a key allows, then what no single file shows.
``selection`` | ``beside`` | ``surroundings`` | ``readable`` | ``staged`` | ``uncommitted``
    Which files to check, those beside the roots among them; the repository around them,
    files that may be readable, what the index has in place of a file, and what no sops wrote
    since HEAD.
``subject`` | ``filecheck`` | ``workers``
    What the checks of one file get, running them, and on all cores.
``checks`` | ``plainyaml`` | ``patches``
    One idea per file; files of other tools as those tools read them.
``builds`` | ``listings`` | ``kustomize``
    What Flux builds: its Kustomizations, what a kustomization.yaml names, and what is put together.
``catalogue`` | ``check`` | ``finding`` | ``explain``
    What each check looks for and how to fix it; what it saw, without a value; a check in
    words.
``policy`` | ``policychange`` | ``people`` | ``accepts``
    What the settings demand, and what two of them differ in; recipients by their names, and
    the exceptions that are allowed.
``ranges`` | ``merged``
    What a range of commits brings; files that a merge broke.
``report``
    The outcome, and the forms in which it is shown.
"""
