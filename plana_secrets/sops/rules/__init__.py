"""`.sops.yaml` as sops reads it: ``rulesfile`` finds the creation rule of a file,
``creationrule`` reads one, ``rulebook`` chooses the nearest of several rules files,
``ignored`` names what sops takes no notice of, ``selectors`` says which leaves it encrypts,
``pattern`` which regular expressions both may name (``patterntree``: what they ask for),
``automaton`` searches for them in linear time, ``letters`` folds their case, and ``reach``
tells which paths a rule can still get.
"""
