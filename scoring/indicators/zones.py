"""Development zones: shares of the land code scheme (TD/T 1029, formulas of the 2014 trial program), and their type."""

from __future__ import annotations

from scoring.indicators.inputs import Record
from scoring.indicators.quotient import Amount, Quotient, m2, plus, quotient

BUILT_UP = ("a1", "a2", "a31", "a32", "a4", "a51", "a52", "a6")
NOT_BUILT = ("b11", "b12", "b21", "b22")
SUPPLIED = ("d1", "d21", "d22")


def area_of(zone: Record, classes: tuple[str, ...]) -> Amount:
    """Return the area of land classes in ha; None where one of them was not reported."""
    return plus(*(zone[f"{code}_ha"] for code in classes))


def zone_indicators(zone: Record) -> list[Quotient]:
    """Return the indicators of one zone from its own land survey (a row of `zones`)."""
    built_up, supplied, industrial = area_of(zone, BUILT_UP), area_of(zone, SUPPLIED), zone["a2_ha"]
    open_to_supply = plus(built_up, zone["b21_ha"])
    developable = plus(built_up, area_of(zone, NOT_BUILT))
    return [
        quotient("development_ratio", open_to_supply, developable),
        quotient("supply_ratio", supplied, open_to_supply),
        quotient("built_ratio", built_up, supplied),
        quotient("industrial_land_ratio", industrial, built_up),
        quotient("plot_ratio", zone["floor_area_m2"], m2(built_up)),
        quotient("building_density", zone["footprint_m2"], m2(built_up)),
        quotient("industrial_plot_ratio", zone["industrial_floor_area_m2"], m2(industrial)),
        quotient("industrial_building_coefficient", zone["industrial_footprint_m2"], m2(industrial)),
        quotient("investment_intensity_cny10k_per_ha", zone["fixed_investment_cny10k"], industrial),
        quotient("land_tax_cny10k_per_ha", zone["industrial_tax_cny10k"], industrial),
        quotient("comprehensive_land_tax_cny10k_per_ha", zone["secondary_tertiary_tax_cny10k"], built_up),
        quotient("population_density_person_per_ha", zone["resident_population"], built_up),
        quotient("idle_ratio", zone["g_ha"], supplied),
    ]


def zone_type(zone: Record, rules: list[Record]) -> str | None:
    """Return the type by the first rule that holds (seed zone_type_rule); None where a share is not known.

    A rule for a kind of zone (保税区) holds without shares.
    """
    built_up = area_of(zone, BUILT_UP)
    shares = None
    if built_up and zone["a1_ha"] is not None and zone["a2_ha"] is not None:
        shares = zone["a2_ha"] / built_up, zone["a1_ha"] / built_up
    for rule in sorted(rules, key=lambda rule: rule["rule_order"]):
        if rule["zone_type"] is not None:
            holds = rule["zone_type"] == zone["zone_type"]
        else:
            holds = shares is not None and _within(rule, *shares)
        if holds:
            return rule["zone_type_evaluated"]
    return None


def _within(rule: Record, industrial: float, housing: float) -> bool:
    above, up_to = rule["industrial_share_above"], rule["industrial_share_up_to"]
    below, at_least = rule["housing_share_below"], rule["housing_share_from"]
    return (
        (above is None or industrial > above)
        and (up_to is None or industrial <= up_to)
        and (below is None or housing < below)
        and (at_least is None or housing >= at_least)
    )
