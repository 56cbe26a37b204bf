-- Output that falls on no accepted industrial parcel, for each counted enterprise that has some.
with on_parcels as (
    select
        uscc,
        sum(output_cny10k) as output_cny10k,
    from {{ ref('int_pairing__parts') }}
    where is_industrial
    group by uscc
)

select
    enterprises.uscc,
    enterprises.district_code,
    cast(
        {{ exact('measures.output_cny10k') }} - coalesce(on_parcels.output_cny10k, 0) as double
    ) as unmatched_output_cny10k,
from {{ ref('int_enterprise__measures') }} as measures
inner join {{ ref('int_enterprise__classified') }} as enterprises on measures.uscc = enterprises.uscc
left join on_parcels on measures.uscc = on_parcels.uscc
where {{ exact('measures.output_cny10k') }} != coalesce(on_parcels.output_cny10k, 0)
