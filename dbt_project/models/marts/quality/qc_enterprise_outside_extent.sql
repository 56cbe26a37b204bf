-- Enterprise points outside the city's extent, with what ingestion found to be wrong with the file's coordinates.
select
    enterprises.uscc,
    {{ eval_year() }} as year,
    enterprises.longitude,
    enterprises.latitude,
    format('{:.6f}, {:.6f}', enterprises.longitude, enterprises.latitude) as detail,
    concat(
        format('企业坐标({:.6f}, {:.6f})在城市范围之外。', enterprises.longitude, enterprises.latitude),
        coalesce(findings.message_zh, '请核对经纬度。')
    ) as message_zh,
    {{ run_id() }} as run_id,
from {{ ref('stg_accepted__enterprises') }} as enterprises
cross join {{ ref('stg_profile__settings') }} as settings
left join {{ ref('stg_qc__source_findings') }} as findings
    on enterprises.load_id = findings.load_id and findings.rule_code = 'placement:file'
where
    enterprises.longitude not between settings.extent_min_lon and settings.extent_max_lon
    or enterprises.latitude not between settings.extent_min_lat and settings.extent_max_lat
