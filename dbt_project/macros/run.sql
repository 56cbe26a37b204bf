{#- What belongs to the run as a whole. -#}

{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}

{#- What a run does before its first model; on Spark it only says functions by the names that the models use. -#}
{% macro begin_run() -%}
    {{ adapter.dispatch('begin_run')() }}
{%- endmacro %}

{% macro duckdb__begin_run() -%}
    {{ limit_memory() }};
    drop schema if exists intermediate cascade; -- of a warehouse that still kept intermediate tables
    {{ forget_what_was_built() }}
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

{#- What dbt begins to build is no longer known to stand (warehouse/rebuild.py); nor is what a stage did (warehouse/done.py)
    where dbt is called by hand. -#}
{% macro forget_what_was_built() -%}
    {%- if execute and adapter.get_relation(target.database, 'run', 'node') -%}
    delete from run.node where unique_id in ('{{ selected_resources | join("', '") }}');
    {%- if not var('stage', false) %}
    update run.done set stands = false;
    {%- endif %}
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}
