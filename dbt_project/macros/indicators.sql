{#-
    The indicators of each scale, once. A row says: `code` (the wide column's name), `numerator` and `denominator`
    (SQL over the columns of that scale's intermediate model), `needs` (the datasets without which it is
    register_not_loaded), `of_enterprises` (no_enterprise where none counts), and `missing` (the reason of a missing
    part, where it is not value_missing). The intermediate model, the wide mart and the long mart loop over it.
-#}

{#- code: [numerator, denominator, dataset beside the register and operations] of what enterprises report -#}
{% macro enterprise_pairs() %}
    {% do return([
        ['energy_per_output_tce_per_cny10k', 'energy_tce', 'output_cny10k', 'energy'],
        ['energy_per_output_tce_per_cny10k_equivalent', 'energy_tce_equivalent', 'output_cny10k', 'energy'],
        ['value_added_per_energy_cny10k_per_tce', 'value_added_cny10k', 'energy_tce', 'energy'],
        ['value_added_per_energy_cny10k_per_tce_equivalent', 'value_added_cny10k', 'energy_tce_equivalent', 'energy'],
        ['value_added_per_emission_cny10k_per_t', 'value_added_cny10k', 'emission_t', 'emissions'],
        ['labour_productivity_cny10k_per_person', 'value_added_cny10k', 'employees', none],
        ['rd_staff_ratio', 'rd_staff', 'employees', none],
        ['rd_intensity', 'rd_expenditure_cny10k', 'revenue_cny10k', none],
        ['new_product_ratio', 'new_product_sales_cny10k', 'revenue_cny10k', none],
    ]) %}
{% endmacro %}

{#- what an enterprise reports: summed by share on a parcel, whole in an industry -#}
{% macro measures() %}
    {% do return([
        'output_cny10k', 'revenue_cny10k', 'value_added_cny10k', 'fixed_investment_cny10k', 'employees', 'rd_staff',
        'rd_expenditure_cny10k', 'new_product_sales_cny10k', 'tax_paid_cny10k', 'energy_tce', 'energy_tce_equivalent',
        'emission_t',
    ]) %}
{% endmacro %}

{% macro _pair_specs(from_columns) %}
    {% set specs = [] %}
    {% for code, numerator, denominator, dataset in enterprise_pairs() %}
        {% do specs.append({
            'code': code,
            'numerator': numerator if from_columns else code ~ '__num',
            'denominator': denominator if from_columns else code ~ '__den',
            'needs': ['enterprises', 'operations'] + ([dataset] if dataset else []),
            'of_enterprises': true,
        }) %}
    {% endfor %}
    {% do return(specs) %}
{% endmacro %}

{% macro _land_specs(area_m2) %}
    {% set operations = ['enterprises', 'operations'] %}
    {% do return([
        {'code': 'land_output_cny10k_per_ha', 'numerator': 'output_cny10k', 'denominator': ha(area_m2),
         'needs': operations, 'of_enterprises': true},
        {'code': 'land_tax_cny10k_per_ha', 'numerator': 'tax_paid_cny10k', 'denominator': ha(area_m2),
         'needs': ['enterprises', 'taxes'], 'of_enterprises': true},
        {'code': 'land_value_added_cny10k_per_ha', 'numerator': 'value_added_cny10k', 'denominator': ha(area_m2),
         'needs': operations, 'of_enterprises': true},
        {'code': 'land_per_employee_m2_per_person', 'numerator': area_m2, 'denominator': 'employees',
         'needs': operations, 'of_enterprises': true},
    ]) %}
{% endmacro %}

{% macro parcel_indicators() %}
    {% set no_building_row = "case when building_register_loaded then 'value_missing' else 'register_not_loaded' end" %}
    {% do return([
        {'code': 'investment_intensity_cny10k_per_ha',
         'numerator': 'fixed_investment_cny10k + coalesce(land_price_cny10k, 0)', 'denominator': ha('site_area_m2'),
         'needs': ['enterprises', 'operations'], 'of_enterprises': true},
        {'code': 'plot_ratio', 'numerator': 'counted_floor_area_m2', 'denominator': 'site_area_m2',
         'missing': no_building_row},
        {'code': 'building_coefficient',
         'numerator': 'footprint_m2 + coalesce(structure_footprint_m2, 0) + coalesce(yard_area_m2, 0)',
         'denominator': 'site_area_m2', 'missing': no_building_row},
        {'code': 'green_ratio', 'numerator': 'green_area_m2', 'denominator': 'site_area_m2'},
        {'code': 'admin_land_ratio',
         'numerator': 'coalesce(admin_land_area_m2, site_area_m2 * admin_floor_area_m2 / nullif(floor_area_m2, 0))',
         'denominator': 'site_area_m2', 'missing': no_building_row},
    ] + _land_specs('site_area_m2') + _pair_specs(false)) %}
{% endmacro %}

{#-
    Enterprises and industries: whole values. Pairs of an industry are sums over the enterprises that have both
    parts (`__num`, `__den`); an enterprise is its own pair.
-#}
{% macro enterprise_indicators() %}
    {% do return(_land_specs('land_area_m2') + _pair_specs(true)) %}
{% endmacro %}

{% macro industry_indicators() %}
    {% do return(_land_specs('land_area_m2') + _pair_specs(false)) %}
{% endmacro %}

{#-
    Blocks, districts, the city: sums over their industrial parcels. What is related to land takes the whole
    industrial site area, vacant parcels included; everything else the parcels that have both parts.
-#}
{% macro area_indicators() %}
    {% set specs = [] %}
    {% for spec in parcel_indicators() %}
        {% set area = dict(spec) %}
        {% if spec.code.startswith('land_') %}
            {% do area.update({'numerator': spec.numerator, 'denominator': spec.denominator}) %}
        {% elif spec.code.startswith('investment_') %}
            {% do area.update({'numerator': spec.code ~ '__num', 'denominator': spec.denominator}) %}
        {% else %}
            {% do area.update({'numerator': spec.code ~ '__num', 'denominator': spec.code ~ '__den'}) %}
        {% endif %}
        {% do area.update({'missing': "coalesce(" ~ spec.code ~ "__missing, 'value_missing')"}) %}
        {% do specs.append(area) %}
    {% endfor %}
    {% do return(specs) %}
{% endmacro %}

{% macro zone_indicators() %}
    {% do return([
        {'code': 'development_ratio', 'numerator': 'built_up_ha + b21_ha', 'denominator': 'built_up_ha + not_built_ha'},
        {'code': 'supply_ratio', 'numerator': 'supplied_ha', 'denominator': 'built_up_ha + b21_ha'},
        {'code': 'built_ratio', 'numerator': 'built_up_ha', 'denominator': 'supplied_ha'},
        {'code': 'industrial_land_ratio', 'numerator': 'a2_ha', 'denominator': 'built_up_ha'},
        {'code': 'plot_ratio', 'numerator': 'floor_area_m2', 'denominator': m2('built_up_ha')},
        {'code': 'building_density', 'numerator': 'footprint_m2', 'denominator': m2('built_up_ha')},
        {'code': 'industrial_plot_ratio', 'numerator': 'industrial_floor_area_m2', 'denominator': m2('a2_ha')},
        {'code': 'industrial_building_coefficient', 'numerator': 'industrial_footprint_m2',
         'denominator': m2('a2_ha')},
        {'code': 'investment_intensity_cny10k_per_ha', 'numerator': 'fixed_investment_cny10k', 'denominator': 'a2_ha'},
        {'code': 'land_tax_cny10k_per_ha', 'numerator': 'industrial_tax_cny10k', 'denominator': 'a2_ha'},
        {'code': 'comprehensive_land_tax_cny10k_per_ha', 'numerator': 'secondary_tertiary_tax_cny10k',
         'denominator': 'built_up_ha'},
        {'code': 'population_density_person_per_ha', 'numerator': 'resident_population', 'denominator': 'built_up_ha'},
        {'code': 'idle_ratio', 'numerator': 'g_ha', 'denominator': 'supplied_ha'},
    ]) %}
{% endmacro %}

{#- scale: [intermediate model, unit_code, indicators] -#}
{% macro scales() %}
    {% do return([
        ['parcel', 'int_indicators__parcel', 'parcel_code', parcel_indicators()],
        ['enterprise', 'int_indicators__enterprise', 'uscc', enterprise_indicators()],
        ['block', 'int_indicators__block', 'block_code', area_indicators()],
        ['zone', 'int_indicators__zone', 'zone_code', zone_indicators()],
        ['district', 'int_indicators__district', 'district_code', district_indicators()],
        ['city', 'int_indicators__city', 'city_code', city_indicators()],
        ['industry', 'int_indicators__industry', "industry_edition || ':' || industry_code", industry_indicators()],
    ]) %}
{% endmacro %}
