-- Organisation part of a uscc (characters 9 to 17) against its own check character. A code whose whole check character
-- is wrong is no uscc of the standard (a city may have codes of its own), and is not judged.
with judged as (
    select
        uscc,
        enterprise_name,
        district_code,
        {{ organisation_check_character('uscc') }} as expected_character,
    from {{ ref('stg_accepted__enterprises') }}
    where length(uscc) = 18
)

select
    uscc,
    {{ eval_year() }} as year,
    district_code,
    substr(uscc, 9, 9) as organisation_code,
    expected_character,
    format('{}: {} <> {}', substr(uscc, 9, 9), substr(uscc, 17, 1), expected_character) as detail,
    format(
        '{}(代码{})的主体标识码(第9至17位){}的校验码应为{},请按营业执照核对。',
        coalesce(enterprise_name, '企业'), uscc, substr(uscc, 9, 9), expected_character
    ) as message_zh,
    {{ run_id() }} as run_id,
from judged
where
    substr(uscc, 17, 1) <> expected_character
    and {{ uscc_sum('uscc') }} % 31 = 0
    and regexp_full_match(uscc, '[0-9A-HJ-NPQRTUWXY]{18}')
