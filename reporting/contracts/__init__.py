"""What people get from the contract life cycle: worklists, the dossier of an agreement, notices to sign, exchange."""
