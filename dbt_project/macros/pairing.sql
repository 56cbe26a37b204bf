{#- Points and polygons. Nothing but a spatial join may stand in such a select: a comparison beside it would be planned
    as a quadratic join. -#}

{#- Which parcels hold each point, borders included: (uscc, parcel_code). Points have longitude and latitude, parcels
    their geometry as WKB, both in EPSG:4490. -#}
{% macro points_in_parcels(points, parcels) -%}
select
    points.uscc,
    parcels.parcel_code,
from {{ points }} as points
inner join {{ parcels }} as parcels
    on st_intersects(st_geomfromwkb(parcels.geometry), st_point(points.longitude, points.latitude))
{%- endmacro %}

{#- A geometry of EPSG:4490 in the city's projected system, in metres also where the city measures in feet; NULL where
    the projection has no place for it. -#}
{% macro in_metres(geometry, settings) -%}
try(st_scale(
    st_transform({{ geometry }}, 'EPSG:4490', {{ settings }}.projected_crs, always_xy := true),
    coalesce({{ settings }}.projected_unit_m, 1),
    coalesce({{ settings }}.projected_unit_m, 1)
))
{%- endmacro %}

{#- One limit of the seed, as a scalar. -#}
{% macro qc_limit_of(check_code) -%}
(select any_value(limit_value) from {{ ref('qc_limit') }} where check_code = '{{ check_code }}')
{%- endmacro %}
