{#- What the models of a contract's life cycle share. -#}

{#- The last year whose 31 December is not after the as-of date. -#}
{% macro last_whole_year() -%}
    (year({{ as_of_date() }}) - case when month({{ as_of_date() }}) = 12 and day({{ as_of_date() }}) = 31 then 0 else 1 end)
{%- endmacro %}

{#- What decides a finding: a verdict against the evidence, or without any, decides only with an opinion. -#}
{% macro finding_basis(verdict, opinion) -%}
    case
        when comparison = '符合' then case when {{ verdict }} is null then 'none' else 'verdict' end
        when {{ verdict }} is null then case when evidence_meets is null then 'none' else 'evidence' end
        when evidence_meets and {{ verdict }} = '达标' or not evidence_meets and {{ verdict }} = '不达标' then 'both'
        when {{ opinion }} is not null then 'verdict'
        when evidence_meets is null then 'none'
        else 'evidence'
    end
{%- endmacro %}

{% macro finding_outcome(basis, verdict) -%}
    case {{ basis }}
        when 'none' then '待评'
        when 'evidence' then case when evidence_meets then '达标' else '不达标' end
        else {{ verdict }}
    end
{%- endmacro %}

{#- A failed finding fails the stage; what is missing, or does not apply at all, leaves it open. -#}
{% macro stage_result(missed, pending, met) -%}
    case
        when {{ missed }} > 0 then '不达标'
        when {{ pending }} > 0 or {{ met }} = 0 then '待评'
        else '达标'
    end
{%- endmacro %}
