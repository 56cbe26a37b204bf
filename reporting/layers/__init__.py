"""Map layers of the results for GIS programs: GeoPackage with its styles, and GeoParquet."""
