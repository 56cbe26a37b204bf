{#- Numerator, denominator and reason of one indicator as columns; the only place where a reason is given. -#}

{% macro indicator_parts(specs, empty_when=none) %}
    {%- for spec in specs %}
    cast({{ spec.numerator }} as double) as {{ spec.code }}__num,
    cast({{ spec.denominator }} as double) as {{ spec.code }}__den,
    {{ null_reason(spec, empty_when) }} as {{ spec.code }}__reason{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- Precedence: register_not_loaded, no_enterprise, value_missing, zero_denominator. -#}
{% macro null_reason(spec, empty_when=none) -%}
    case
        {%- if spec.needs %}
        when not ({{ spec.needs | join('_loaded and ') }}_loaded) then 'register_not_loaded'
        {%- endif %}
        {%- if empty_when %}
        when {{ empty_when }} then 'zero_denominator'
        {%- endif %}
        {%- if spec.of_enterprises %}
        when enterprise_count = 0 then 'no_enterprise'
        {%- endif %}
        when ({{ spec.numerator }}) is null or ({{ spec.denominator }}) is null then {{ spec.missing or "'value_missing'" }}
        when ({{ spec.denominator }}) = 0 then 'zero_denominator'
        {%- if spec.grows %}
        when ({{ spec.denominator }}) < 0 then 'no_growth'
        {%- endif %}
        {#- so small that the ratio is no number that a double can hold #}
        when not isfinite(({{ spec.numerator }})::double / ({{ spec.denominator }})::double) then 'zero_denominator'
    end
{%- endmacro %}

{#- The reasons that null_reason can give; the catalogue lists them. -#}
{% macro possible_reasons(spec) %}
    {% set reasons = ['value_missing', 'zero_denominator'] %}
    {% if spec.needs or 'register_not_loaded' in (spec.missing or '') %}
        {% do reasons.append('register_not_loaded') %}
    {% endif %}
    {% if spec.of_enterprises %}
        {% do reasons.append('no_enterprise') %}
    {% endif %}
    {% do reasons.extend(spec.reasons or []) %}
    {% do return(reasons) %}
{% endmacro %}

{#- Numerator through denominator, where no reason speaks against it. -#}
{% macro indicator_value(spec) -%}
    case when {{ spec.code }}__reason is null then {{ spec.code }}__num / {{ spec.code }}__den end
{%- endmacro %}

{#- The wide columns. -#}
{% macro indicator_values(specs) %}
    {%- for spec in specs %}
    {{ indicator_value(spec) }} as {{ spec.code }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- The measures as marts show them. -#}
{% macro measure_columns() %}
    {%- for measure in measures() %}
    cast({{ measure }} as double) as {{ measure }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- What of each measure falls on no industrial parcel. -#}
{% macro unmatched_columns() %}
    {%- for measure in measures() %}
    unmatched_{{ measure }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- The datasets without which a measure has no sum, not even 0. -#}
{% macro measure_needs(measure) -%}
    {%- set beside = {'tax_paid_cny10k': 'taxes', 'energy_tce': 'energy', 'energy_tce_equivalent': 'energy',
                      'emission_t': 'emissions'} -%}
    loaded.enterprises_loaded and loaded.{{ beside.get(measure, 'operations') }}_loaded
{%- endmacro %}

{#- The long rows of one scale, in the order of unit and indicator, in which they are published: to sort the wide rows
    costs a tenth of sorting these. -#}
{% macro indicator_rows(scale, model, unit_code, specs) %}
    {%- set figures = [] -%}
    {%- for spec in specs | sort(attribute='code') -%}
        {%- do figures.append(record({
            'indicator_code': "'" ~ spec.code ~ "'", 'value': indicator_value(spec),
            'null_reason': spec.code ~ '__reason', 'numerator': spec.code ~ '__num', 'denominator': spec.code ~ '__den',
        })) -%}
    {%- endfor -%}
select
    '{{ scale }}' as scale,
    unit_code,
    {{ eval_year() }} as year,
    {%- for column in ['indicator_code', 'value', 'null_reason', 'numerator', 'denominator'] %}
    {{ field('figure', column) }} as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
from (
    select
        unit_code,
        {{ rows_of(list_of(figures)) }} as figure
    from (select *, {{ unit_code }} as unit_code from {{ ref(model) }} {{ stored_by('unit_code') }}) as {{ scale }}_units
) as {{ scale }}_rows
{% endmacro %}

{#-
    Sums over the enterprises of a group; a pair takes only the enterprises that have both parts. The measures stay
    decimal, so that sums of them are exact too; marts cast them.
-#}
{% macro enterprise_sums() %}
    {%- for measure in measures() %}
    sum({{ exact(measure) }}) as {{ measure }},
    {%- endfor %}
    {%- for code, numerator, denominator, dataset in enterprise_pairs() %}
    {{ exact_sum(numerator, denominator ~ ' is not null') }} as {{ code }}__num,
    {{ exact_sum(denominator, numerator ~ ' is not null') }} as {{ code }}__den{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- Sums over the parcels of a block, a district or the city. -#}
{% macro parcel_sums() %}
    count(*) as parcel_count,
    {{ exact_sum('site_area_m2') }} as site_area_m2,
    {%- for measure in measures() %}
    {{ exact_sum(measure) }} as {{ measure }},
    {%- endfor %}
    {%- for spec in parcel_indicators() %}
    {%- set both = spec.code ~ '__num is not null and ' ~ spec.code ~ '__den is not null' %}
    {{ exact_sum(spec.code ~ '__num', both) }} as {{ spec.code }}__num,
    {{ exact_sum(spec.code ~ '__den', both) }} as {{ spec.code }}__den,
    min({{ spec.code }}__reason) filter (where {{ spec.code }}__reason = 'register_not_loaded')
        as {{ spec.code }}__missing{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#-
    The intermediate model of blocks, districts or the city. `units` is the relation with a row for each unit;
    `key` its code, which the parcels carry too (none: there is one unit, and every parcel belongs to it).
-#}
{% macro area_model(units, key, of_parcel=true) %}
with parcels as (
    select
        {{ key ~ ',' if of_parcel else '' }}
        {{ parcel_sums() }}
    from {{ ref('int_indicators__parcel') }}
    {{ 'group by ' ~ key if of_parcel else '' }}
),

enterprises as (
    select
        {{ 'parcels.' ~ key ~ ',' if of_parcel else '' }}
        count(distinct shares.uscc) as enterprise_count,
    from {{ ref('int_pairing__shares') }} as shares
    inner join {{ ref('int_indicators__parcel') }} as parcels on shares.parcel_code = parcels.parcel_code
    {{ 'group by parcels.' ~ key if of_parcel else '' }}
),

unmatched as (
    select
        {{ 'district_code,' if key == 'district_code' else '' }}
        {%- for measure in measures() %}
        {{ exact_sum('unmatched_' ~ measure) }} as unmatched_{{ measure }},
        {%- endfor %}
    from {{ ref('int_pairing__unmatched') }}
    {{ 'group by district_code' if key == 'district_code' else '' }}
),

parts as (
    select
        units.{{ key }},
        coalesce(parcels.parcel_count, 0) as parcel_count,
        coalesce(parcels.site_area_m2, 0) as site_area_m2,
        parcels.* exclude ({{ key ~ ', ' if of_parcel else '' }}parcel_count, site_area_m2),
        case when loaded.enterprises_loaded then coalesce(enterprises.enterprise_count, 0) end as enterprise_count,
        {%- if key != 'block_code' %}
        {%- for measure in measures() %}
        case
            when {{ measure_needs(measure) }} then coalesce(unmatched.unmatched_{{ measure }}, 0)
        end as unmatched_{{ measure }},
        {%- endfor %}
        {%- endif %}
        {{ 'region.* exclude (scale, unit_code, year),' if key != 'block_code' }}
        loaded.*,
    from {{ units }} as units
    cross join {{ ref('int_run__loaded') }} as loaded
    {%- if of_parcel %}
    left join parcels on units.{{ key }} = parcels.{{ key }}
    left join enterprises on units.{{ key }} = enterprises.{{ key }}
    {%- else %}
    cross join parcels
    cross join enterprises
    {%- endif %}
    {%- if key == 'district_code' %}
    left join unmatched on units.district_code = unmatched.district_code
    {%- elif key != 'block_code' %}
    cross join unmatched
    {%- endif %}
    {%- if key != 'block_code' %}
    left join {{ ref('int_region__year') }} as region
        on
            region.scale = '{{ key | replace("_code", "") }}'
            and units.{{ key }} = region.unit_code
            and region.year = {{ eval_year() }}
    {%- endif %}
)

select
    {{ key }},
    parcel_count,
    site_area_m2,
    enterprise_count,
    {{ 'unmatched_' ~ measures() | join(', unmatched_') ~ ',' if key != 'block_code' else '' }}
    {{ measures() | join(',\n    ') }},
    {{ indicator_parts(area_indicators(), 'parcel_count = 0') }}
    {%- if key != 'block_code' %},
    {{ indicator_parts(regional_indicators(of_district=(key == 'district_code'))) }}
    {%- endif %}
from parts
{% endmacro %}
