-- Files whose path names one district, as its code or its name, and that hold rows of another one.
with rows_of_files as (
    select
        load_id,
        'parcels' as dataset,
        district_code,
        count(*) as row_count,
    from {{ ref('stg_accepted__parcels') }}
    group by load_id, district_code
    union all
    select
        load_id,
        'enterprises' as dataset,
        district_code,
        count(*) as row_count,
    from {{ ref('stg_accepted__enterprises') }}
    group by load_id, district_code
),

named as (
    select
        loads.load_id,
        loads.file_sha256,
        loads.file_name,
        min(districts.code) as named_district,
    from {{ ref('stg_ledger__loads') }} as loads
    inner join {{ ref('stg_profile__districts') }} as districts
        on
            contains(loads.file_name, districts.name_zh)
            or regexp_matches(loads.file_name, '(^|[^0-9])' || districts.code || '([^0-9]|$)')
    where loads.state = 'loaded' and loads.data_year = {{ eval_year() }}
    group by loads.load_id, loads.file_sha256, loads.file_name
    having count(distinct districts.code) = 1
)

select
    named.file_sha256,
    found.dataset,
    {{ eval_year() }} as year,
    named.file_name,
    found.district_code,
    named.named_district,
    found.row_count,
    format('{} rows of {} in a file of {}', found.row_count, found.district_code, named.named_district) as detail,
    format(
        '文件{}属于行政区{},其中有{}行的行政区代码为{},请核对文件或行政区代码。',
        named.file_name, named.named_district, found.row_count, found.district_code
    ) as message_zh,
    {{ run_id() }} as run_id,
from rows_of_files as found
inner join named on found.load_id = named.load_id
anti join {{ ref('int_district__lineage') }} as lineage
    on named.named_district = lineage.code and found.district_code = lineage.related_code
