{#- What DuckDB and Apache Spark write in different ways. A model calls the name without prefix. -#}

{#- The value where `by` is least or greatest; a row without the value does not count. -#}
{% macro value_at_least(value, by) -%}
    {{ adapter.dispatch('value_at_least')(value, by) }}
{%- endmacro %}

{% macro duckdb__value_at_least(value, by) -%}
    arg_min({{ value }}, {{ by }})
{%- endmacro %}

{% macro value_at_most(value, by) -%}
    {{ adapter.dispatch('value_at_most')(value, by) }}
{%- endmacro %}

{% macro duckdb__value_at_most(value, by) -%}
    arg_max({{ value }}, {{ by }})
{%- endmacro %}

{#- The value of the row where `most` is greatest and, among equals, the number `least` is least. -#}
{% macro first_in_order(value, most, least) -%}
    {{ adapter.dispatch('first_in_order')(value, most, least) }}
{%- endmacro %}

{% macro duckdb__first_in_order(value, most, least) -%}
    first({{ value }} order by {{ most }} desc, {{ least }} asc)
{%- endmacro %}

{#- A list of a group's values, none of which is NULL, in any order; for an aggregate with an order sorts every group. -#}
{% macro list_of_group(value) -%}
    {{ adapter.dispatch('list_of_group')(value) }}
{%- endmacro %}

{% macro duckdb__list_of_group(value) -%}
    list({{ value }})
{%- endmacro %}

{#- A list of a group's values in the order of `by`. -#}
{% macro list_in_order(value, by) -%}
    {{ adapter.dispatch('list_in_order')(value, by) }}
{%- endmacro %}

{% macro duckdb__list_in_order(value, by) -%}
    list({{ value }} order by {{ by }})
{%- endmacro %}

{#- A group's texts, joined in the order of `by`. -#}
{% macro texts_in_order(value, separator, by) -%}
    {{ adapter.dispatch('texts_in_order')(value, separator, by) }}
{%- endmacro %}

{% macro duckdb__texts_in_order(value, separator, by) -%}
    string_agg({{ value }}, '{{ separator }}' order by {{ by }})
{%- endmacro %}

{#- A list of what the arguments say; no argument: an empty list of texts. -#}
{% macro list_of(items) -%}
    {{ adapter.dispatch('list_of')(items) }}
{%- endmacro %}

{% macro duckdb__list_of(items) -%}
    [{{ items | join(', ') }}]
{%- endmacro %}

{#- A row for each item of a list. -#}
{% macro rows_of(list) -%}
    {{ adapter.dispatch('rows_of')(list) }}
{%- endmacro %}

{% macro duckdb__rows_of(list) -%}
    unnest({{ list }})
{%- endmacro %}

{#- The whole numbers from `first` up to and without `end`, as a list. -#}
{% macro numbers(first, end) -%}
    {{ adapter.dispatch('numbers')(first, end) }}
{%- endmacro %}

{% macro duckdb__numbers(first, end) -%}
    range({{ first }}, {{ end }})
{%- endmacro %}

{#- A record: names to expressions; and a field of one. -#}
{% macro record(fields) -%}
    {{ adapter.dispatch('record')(fields) }}
{%- endmacro %}

{% macro duckdb__record(fields) -%}
    { {% for name, value in fields.items() %}'{{ name }}': {{ value }}{{ ', ' if not loop.last }}{% endfor %} }
{%- endmacro %}

{% macro field(record, name) -%}
    {{ adapter.dispatch('field')(record, name) }}
{%- endmacro %}

{% macro duckdb__field(record, name) -%}
    struct_extract({{ record }}, '{{ name }}')
{%- endmacro %}

{#- A list of an expression over the items of a list, each called `item`. -#}
{% macro each_of(list, item, expression) -%}
    {{ adapter.dispatch('each_of')(list, item, expression) }}
{%- endmacro %}

{% macro duckdb__each_of(list, item, expression) -%}
    list_transform({{ list }}, lambda {{ item }}: {{ expression }})
{%- endmacro %}

{#- The sum and the product of a list of numbers. -#}
{% macro sum_of(list) -%}
    {{ adapter.dispatch('sum_of')(list) }}
{%- endmacro %}

{% macro duckdb__sum_of(list) -%}
    list_sum({{ list }})
{%- endmacro %}

{% macro product_of(list) -%}
    {{ adapter.dispatch('product_of')(list) }}
{%- endmacro %}

{% macro duckdb__product_of(list) -%}
    list_product({{ list }})
{%- endmacro %}

{#- The order in which rows are to be stored, so that who publishes them sorted has little to sort; files have none. -#}
{% macro stored_by(columns) -%}
    {{ adapter.dispatch('stored_by')(columns) }}
{%- endmacro %}

{% macro duckdb__stored_by(columns) -%}
    order by {{ columns }}
{%- endmacro %}

{#- The list of a group's records, ordered by their fields from the first on, NULL last; and the first item of a list. -#}
{% macro sorted_records(fields) -%}
    {{ adapter.dispatch('sorted_records')(fields) }}
{%- endmacro %}

{% macro duckdb__sorted_records(fields) -%}
    list_sort(list({{ record(fields) }}))
{%- endmacro %}

{% macro first_of(list) -%}
    {{ adapter.dispatch('first_of')(list) }}
{%- endmacro %}

{% macro duckdb__first_of(list) -%}
    {{ list }}[1]
{%- endmacro %}

{#- The values of a window up to the row, as one text; NULL where there is none. -#}
{% macro texts_so_far(value, separator, window) -%}
    {{ adapter.dispatch('texts_so_far')(value, separator, window) }}
{%- endmacro %}

{% macro duckdb__texts_so_far(value, separator, window) -%}
    string_agg({{ value }}, '{{ separator }}') over {{ window }}
{%- endmacro %}

{#- A number as it is written shortest. -#}
{% macro text_of(number) -%}
    {{ adapter.dispatch('text_of')(number) }}
{%- endmacro %}

{% macro duckdb__text_of(number) -%}
    cast({{ number }} as varchar)
{%- endmacro %}

{#- Days from one date to another; and a date so many calendar months later, the day kept or clamped to the month's last. -#}
{% macro days_between(first, last) -%}
    {{ adapter.dispatch('days_between')(first, last) }}
{%- endmacro %}

{% macro duckdb__days_between(first, last) -%}
    ({{ last }} - {{ first }})
{%- endmacro %}

{% macro months_added(day, months) -%}
    {{ adapter.dispatch('months_added')(day, months) }}
{%- endmacro %}

{% macro duckdb__months_added(day, months) -%}
    {{ day }} + to_months(cast({{ months }} as integer))
{%- endmacro %}

{#- Join the row of a table that meets the conditions, of which the last compares, and is nearest by it: the first by
    `nearest`, which DuckDB knows by itself. -#}
{% macro asof_left_join(table, name, conditions, nearest) -%}
    {{ adapter.dispatch('asof_left_join')(table, name, conditions, nearest) }}
{%- endmacro %}

{% macro duckdb__asof_left_join(table, name, conditions, nearest) -%}
    asof left join {{ table }} as {{ name }} on {{ conditions | join(' and ') }}
{%- endmacro %}
