-- Numerator, denominator and reason of every district indicator; one row for each district of the year.
{{ area_model(ref('int_district__year'), 'district_code') }}
