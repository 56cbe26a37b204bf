{#-
    The regional indicators of TD/T 1018 (four indices and management performance), once. Numerators and denominators are
    SQL over the columns of int_region__year: `region_<measure>` is the year's figure of a district or of the city,
    `previous_<measure>` the figure of the previous year within the same boundaries (sums over the predecessors of a
    merged district), `city_` and `city_previous_<measure>` the city's. The growth interval is one year.
-#}

{#- what the series holds of a region and what can be summed over its predecessors -#}
{% macro additive_measures() %}
    {% do return([
        'gdp_cny10k', 'value_added_cny10k', 'output_cny10k', 'fixed_investment_cny10k', 'employees', 'energy_tce',
        'population', 'construction_land_ha', 'urban_rural_construction_land_ha', 'industrial_land_ha',
        'new_construction_land_ha', 'stock_supplied_ha', 'supplied_ha', 'approved_ha', 'approved_supplied_ha',
        'floor_area_m2', 'wastewater_t',
    ]) %}
{% endmacro %}

{% macro intensive_measures() %}
    {% do return(['pm25_ug_per_m3', 'green_coverage_ratio']) %}
{% endmacro %}

{% macro series_measures() %}
    {% do return(additive_measures() + intensive_measures()) %}
{% endmacro %}

{#- what an industry's rows of the series hold -#}
{% macro industry_measures() %}
    {% do return(['value_added_cny10k', 'output_cny10k', 'employees', 'industrial_land_ha']) %}
{% endmacro %}

{#- measures whose growth the indicators compare -#}
{% macro grown_measures() %}
    {% do return(['population', 'gdp_cny10k', 'urban_rural_construction_land_ha', 'construction_land_ha']) %}
{% endmacro %}

{#- ha to km2 -#}
{% macro km2(area_ha) -%}
    ({{ area_ha }} / 100)
{%- endmacro %}

{% macro _growth(measure, whose='region', base='previous') -%}
    ({{ whose }}_{{ measure }} - {{ base }}_{{ measure }})
{%- endmacro %}

{% macro _growth_ratio(measure) -%}
    ({{ _growth(measure) }} / nullif(previous_{{ measure }}, 0))
{%- endmacro %}

{% macro _contribution(measure) -%}
    ({{ _growth(measure) }} / nullif({{ _growth(measure, 'city', 'city_previous') }}, 0))
{%- endmacro %}

{#- The reason of a missing part: no base year; else a part of the part that is 0; else a missing figure. -#}
{% macro _missing_growth(parts) -%}
    coalesce(
        region_base_reason,
        {%- if parts %}
        case when {{ parts | join(' = 0 or ') }} = 0 then 'zero_denominator' end,
        {%- endif %}
        'value_missing'
    )
{%- endmacro %}

{#- Indicators of one year's figures: they can be said of any year, and of sums over predecessors. -#}
{% macro regional_level_indicators() %}
    {% set urban_rural, all_land = 'region_urban_rural_construction_land_ha', 'region_construction_land_ha' %}
    {% set series = ['district_series'] %}
    {% do return([
        {'code': 'urban_rural_population_density_person_per_km2', 'needs': series,
         'numerator': 'region_population', 'denominator': km2(urban_rural)},
        {'code': 'construction_land_investment_cny10k_per_km2', 'needs': series,
         'numerator': 'region_fixed_investment_cny10k', 'denominator': km2(all_land)},
        {'code': 'construction_land_gdp_cny10k_per_km2', 'needs': series,
         'numerator': 'region_gdp_cny10k', 'denominator': km2(all_land)},
        {'code': 'urban_plot_ratio', 'needs': series,
         'numerator': 'region_floor_area_m2', 'denominator': m2(urban_rural)},
        {'code': 'new_land_per_investment_m2_per_cny10k', 'needs': series,
         'numerator': m2('region_new_construction_land_ha'), 'denominator': 'region_fixed_investment_cny10k'},
        {'code': 'stock_supply_ratio', 'needs': series,
         'numerator': 'region_stock_supplied_ha', 'denominator': 'region_supplied_ha'},
        {'code': 'batch_supply_ratio', 'needs': series,
         'numerator': 'region_approved_supplied_ha', 'denominator': 'region_approved_ha'},
    ]) %}
{% endmacro %}

{% macro _growth_spec(code, numerator, denominator, parts, grows=false) %}
    {% do return({
        'code': code, 'needs': ['district_series'], 'numerator': numerator, 'denominator': denominator,
        'missing': _missing_growth(parts), 'grows': grows,
        'reasons': ['no_previous_year', 'district_split'] + (['no_growth'] if grows else []),
    }) %}
{% endmacro %}

{#- Indicators of the growth on the previous year. -#}
{% macro regional_growth_indicators() %}
    {% set urban_rural, all_land = 'urban_rural_construction_land_ha', 'construction_land_ha' %}
    {% set people, gdp = 'population', 'gdp_cny10k' %}
    {% set now = '(region_construction_land_ha / nullif(region_gdp_cny10k, 0))' %}
    {% set before = '(previous_construction_land_ha / nullif(previous_gdp_cny10k, 0))' %}
    {% do return([
        _growth_spec('urban_rural_land_per_population_growth_m2_per_person', m2(_growth(urban_rural)), _growth(people),
                     [], true),
        _growth_spec('gdp_land_use_decline_ratio', before ~ ' - ' ~ now, before,
                     ['region_gdp_cny10k', 'previous_gdp_cny10k']),
        _growth_spec('new_land_per_gdp_growth_m2_per_cny10k', m2('region_new_construction_land_ha'), _growth(gdp),
                     [], true),
        _growth_spec('population_land_elasticity_ratio', _growth_ratio(people), _growth_ratio(urban_rural),
                     ['previous_' ~ people, 'previous_' ~ urban_rural]),
        _growth_spec('gdp_land_elasticity_ratio', _growth_ratio(gdp), _growth_ratio(all_land),
                     ['previous_' ~ gdp, 'previous_' ~ all_land]),
    ]) %}
{% endmacro %}

{#- A district's part in the city's growth of people or GDP, against its part in the growth of land. -#}
{% macro regional_contribution_indicators() %}
    {% set urban_rural, all_land = 'urban_rural_construction_land_ha', 'construction_land_ha' %}
    {% set specs = [] %}
    {% for code, measure, land in [
        ('population_land_contribution_ratio', 'population', urban_rural),
        ('gdp_land_contribution_ratio', 'gdp_cny10k', all_land),
    ] %}
        {% do specs.append(_growth_spec(code, _contribution(measure), _contribution(land), [
            _growth(measure, 'city', 'city_previous'), _growth(land, 'city', 'city_previous'),
        ])) %}
    {% endfor %}
    {% do return(specs) %}
{% endmacro %}

{#- Of the city; a district also has its contribution to the city. -#}
{% macro regional_indicators(of_district=false) %}
    {% do return(
        regional_level_indicators() + regional_growth_indicators()
        + (regional_contribution_indicators() if of_district else [])
    ) %}
{% endmacro %}

{% macro district_indicators() %}
    {% do return(area_indicators() + regional_indicators(of_district=true)) %}
{% endmacro %}

{% macro city_indicators() %}
    {% do return(area_indicators() + regional_indicators()) %}
{% endmacro %}

{#- The measures of a relation under another prefix. -#}
{% macro measures_as(relation, measures, prefix, of_prefix='region') %}
    {%- for measure in measures %}
    {{ relation }}.{{ of_prefix }}_{{ measure }} as {{ prefix }}_{{ measure }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{#- Sums that stand only where every member has the figure. -#}
{% macro complete_sum(expression, where='true') -%}
    case when bool_and({{ expression }} is not null and {{ where }}) then {{ exact_sum(expression) }} end
{%- endmacro %}

{#- A growth ratio of `value` has no meaning on a base that is not above 0. -#}
{% macro growth_reason(value_reason, base_reason, base) -%}
    coalesce(
        {{ base_reason }},
        {{ value_reason }},
        case when {{ base }} < 0 then 'negative_base' end,
        {{ ratio_reason('value', base) }}
    )
{%- endmacro %}

{#- Whether a rule holds for the two parts of an elasticity: its growth and its land growth. -#}
{% macro elasticity_type_holds(rules, code) -%}
    {%- set growth, land_growth = 'parts.' ~ code ~ '__num', 'parts.' ~ code ~ '__den' -%}
    sign({{ growth }}) = {{ rules }}.growth_sign
    and sign({{ land_growth }}) = {{ rules }}.land_growth_sign
    and case
        when {{ rules }}.ratio_equals is not null
            then abs({{ growth }} / {{ land_growth }} - {{ rules }}.ratio_equals) <= {{ rules }}.ratio_tolerance
        when {{ rules }}.ratio_above is not null then {{ growth }} / {{ land_growth }} > {{ rules }}.ratio_above
        when {{ rules }}.ratio_below is not null then {{ growth }} / {{ land_growth }} < {{ rules }}.ratio_below
        else true
    end
{%- endmacro %}

{#- Why a plain ratio of two columns has no value. -#}
{% macro ratio_reason(numerator, denominator) -%}
    case
        when {{ numerator }} is null or {{ denominator }} is null then 'value_missing'
        when {{ denominator }} = 0 or not isfinite({{ numerator }} / {{ denominator }}) then 'zero_denominator'
    end
{%- endmacro %}

{#- Why a measure of the series has no value. -#}
{% macro missing_figure(measure) -%}
    {{ "if(member_count > 1, 'not_additive', 'value_missing')" if measure in intensive_measures() else "'value_missing'" }}
{%- endmacro %}

{#- Years with a value, their mean and the mean of their yearly growth, of one side of a policy. -#}
{% macro policy_side(side, holds) -%}
    count(grown.value) filter (where {{ holds }}) as years_{{ side }},
    {{ exact_sum('grown.value', holds) }} / count(grown.value) filter (where {{ holds }}) as mean_{{ side }},
    {{ exact_sum('grown.growth_ratio', holds) }} / count(grown.growth_ratio) filter (where {{ holds }})
        as growth_{{ side }}_ratio,
{%- endmacro %}
