-- Numerator, denominator and reason of every city indicator; one row.
{{ area_model(ref('stg_profile__settings'), 'city_code', of_parcel=false) }}
