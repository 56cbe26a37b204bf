{{ config(severity='error', tags=['balance'], meta={
    'owner': '数据工程 (data engineering)', 'next_step': 'Look at scoring/forecast/reconcile.py.',
}) }}
-- City = sum of districts and what it does not allocate to them.
with coherent as (
    select
        base_year,
        measure,
        year,
        industry_code,
        district_code,
        reconciled,
    from {{ ref('fct_activity_forecast') }}
    where method in ('combination', 'not_allocated')
),

parts as (
    select
        coherent.base_year,
        coherent.measure,
        coherent.year,
        coherent.industry_code,
        {{ exact_sum('coherent.reconciled') }} as reconciled,
    from coherent
    cross join {{ ref('stg_profile__settings') }} as settings
    where coherent.district_code <> settings.city_code and coherent.industry_code not like '%not_allocated'
    group by coherent.base_year, coherent.measure, coherent.year, coherent.industry_code
    having count(*) filter (where coherent.district_code = 'not_allocated') > 0
)

select
    coherent.base_year,
    coherent.measure,
    coherent.year,
    coherent.industry_code,
    coherent.reconciled,
    parts.reconciled as parts_reconciled,
from coherent
cross join {{ ref('stg_profile__settings') }} as settings
inner join parts
    on
        coherent.base_year = parts.base_year
        and coherent.measure = parts.measure
        and coherent.year = parts.year
        and coherent.industry_code = parts.industry_code
where
    coherent.district_code = settings.city_code
    and abs(coherent.reconciled - parts.reconciled) > 1e-6 * greatest(1, abs(coherent.reconciled))
