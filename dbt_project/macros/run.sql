{#- What belongs to the run as a whole. -#}

{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}

{% macro limit_memory() -%}
    {%- set limit = env_var('LANDGAUGE_MEMORY', '') -%}
    {{ "set global memory_limit = '" ~ limit ~ "'" if limit else "select 1" }}
{%- endmacro %}

{% macro eval_year() -%}
    cast({{ var('year') | int }} as integer)
{%- endmacro %}

{% macro as_of_date() -%}
    cast('{{ var("as_of") }}' as date)
{%- endmacro %}

{#- One flag for each dataset that indicators need. -#}
{% macro loaded_flags() %}
    {%- for dataset in ['buildings', 'enterprises', 'operations', 'taxes', 'energy', 'emissions', 'zones', 'district_series'] %}
    coalesce(bool_or(dataset = '{{ dataset }}'), false) as {{ dataset }}_loaded{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{% macro run_id() -%}
    cast('{{ var("run_id") }}' as varchar)
{%- endmacro %}
