{#- Calendar months after a date: the day is kept, or clamped to the month's last; within the years that a date can name. -#}
{% macro months_after(day, months) -%}
    case
        when {{ day }} is not null and {{ months }} is not null
            then cast(
                least(greatest({{ months_added(day, months) }}, date '0001-01-01'), date '9999-12-31') as date
            )
    end
{%- endmacro %}

{#- Values of seed contract_setting side by side, a row for each version of the rules. -#}
{% macro contract_settings(names) -%}
    select
        rule_version,
        {%- for name in names %}
        max(case when setting = '{{ name }}' then value end) as {{ name }},
        {%- endfor %}
    from {{ ref('contract_setting') }}
    group by rule_version
{%- endmacro %}
