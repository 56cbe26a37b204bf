"""Runs that are killed, and faults made for real: what stands afterwards, and what a repeat makes of it."""
