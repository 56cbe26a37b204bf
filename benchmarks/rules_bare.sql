create temp view given as
select
    file_row_number + 1 as row_no,
    "统一社会信用代码" as uscc,
    "工业总产值" as output,
    "营业收入" as revenue,
    "工业增加值" as value_added,
    "累计固定资产投资" as investment,
    "从业人员" as employees,
    "R&D人员" as rd_staff,
    "R&D经费" as rd,
    "新产品销售收入" as new_products,
from read_parquet('{source}', file_row_number = true);

create temp view judged as
select
    row_no,
    uscc,
    o as output,
    r as revenue,
    v as value_added,
    f as investment,
    e as employees,
    s as rd_staff,
    d as rd,
    n as new_products,
    [
        case when uscc = '' then 'required:uscc' end,
        case when uscc <> '' and (digits is null or strlen(uscc) <> 18) then 'pattern:uscc' end,
        case when digits % 31 <> 0 then 'check_digit:uscc' end,
        case when output = '' then 'required:output_cny10k' end,
        case when output <> '' and o is null then 'type:output_cny10k' end,
        case when o < 0 then 'range:output_cny10k' end,
        case when revenue <> '' and r is null then 'type:revenue_cny10k' end,
        case when r < 0 then 'range:revenue_cny10k' end,
        case when value_added <> '' and v is null then 'type:value_added_cny10k' end,
        case when investment <> '' and f is null then 'type:fixed_investment_cny10k' end,
        case when f < 0 then 'range:fixed_investment_cny10k' end,
        case when employees = '' then 'required:employees' end,
        case when employees <> '' and e is null then 'type:employees' end,
        case when e < 0 then 'range:employees' end,
        case when rd_staff <> '' and s is null then 'type:rd_staff' end,
        case when s < 0 then 'range:rd_staff' end,
        case when s > e then 'limit:rd_staff' end,
        case when rd <> '' and d is null then 'type:rd_expenditure_cny10k' end,
        case when d < 0 then 'range:rd_expenditure_cny10k' end,
        case when new_products <> '' and n is null then 'type:new_product_sales_cny10k' end,
        case when n < 0 then 'range:new_product_sales_cny10k' end,
    ] as codes,
from (
    select
        given.*,
        case when abs(try_cast(output as double)) < 1e15 then try_cast(output as double) end as o,
        case when abs(try_cast(revenue as double)) < 1e15 then try_cast(revenue as double) end as r,
        case when abs(try_cast(value_added as double)) < 1e15 then try_cast(value_added as double) end as v,
        case when abs(try_cast(investment as double)) < 1e15 then try_cast(investment as double) end as f,
        case when abs(try_cast(employees as double)) < 1e15 then try_cast(employees as double) end as e,
        case when abs(try_cast(rd_staff as double)) < 1e15 then try_cast(rd_staff as double) end as s,
        case when abs(try_cast(rd as double)) < 1e15 then try_cast(rd as double) end as d,
        case when abs(try_cast(new_products as double)) < 1e15 then try_cast(new_products as double) end as n,
        u0.s0 + u1.s1 + u2.s2 + u3.s3 + u4.s4 + u5.s5 as digits,
    from given
    left join lg_uscc as u0 on u0.piece = substr(uscc, 1, 3)
    left join lg_uscc as u1 on u1.piece = substr(uscc, 4, 3)
    left join lg_uscc as u2 on u2.piece = substr(uscc, 7, 3)
    left join lg_uscc as u3 on u3.piece = substr(uscc, 10, 3)
    left join lg_uscc as u4 on u4.piece = substr(uscc, 13, 3)
    left join lg_uscc as u5 on u5.piece = substr(uscc, 16, 3)
);

create temp table marked as
select
    *,
    list_filter(codes, lambda code: code is not null) as broken,
from judged;

create table good as
select * exclude (codes, broken)
from marked
where len(broken) = 0;

create table finding as
select
    row_no,
    unnest(broken) as rule_code,
from marked
where len(broken) > 0;
