select
    scores.scale,
    scores.unit_code,
    scores.year,
    scores.scheme_code,
    scores.scheme_version,
    measures.measure_code,
    measures.name_zh,
    measures.department,
    scores.grade,
    concat_ws(
        ';',
        concat('等级', scores.grade, '(', coalesce(scores.grade_name_zh, ''), ')'),
        if(scores.score is null, '无得分', printf('得分%.2f', scores.score)),
        if(scores.rank_in_city is null, null, printf('全市第%d名', scores.rank_in_city)),
        if(scores.veto_code is null, null, concat('一票否决: ', scores.veto_code)),
        if(
            stability.flag,
            concat(
                '措施取决于',
                case stability.hangs_on
                    when 'weights' then '权重'
                    when 'data' then '数据误差'
                    when 'weights_and_data' then '权重和数据误差'
                    else '权重与数据误差的共同作用'
                end,
                printf(
                    '(变动下保持的概率%.2f), 执行前须复核',
                    least(
                        stability.consequence_probability,
                        stability.data_consequence_probability,
                        stability.joint_consequence_probability
                    )
                )
            ),
            null
        )
    ) as reason,
    stability.flag,
    measures.source,
    measures.illustrative,
    {{ run_id() }} as run_id,
from {{ ref('fct_score') }} as scores
inner join {{ ref('scheme_measure') }} as measures
    on
        scores.scheme_code = measures.scheme_code
        and scores.scheme_version = measures.scheme_version
        and scores.scale = measures.scale
        and scores.grade = measures.grade
left join {{ ref('fct_score_stability') }} as stability
    on
        scores.scale = stability.scale
        and scores.unit_code = stability.unit_code
        and scores.year = stability.year
        and scores.scheme_code = stability.scheme_code
        and scores.scheme_version = stability.scheme_version
