-- Ratios of one accepted unit outside what the field calls plausible; each limit is a row of qc_limit. The question
-- goes to who declared, so units that are not evaluated are asked too.
{%- set checks = [
    ('parcel', 'plot_ratio', '宗地{0}的容积率为{1:.4g},超过{2:.4g},请核对建筑面积、宗地面积及其计量单位。'),
    ('parcel', 'building_coefficient', '宗地{0}的建筑系数为{1:.4g},超过{2:.4g},请核对建筑、构筑物和堆场的占地面积。'),
    ('enterprise', 'rd_intensity', '企业{0}的R&D经费与营业收入之比为{1:.4g},超过{2:.4g},请核对计量单位(百分数、元)。'),
    ('enterprise', 'new_product_ratio', '企业{0}的新产品销售收入为营业收入的{1:.4g}倍,请核对两项收入。'),
    ('enterprise', 'output_without_energy', '企业{0}的能源消费量为0而工业总产值为{1:.6g}万元,请核对。'),
] %}
with parcel_ratios as (
    select
        parcels.parcel_code as unit_code,
        parcels.district_code,
        buildings.counted_floor_area_m2 / parcels.site_area_m2 as plot_ratio,
        (
            buildings.footprint_m2 + coalesce(parcels.structure_footprint_m2, 0) + coalesce(parcels.yard_area_m2, 0)
        ) / parcels.site_area_m2 as building_coefficient,
    from {{ ref('int_parcel__year') }} as parcels
    inner join {{ ref('int_parcel__buildings') }} as buildings on parcels.parcel_code = buildings.parcel_code
),

enterprise_ratios as (
    select
        operations.uscc as unit_code,
        enterprises.district_code,
        operations.rd_expenditure_cny10k / nullif(operations.revenue_cny10k, 0) as rd_intensity,
        operations.new_product_sales_cny10k / nullif(operations.revenue_cny10k, 0) as new_product_ratio,
        case when energy.energy_tce = 0 then operations.output_cny10k end as output_without_energy,
    from {{ ref('stg_accepted__operations') }} as operations
    left join {{ ref('stg_accepted__enterprises') }} as enterprises on operations.uscc = enterprises.uscc
    left join {{ ref('int_energy__by_enterprise') }} as energy on operations.uscc = energy.uscc
),

ratios as (
    {% for scale, code, text in checks %}
    select
        '{{ scale }}' as scale,
        unit_code,
        district_code,
        '{{ code }}' as check_code,
        {{ code }} as ratio,
        '{{ text }}' as question,
    from {{ scale }}_ratios
    where {{ code }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    ratios.scale,
    ratios.unit_code,
    {{ eval_year() }} as year,
    ratios.check_code,
    ratios.district_code,
    ratios.ratio as value,
    limits.limit_value,
    format('{}: {:.6g} > {:.6g}', ratios.check_code, ratios.ratio, limits.limit_value) as detail,
    format(ratios.question, ratios.unit_code, ratios.ratio, limits.limit_value) as message_zh,
    {{ run_id() }} as run_id,
from ratios
inner join {{ ref('qc_limit') }} as limits
    on ratios.check_code = limits.check_code and ratios.ratio > limits.limit_value
