-- Which parcels hold the point of each enterprise without a declared pair. The join stands alone, so that it is
-- planned as a spatial join.
{{ points_in_parcels(ref('int_pairing__unpaired_points'), ref('stg_accepted__parcels')) }}
