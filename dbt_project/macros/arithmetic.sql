{#- Sums that do not depend on the order of rows, and the few unit facts that indicators need. -#}

{% macro exact(expression) -%}
    cast({{ expression }} as decimal(38, 16))
{%- endmacro %}

{% macro exact_sum(expression, where=none) -%}
    cast(sum({{ exact(expression) }}){{ ' filter (where ' ~ where ~ ')' if where }} as double)
{%- endmacro %}

{% macro exact_sum_over(expression, window) -%}
    cast(sum({{ exact(expression) }}) over ({{ window }}) as double)
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

{#- A share counts only where it can be trusted: the basis that every row has and whose sum is not 0; else the next. -#}
{% macro share_basis(window) -%}
    case
        when bool_and(floor_area_m2 is not null) over ({{ window }}) and sum(floor_area_m2) over ({{ window }}) > 0
            then 'floor_area'
        when bool_and(land_area_m2 is not null) over ({{ window }}) and sum(land_area_m2) over ({{ window }}) > 0
            then 'land_area'
        else 'equal'
    end
{%- endmacro %}

{#- The part of one row under the basis that `share_basis` chose, over the same window. -#}
{% macro share_of(basis, window) -%}
    case {{ basis }}
        when 'floor_area' then floor_area_m2 / {{ exact_sum_over('floor_area_m2', window) }}
        when 'land_area' then land_area_m2 / {{ exact_sum_over('land_area_m2', window) }}
        else 1.0 / count(*) over ({{ window }})
    end
{%- endmacro %}
