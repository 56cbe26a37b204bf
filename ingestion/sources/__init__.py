"""Where declarations come from when they do not lie in a folder: object stores, SFTP servers and PostgreSQL."""
