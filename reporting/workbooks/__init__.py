"""Workbooks of the results for districts, departments and the city, from the published marts."""
