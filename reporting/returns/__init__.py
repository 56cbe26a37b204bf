"""Back to the declarer: workbooks with their bad cells marked and explained, and templates to fill in."""
