{#- What Apache Spark writes in its own way; the macros that dbt dispatches stand, with DuckDB's, where models find them. -#}

{#- Spellings that differ everywhere and nowhere in meaning: a comma after the last column, `varchar`, `exclude`, … Texts in
    quotation marks and comments stay as they are. -#}
{% macro in_spark_words(sql) -%}
    {%- set words = {
        "\\bvarchar\\b": "string",
        "\\bexclude(?= \\()": "except",
        "\\bconcat\\(": "concat_ws('', ",
        "\\barray_to_string\\(": "array_join(",
        "\\barg_min_null\\(": "min_by(",
        "\\barg_max_null\\(": "max_by(",
        "\\bprintf\\(": "c_printf(",
        "//": "div",
    } -%}
    {%- set kept = "('(?:[^']|'')*'|--[^\\n]*)" -%}
    {%- set end = "(?=\\s*(?:--[^\\n]*(?:\\n\\s*|\\Z))*(?:\\)|\\Z|(?:from|where|union|group|order|having|qualify|window)\\b))" -%}
    {%- set parts = [] -%}
    {%- for part in modules.re.split(kept, modules.re.sub(kept ~ "|," ~ end, "\\1", sql)) -%}
        {%- set said = namespace(part=part) -%}
        {%- if loop.index is odd -%}
            {%- for word, other in words.items() -%}
                {%- set said.part = modules.re.sub(word, other, said.part) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do parts.append(said.part) -%}
    {%- endfor -%}
    {{- parts | join -}}
{%- endmacro %}

{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {{ dbt.spark__create_table_as(temporary, relation, in_spark_words(compiled_code), language) }}
{%- endmacro %}

{% macro spark__create_view_as(relation, sql) -%}
    {{ dbt.spark__create_view_as(relation, in_spark_words(sql)) }}
{%- endmacro %}

{#- Functions that the models call by DuckDB's names. -#}
{% macro functions_of_duckdb() -%}
    {%- for head, body in {
        'isfinite(x double) returns boolean': "abs(x) < double('infinity')",
        'list_contains(items array<string>, item string) returns boolean': 'array_contains(items, item)',
        'list_position(items array<string>, item string) returns bigint': 'nullif(array_position(items, item), 0)',
        'list_distinct(items array<string>) returns array<string>': 'array_distinct(items)',
        'list_sort(items array<string>) returns array<string>': 'sort_array(items)',
        'string_split(whole string, separator string) returns array<string>':
            "split(whole, concat('\\Q', separator, '\\E'))",
        'json_extract_string(whole string, path string) returns string': 'get_json_object(whole, path)',
        'strpos(whole string, part string) returns int': 'instr(whole, part)',
        'regexp_full_match(whole string, pattern string) returns boolean': "regexp_like(whole, concat('^(?:', pattern, ')$'))",
        'regexp_matches(whole string, pattern string) returns boolean': 'regexp_like(whole, pattern)',
    }.items() %}
        {%- do run_query('create or replace temporary function ' ~ head ~ ' return ' ~ body) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro spark__begin_run() -%}
    {%- if execute -%}
        {{ functions_of_duckdb() }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__value_at_least(value, by) -%}
    min_by({{ value }}, {{ by }}) filter (where {{ value }} is not null)
{%- endmacro %}

{% macro spark__value_at_most(value, by) -%}
    max_by({{ value }}, {{ by }}) filter (where {{ value }} is not null)
{%- endmacro %}

{% macro spark__first_in_order(value, most, least) -%}
    max_by({{ value }}, struct({{ most }}, -{{ least }}))
{%- endmacro %}

{% macro spark__list_of_group(value) -%}
    collect_list({{ value }})
{%- endmacro %}

{% macro spark__list_in_order(value, by) -%}
    transform(array_sort(collect_list(struct({{ by }} as by_value, {{ value }} as item))), one -> one.item)
{%- endmacro %}

{% macro spark__texts_in_order(value, separator, by) -%}
    listagg({{ value }}, '{{ separator }}') within group (order by {{ by }})
{%- endmacro %}

{% macro spark__list_of(items) -%}
    {{ 'array(' ~ items | join(', ') ~ ')' if items else 'cast(array() as array<string>)' }}
{%- endmacro %}

{% macro spark__rows_of(list) -%}
    explode({{ list }})
{%- endmacro %}

{% macro spark__numbers(first, end) -%}
    filter(sequence({{ first }}, {{ end }}), one -> one < {{ end }})
{%- endmacro %}

{% macro spark__record(fields) -%}
    named_struct({% for name, value in fields.items() %}'{{ name }}', {{ value }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro spark__field(record, name) -%}
    {{ record }}.{{ name }}
{%- endmacro %}

{% macro spark__each_of(list, item, expression) -%}
    transform({{ list }}, {{ item }} -> {{ expression }})
{%- endmacro %}

{% macro spark__sum_of(list) -%}
    aggregate({{ list }}, cast(0 as double), (one, other) -> one + other)
{%- endmacro %}

{% macro spark__product_of(list) -%}
    aggregate({{ list }}, cast(1 as double), (one, other) -> one * other)
{%- endmacro %}

{% macro spark__stored_by(columns) -%}{%- endmacro %}

{#- Spark puts NULL first. -#}
{% macro spark__sorted_records(fields) -%}
    transform(array_sort(collect_list(struct(
        {%- for value in fields.values() %}{{ value }} is null as n{{ loop.index }}, {{ value }} as v{{ loop.index }}, {% endfor -%}
        {{ record(fields) }} as item
    ))), one -> one.item)
{%- endmacro %}

{% macro spark__first_of(list) -%}
    {{ list }}[0]
{%- endmacro %}

{% macro spark__texts_so_far(value, separator, window) -%}
    nullif(array_join(collect_list(cast({{ value }} as string)) over {{ window }}, '{{ separator }}'), '')
{%- endmacro %}

{% macro spark__text_of(number) -%}
    format('{}', {{ number }})
{%- endmacro %}

{% macro spark__days_between(first, last) -%}
    datediff({{ last }}, {{ first }})
{%- endmacro %}

{% macro spark__months_added(day, months) -%}
    add_months({{ day }}, cast({{ months }} as int))
{%- endmacro %}

{% macro spark__asof_left_join(table, name, conditions, nearest) -%}
    left join lateral (
        select * from {{ table }} as {{ name }} where {{ conditions | join(' and ') }} order by {{ nearest }} limit 1
    ) as {{ name }}
{%- endmacro %}
