"""Source side: contracts, readers, mapping, row rules, ledger and quarantine."""
