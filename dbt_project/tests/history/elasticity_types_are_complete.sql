{{ config(severity='error', tags=['indicators'], meta={
    'owner': '政策维护 (policy)', 'next_step': 'Complete the sign cases in seeds/policy/elasticity_type.csv.',
}) }}
-- A region whose elasticity has both parts has a type.
{% for scale in ['district', 'city'] %}
{% set outer = loop %}
{% for of in ['population', 'gdp'] %}
select
    '{{ scale }}' as scale,
    '{{ of }}' as elasticity,
    count(*) as without_type,
from {{ ref('int_indicators__' ~ scale) }} as indicators
inner join {{ ref('int_region__elasticity') }} as found
    on found.scale = '{{ scale }}' and indicators.{{ scale }}_code = found.unit_code
where
    indicators.{{ of }}_land_elasticity_ratio__num is not null
    and indicators.{{ of }}_land_elasticity_ratio__den is not null
    and found.{{ of }}_land_elasticity_type is null
having count(*) > 0
{{ 'union all' if not (loop.last and outer.last) }}
{% endfor %}
{% endfor %}
