-- What falls on no accepted industrial parcel: parts on other parcels, and enterprises on no parcel with all they have.
with parts as (
    select
        uscc,
        {{ measures() | join(',\n        ') }},
    from {{ ref('int_pairing__parts') }}
    where not is_industrial
    union all
    select
        measures.uscc,
        {% for measure in measures() %}
        {{ exact('measures.' ~ measure) if measure == 'output_cny10k' else 'measures.' ~ measure }} as {{ measure }},
        {% endfor %}
    from {{ ref('int_enterprise__measures') }} as measures
    anti join {{ ref('int_pairing__shares') }} as shares on measures.uscc = shares.uscc
)

select
    parts.uscc,
    enterprises.district_code,
    {% for measure in measures() %}
    parts.{{ measure }} as unmatched_{{ measure }},
    {% endfor %}
from parts
inner join {{ ref('int_enterprise__classified') }} as enterprises on parts.uscc = enterprises.uscc
