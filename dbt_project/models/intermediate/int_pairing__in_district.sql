-- In which districts, widened by the tolerance of their outlines, each polygon lies whole.
select
    parcels.parcel_code,
    outlines.code,
from {{ ref('int_pairing__plane') }} as parcels
inner join {{ ref('int_pairing__outlines') }} as outlines on st_within(parcels.shape, outlines.widened)
