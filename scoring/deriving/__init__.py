"""How weights come about: from judgement (Delphi, pairwise comparison, AHP), from the data, and from both."""
