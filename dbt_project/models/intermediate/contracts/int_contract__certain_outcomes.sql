-- The findings of the years that are evaluated whatever comes of them.
{{ contract_outcomes(ref('int_contract__certain_years'), ref('int_contract__certain_evidence')) }}
