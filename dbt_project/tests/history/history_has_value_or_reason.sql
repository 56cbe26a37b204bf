{{ config(severity='error', tags=['indicators'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at the model of the mart named; a case has no reason yet.',
}) }}
-- In the history marts a figure stands or a reason does, never both, never neither, never an infinite number.
{% set pairs = {
    'fct_region_history': [
        ('value', 'null_reason'), ('growth_ratio', 'growth_null_reason'), ('index_to_base', 'index_null_reason'),
    ],
    'fct_industry_structure': [
        ('value', 'null_reason'), ('share_in_unit_ratio', 'share_in_unit_null_reason'),
        ('share_of_city_ratio', 'share_of_city_null_reason'),
        ('location_quotient_ratio', 'location_quotient_null_reason'),
    ],
    'fct_coupling_coordination': [('coupling', 'null_reason'), ('coordination', 'null_reason')],
    'fct_policy_effect': [
        ('mean_change', 'null_reason'), ('difference_in_differences', 'difference_null_reason'),
        ('growth_before_ratio + growth_after_ratio', 'growth_null_reason'),
    ],
} %}
{% for mart, columns in pairs.items() %}
{% set outer = loop %}
{% for figure, reason in columns %}
select
    '{{ mart }}' as mart,
    '{{ figure }}' as figure,
    count(*) as wrong_rows,
from {{ ref(mart) }}
where ({{ figure }} is null) = ({{ reason }} is null) or not coalesce(isfinite({{ figure }}), true)
having count(*) > 0
{{ 'union all' if not (loop.last and outer.last) }}
{% endfor %}
{% endfor %}
