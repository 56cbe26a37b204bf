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
        row_number() over (partition by shares.uscc order by shares.parcel_code desc) = 1 as is_last,
    from {{ ref('int_pairing__shares') }} as shares
    inner join {{ ref('int_enterprise__measures') }} as measures on shares.uscc = measures.uscc
)

select
    parts.* exclude (whole_output_cny10k, part_output_cny10k, is_last), -- noqa: RF02
    case
        when parts.is_last
            then
                parts.whole_output_cny10k
                - sum(case when parts.is_last then 0 else parts.part_output_cny10k end) over (partition by parts.uscc)
        else parts.part_output_cny10k
    end as output_cny10k,
    coalesce(parcels.is_industrial, false) as is_industrial,
from parts
left join {{ ref('int_parcel__year') }} as parcels on parts.parcel_code = parcels.parcel_code
