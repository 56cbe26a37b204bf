-- Which parcels hold the point of each enterprise that has a declared pair.
{{ points_in_parcels(ref('int_pairing__declared_points'), ref('stg_accepted__parcels')) }}
