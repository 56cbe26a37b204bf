"""The columns of `accepted.*` and its neighbours, transcribed from the input contract and docs/architecture.md."""

from __future__ import annotations

_ZONE_AREAS = [
    *("a1", "a2", "a31", "a32", "a4", "a51", "a52", "a6", "b11", "b12", "b21", "b22", "c1", "c2", "c3"),
    *("d1", "d21", "d22", "e1", "e21", "e22", "f", "g", "h1", "h2"),
]

# dataset: columns; the type follows a colon, VARCHAR where there is none
DATASETS: dict[str, str] = {
    "parcels": "parcel_code parcel_name district_code town_code zone_code block_code land_use_code site_area_m2:DOUBLE "
    "green_area_m2:DOUBLE structure_footprint_m2:DOUBLE yard_area_m2:DOUBLE admin_land_area_m2:DOUBLE supply_mode "
    "land_price_cny10k:DOUBLE supply_date:DATE term_end_date:DATE far_min:DOUBLE far_max:DOUBLE use_state "
    "geometry:BLOB polygon_area_m2:DOUBLE centroid_lon:DOUBLE centroid_lat:DOUBLE",
    "buildings": "building_code parcel_code building_use footprint_m2:DOUBLE floor_area_m2:DOUBLE "
    "floor_area_over_8m_m2:DOUBLE storeys:DOUBLE completion_date:DATE",
    "enterprises": "uscc enterprise_name industry_code industry_edition district_code town_code registration_state "
    "established_date:DATE above_scale:BOOLEAN longitude:DOUBLE latitude:DOUBLE",
    "occupancy": "parcel_code uscc tenure floor_area_m2:DOUBLE land_area_m2:DOUBLE start_date:DATE end_date:DATE",
    "operations": "uscc output_cny10k:DOUBLE revenue_cny10k:DOUBLE value_added_cny10k:DOUBLE "
    "fixed_investment_cny10k:DOUBLE employees:DOUBLE rd_staff:DOUBLE rd_expenditure_cny10k:DOUBLE "
    "new_product_sales_cny10k:DOUBLE",
    "taxes": "uscc tax_paid_cny10k:DOUBLE reason",
    "energy": "uscc energy_type quantity:DOUBLE unit",
    "emissions": "uscc pollutant emission_t:DOUBLE",
    "agreements": "agreement_no parcel_code uscc signed_date:DATE start_due:DATE completion_due:DATE "
    "production_due:DATE capacity_due:DATE term_end_date:DATE lease_end_date:DATE supply_mode "
    "process_interval_years:DOUBLE agreed_investment_cny10k:DOUBLE agreed_floor_area_m2:DOUBLE "
    "granted_area_m2:DOUBLE granted_use start_penalty completion_penalty building_compensation penalty_free_text",
    "agreement_targets": "agreement_no stage indicator_code comparison target_value:DOUBLE target_text department",
    "agreement_events": "agreement_no event event_date:DATE stage indicator_code deadline:DATE amount_cny10k:DOUBLE "
    "department document_no note",
    "verdicts": "agreement_no stage evaluation_year:INTEGER indicator_code department verdict opinion "
    "verdict_date:DATE",
    "self_reports": "agreement_no stage evaluation_year:INTEGER indicator_code value:DOUBLE document_no",
    "admission_controls": "project_no district_code zone_code indicator_code comparison control_value:DOUBLE "
    "guide_value:DOUBLE department industry_code restricted:BOOLEAN decision decision_date:DATE agreement_no",
    "zones": "zone_code zone_name zone_type level district_code resident_population:DOUBLE "
    + " ".join(f"{code}_ha:DOUBLE" for code in _ZONE_AREAS)
    + " floor_area_m2:DOUBLE industrial_floor_area_m2:DOUBLE footprint_m2:DOUBLE industrial_footprint_m2:DOUBLE "
    "fixed_investment_cny10k:DOUBLE industrial_tax_cny10k:DOUBLE secondary_tertiary_tax_cny10k:DOUBLE",
    "district_series": "district_code industry_code gdp_cny10k:DOUBLE value_added_cny10k:DOUBLE output_cny10k:DOUBLE "
    "fixed_investment_cny10k:DOUBLE employees:DOUBLE energy_tce:DOUBLE population:DOUBLE construction_land_ha:DOUBLE "
    "urban_rural_construction_land_ha:DOUBLE industrial_land_ha:DOUBLE new_construction_land_ha:DOUBLE "
    "stock_supplied_ha:DOUBLE supplied_ha:DOUBLE approved_ha:DOUBLE approved_supplied_ha:DOUBLE floor_area_m2:DOUBLE "
    "pm25_ug_per_m3:DOUBLE green_coverage_ratio:DOUBLE wastewater_t:DOUBLE",
    "land_supply": "supply_id district_code source area_ha:DOUBLE available_year:INTEGER industry_code "
    "industrial_share:DOUBLE realisation_rate:DOUBLE parcel_code",
    "parcel_changes": "old_parcel_code new_parcel_code kind change_date:DATE",
    "public_notices": "notice_no year:INTEGER start_date:DATE deadline:DATE document_no place",
    "objections": "objection_no scale unit_code indicator_code claim evidence received_date:DATE decision "
    "decision_date:DATE correction_no year:INTEGER deadline:DATE",
    "corrections": "correction_no dataset year:INTEGER key_json column old_value new_value reason approved_by "
    "document_no effective_date:DATE",
}

OTHERS: dict[str, str] = {
    "ledger.load": "load_id:BIGINT file_sha256 dataset data_year:INTEGER file_name rows_in:BIGINT accepted:BIGINT "
    "quarantined:BIGINT superseded:BIGINT state reason rules_sha256 loaded_at:TIMESTAMP superseded_by:BIGINT run_id",
    "quarantine.finding": "load_id:BIGINT dataset data_year:INTEGER row_no:BIGINT rule_code column_name value "
    "original_row severity message_zh message_en next_step origin",
    "qc.source_finding": "load_id:BIGINT dataset data_year:INTEGER row_no:BIGINT rule_code value message_zh message_en",
    "profile.setting": "city_code name_zh projected_crs extent_min_lon:DOUBLE extent_min_lat:DOUBLE "
    "extent_max_lon:DOUBLE extent_max_lat:DOUBLE area_warn:DOUBLE area_error:DOUBLE gate_tolerated_share:DOUBLE "
    "gate_stop_share:DOUBLE schemes:VARCHAR[] generated:BOOLEAN projected_unit_m:DOUBLE",
    "profile.district": "code name_zh valid_from_year:INTEGER valid_to_year:INTEGER successor_code",
    "profile.district_outline": "code geometry:BLOB tolerance_m:DOUBLE",
    "profile.town": "code name_zh district_code valid_from_year:INTEGER valid_to_year:INTEGER successor_code",
    "profile.land_use": "code name_zh is_industrial:BOOLEAN",
    "profile.industry": "edition code name_zh level:INTEGER parent_code",
}


def definitions(spec: str) -> str:
    """Return `"column" TYPE, …` of one line of the tables above."""
    pairs = (item.split(":", 1) if ":" in item else (item, "VARCHAR") for item in spec.split())
    return ", ".join(f'"{name}" {kind}' for name, kind in pairs)


def names(spec: str) -> list[str]:
    """Return the column names of one line."""
    return [item.split(":", 1)[0] for item in spec.split()]
