-- Numerator, denominator and reason of every block indicator.
{{ area_model(ref('int_block__year'), 'block_code') }}
