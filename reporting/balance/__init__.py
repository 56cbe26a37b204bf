"""What people get of supply and demand: the drawings of the report's chapter, the workbook and demand files."""
