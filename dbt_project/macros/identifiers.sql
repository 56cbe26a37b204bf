{#- Sum over the characters of a code from `first` on, each its place in the alphabet times its weight. -#}
{% macro weighted_sum(code, alphabet, weights, first=1) -%}
    {%- set terms = [] -%}
    {%- for weight in weights -%}
        {%- set character = "substr(" ~ code ~ ", " ~ (first + loop.index0) ~ ", 1)" -%}
        {%- do terms.append(weight ~ " * (strpos('" ~ alphabet ~ "', " ~ character ~ ") - 1)") -%}
    {%- endfor -%}
    ({{ terms | join(' + ') }})
{%- endmacro %}

{#- Sum over a whole uscc, a multiple of 31 where its check character is right (GB 32100-2015). -#}
{% macro uscc_sum(code) -%}
    {%- set weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1] -%}
    {{ weighted_sum(code, '0123456789ABCDEFGHJKLMNPQRTUWXY', weights) }}
{%- endmacro %}

{#- Check character that belongs to characters 9 to 16 of a uscc (GB 11714-1997). -#}
{% macro organisation_check_character(uscc) -%}
    {%- set sum = weighted_sum(uscc, '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', [3, 7, 9, 10, 5, 8, 4, 2], 9) -%}
    substr('0123456789X', 1 + cast((11 - {{ sum }} % 11) % 11 as integer), 1)
{%- endmacro %}
