-- What each pair brings to its parcel. The last parcel of an enterprise takes the rest of its output, so that the
-- parts add up to the whole exactly.
with parts as (
    select
        shares.parcel_code,
        shares.uscc,
        {% for measure in measures() if measure != 'output_cny10k' %}
        measures.{{ measure }} * shares.share as {{ measure }},
        {% endfor %}
        {{ exact('measures.output_cny10k') }} as whole_output_cny10k,
        {{ exact('measures.output_cny10k * shares.share') }} as part_output_cny10k,
    from {{ ref('int_pairing__shares') }} as shares
    inner join {{ ref('int_enterprise__measures') }} as measures on shares.uscc = measures.uscc
),

sums as (
    select
        uscc,
        max(parcel_code) as last_parcel_code,
        sum(part_output_cny10k) as sum_output_cny10k,
    from parts
    group by uscc
)

select
    parts.* exclude (whole_output_cny10k, part_output_cny10k), -- noqa: RF02
    parts.part_output_cny10k + case
        when parts.parcel_code = sums.last_parcel_code then parts.whole_output_cny10k - sums.sum_output_cny10k
        else 0
    end as output_cny10k,
    coalesce(parcels.is_industrial, false) as is_industrial,
from parts
inner join sums on parts.uscc = sums.uscc
left join {{ ref('int_parcel__year') }} as parcels on parts.parcel_code = parcels.parcel_code
