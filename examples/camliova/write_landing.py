"""Write the landing area of Çamlıova, a made-up city: two generated files as its offices would hand them in."""

from __future__ import annotations

import csv
import random
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PLOTS = 60
HEADER = [
    "Parsel No", "İlçe", "Kullanım Türü", "Alan (acre)", "Yeşil Alan\n(ft²)", "Tahsis Tarihi", "Süre Sonu", "Emsal",
    "Durum", "Blok", "Taban (ft²)", "Kapalı Alan (ft²)", "Kat", "Sicil No", "Unvan", "NACE", "Kuruluş",
    'Büyük "ölçek" mi?', "Doğu (ft)", "Kuzey (ft)", "Kullanım Şekli", "Kullanılan (ft²)", "Üretim (bin ₺)",
    "Ciro (bin ₺)", "Çalışan", "Ar-Ge Çalışanı",
]  # fmt: skip
PLOT, FIRM = HEADER[:13], HEADER[13:]
DISTRICTS = (("Kuzey", 11), ("Liman", 14), ("Ova", 27))
USES = ("S1 - Genel sanayi", "S2 - Ağır sanayi", "D1 - Depo", "T1 - Ticaret")
TRADES = (("C10.71", "Fırın"), ("C25.62", "Makine"), ("C27.11", "Motor"))
Row = dict[str, str]


def grouped(value: float, places: int = 0) -> str:
    """Return a number as it is written in Çamlıova: 1.234,5."""
    return f"{value:,.{places}f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def plot(i: int, dice: random.Random) -> Row:
    """Return the columns of a plot and its building."""
    district, number = DISTRICTS[i % 3]
    acres = dice.randrange(100, 900) / 100
    footprint = round(acres * 43_560 * dice.uniform(0.2, 0.5))
    storeys = dice.randint(1, 4)
    values = [
        f"QD-{number:03d}/{1000 + i}-{'ABCDEF'[i % 6]}", district, USES[i % 4] if i < 40 else USES[0],
        grouped(acres, 2), grouped(acres * 2_000, 1), f"{1 + i % 28:02d}.{1 + i % 12:02d}.{1995 + i % 25}",
        f"{1 + i % 28:02d}.{1 + i % 12:02d}.{2044 + i % 25}", "2,50", "Boş" if 50 <= i < 55 else "Faal", "A",
        grouped(footprint), grouped(footprint * storeys), str(storeys),
    ]  # fmt: skip
    built = dict(zip(PLOT, values, strict=True))
    return built | dict.fromkeys(PLOT[9:], "") if i >= 58 else built


def register(i: int) -> tuple[int, int]:
    """Return number and check figure of a firm in the trade register; small numbers begin with zeros."""
    number = 314 + 1_237 * i
    return number, number % 9


def firm(i: int, dice: random.Random) -> Row:
    """Return the columns of a firm and of its use of a plot."""
    number, check = register(i)
    code, word = TRADES[i % 3]
    turnover, staff = dice.randrange(5_000, 900_000), dice.randrange(5, 400)
    values = [
        f"TS-{number:05d}-{check}", f"{word} Şirketi {i}", code, f"{1 + i % 28:02d}.05.{1980 + i % 40}",
        "Evet" if turnover > 400_000 else "Hayır", f"{(500_000 + 400 * (i % 30 - 15)) / 0.3048:.1f}".replace(".", ","),
        f"{(4_484_000 + 300 * (i // 6)) / 0.3048:.1f}".replace(".", ","), "Malik" if i % 2 else "Kiracı",
        grouped(dice.randrange(2_000, 20_000)), grouped(turnover * 0.9, 1), grouped(turnover), str(staff),
        str(staff // 12),
    ]  # fmt: skip
    return dict(zip(FIRM, values, strict=True))


def inventory() -> list[Row]:
    """Return the rows of the wide table: plots in order, empty ones with no firm, shared ones with a row for each."""
    dice = random.Random(2291)
    plots = [plot(i, dice) for i in range(PLOTS)]
    firms = [firm(i, dice) for i in range(PLOTS + 4)]
    nobody = dict.fromkeys(FIRM, "")
    rows = [p | (nobody if 50 <= i < 55 else firms[i]) for i, p in enumerate(plots)]
    rows += [plots[i] | firms[PLOTS + i] for i in range(4)]  # plots 0 to 3 have a second firm
    rows.append(plots[13] | {name: firms[10][name] for name in FIRM})  # firm 10 is on a second plot
    return rows


# row of the table from 1, column, what stands there by mistake
DEFECTS: tuple[tuple[int, str, str], ...] = (
    (21, "Parsel No", "QD-14/102X"),
    (22, "Alan (acre)", "-2,50"),
    (23, "Alan (acre)", "3.5"),
    (24, "Tahsis Tarihi", "31.02.2015"),
    (25, "İlçe", "Batı"),
    (31, "NACE", "C99.99"),
    (32, "Üretim (bin ₺)", ""),
    (33, "Kapalı Alan (ft²)", "-1.200"),
    (34, "Ar-Ge Çalışanı", "900"),
    (63, "Kat", "9"),  # the second row of plot 2: two rows of one building that contradict each other
)


def with_defects(rows: list[Row]) -> list[Row]:
    """Return the rows with the mistakes of DEFECTS."""
    spoilt = [dict(row) for row in rows]
    for number, column, value in DEFECTS:
        spoilt[number - 1][column] = value
    return spoilt


def tax_lines() -> list[list[Any]]:
    """Return the lines of the tax file: titles, header, a line for each firm, a stranger, a refund, the total."""
    lines: list[list[Any]] = [["Çamlıova Vergi Dairesi"], ["2024 yılı, bin TL"]]
    lines.append(["Sicil", "Kontrol", "Ödenen Vergi (bin TL)", "Açıklama"])
    firms = [i for i in range(PLOTS + 4) if not 50 <= i < 55]
    lines += [[*register(i), grouped(1_000 + 37.5 * i, 1), ""] for i in firms]
    lines[3 + 5][2] = "-120,0"  # a refund without a reason
    lines.append([99_999, 1, grouped(500.0, 1), ""])  # not in the inventory
    lines.append(["TOPLAM", "", grouped(123_456.0, 1), ""])
    return lines


def write_landing(folder: Path, defects: bool = True) -> None:
    """Write both files to `folder/raw`, and the city profile and mapping beside them."""
    (folder / "raw").mkdir(parents=True, exist_ok=True)
    rows = with_defects(inventory()) if defects else inventory()
    with (folder / "raw" / "envanter_2024.csv").open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.DictWriter(handle, HEADER, delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    with (folder / "raw" / "vergi.csv").open("w", encoding="cp1254", newline="") as handle:
        csv.writer(handle, delimiter=";").writerows(tax_lines())
    for name in ("city.yml", "mapping.yml", "districts.csv", "industries.csv", "land_use.csv"):
        shutil.copyfile(HERE / name, folder / name)


if __name__ == "__main__":
    write_landing(Path(sys.argv[1]))
