{#- Sums that do not depend on the order of rows, and the few unit facts that indicators need. -#}

{% macro exact(expression) -%}
    cast({{ expression }} as decimal(38, 16))
{%- endmacro %}

{% macro exact_sum(expression, where=none) -%}
    cast(sum({{ exact(expression) }}){{ ' filter (where ' ~ where ~ ')' if where }} as double)
{%- endmacro %}

{#- m2 to ha -#}
{% macro ha(area_m2) -%}
    ({{ area_m2 }} / 10000)
{%- endmacro %}

{#- ha to m2 -#}
{% macro m2(area_ha) -%}
    ({{ area_ha }} * 10000)
{%- endmacro %}

{#- Areas of the buildings of a parcel: 0 where its district has a register and the parcel has no row; NULL where there
    is no register, or where the source has buildings but not this figure. -#}
{% macro built_areas(register) %}
    {%- for area in ['footprint_m2', 'floor_area_m2', 'counted_floor_area_m2', 'admin_floor_area_m2'] %}
    case when buildings.building_count is not null then buildings.{{ area }} when {{ register }} then 0 end
        as {{ area }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#-
    Shares of a group's pairs, in two steps: `pair_sums` in a select grouped by the group's key, then `share_basis` and
    `share_of` where pairs and their group's `sums` are joined. A share counts only where it can be trusted: the basis
    that every pair of the group has and whose sum is an area; else the next. Less than a square millimetre is none:
    sums hold 16 decimals, and a share of so little would not sum to 1.
-#}
{% macro pair_sums() -%}
    count(*) as pair_count,
    count(floor_area_m2) as floor_area_count,
    count(land_area_m2) as land_area_count,
    {{ exact_sum('floor_area_m2') }} as sum_floor_area_m2,
    {{ exact_sum('land_area_m2') }} as sum_land_area_m2
{%- endmacro %}

{% macro share_basis(sums) -%}
    case
        when {{ sums }}.floor_area_count = {{ sums }}.pair_count and {{ sums }}.sum_floor_area_m2 >= 1e-6
            then 'floor_area'
        when {{ sums }}.land_area_count = {{ sums }}.pair_count and {{ sums }}.sum_land_area_m2 >= 1e-6
            then 'land_area'
        else 'equal'
    end
{%- endmacro %}

{% macro share_of(pairs, sums) -%}
    case {{ share_basis(sums) }}
        when 'floor_area' then {{ pairs }}.floor_area_m2 / {{ sums }}.sum_floor_area_m2
        when 'land_area' then {{ pairs }}.land_area_m2 / {{ sums }}.sum_land_area_m2
        else 1.0::double / {{ sums }}.pair_count
    end
{%- endmacro %}
