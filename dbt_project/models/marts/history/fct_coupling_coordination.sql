-- Levels are those of published scales; a value that rounding lifts above the last one belongs to it.
with indices as (
    select
        scale,
        unit_code,
        year,
        {%- for system in ['economic', 'social', 'ecological'] %}
        max(benefit_index) filter (where system = '{{ system }}') as {{ system }}_benefit_index,
        {%- endfor %}
        array_to_string(list_sort(flatten(array_agg(coalesce(benefit_codes, {{ list_of([]) }})))), '|')
            as benefit_codes,
    from {{ ref('int_region__benefit') }}
    group by scale, unit_code, year
),

levels as (
    select
        kind,
        level,
        up_to,
        coalesce(lag(up_to) over (partition by kind order by level_order), -1) as above,
    from {{ ref('coupling_level') }}
)

select
    {{ eval_year() }} as evaluation_year,
    coupling.scale,
    coupling.unit_code,
    coupling.year,
    coupling.form,
    indices.economic_benefit_index,
    indices.social_benefit_index,
    indices.ecological_benefit_index,
    indices.benefit_codes,
    coupling.coupling,
    of_coupling.level as coupling_level,
    coupling.comprehensive_index,
    coupling.coordination,
    of_coordination.level as coordination_level,
    coupling.null_reason,
    coupling.illustrative,
    {{ run_id() }} as run_id,
from {{ ref('int_region__coupling') }} as coupling
inner join {{ ref('int_region__year') }} as years
    on coupling.scale = years.scale and coupling.unit_code = years.unit_code and coupling.year = years.year
inner join indices
    on coupling.scale = indices.scale and coupling.unit_code = indices.unit_code and coupling.year = indices.year
left join levels as of_coupling
    on
        of_coupling.kind = 'coupling'
        and if(coupling.coupling > 1, 1, coupling.coupling) > of_coupling.above
        and if(coupling.coupling > 1, 1, coupling.coupling) <= of_coupling.up_to
left join levels as of_coordination
    on
        of_coordination.kind = 'coordination'
        and if(coupling.coordination > 1, 1, coupling.coordination) > of_coordination.above
        and if(coupling.coordination > 1, 1, coupling.coordination) <= of_coordination.up_to
