"""Write pokemon.csv: types, base stats, height and weight of every species in its base form.

Run `python data/make_pokemon.py`; it needs npm and node.
"""

import json
import shutil
import subprocess

from npm_package import unpacked, write_csv

PACKAGE, VERSION = "pokemon-showdown", "0.11.11"
SCRIPT = "process.stdout.write(JSON.stringify(require('./dist/data/pokedex.js').Pokedex))"
STATS = {
    "hp": "hp",
    "attack": "atk",
    "defense": "def",
    "sp_attack": "spa",
    "sp_defense": "spd",
    "speed": "spe",
}
HEADER = ["number", "name", "type1", "type2", "total", *STATS, "height", "weight"]


def row(species: dict) -> list:
    """One line of the table."""
    types = [*species["types"], ""]
    stats = [species["baseStats"][key] for key in STATS.values()]
    body = [species["heightm"], species["weightkg"]]
    return [species["num"], species["name"], types[0], types[1], sum(stats), *stats, *body]


def main() -> None:
    """Read the pokedex, keep base forms with a positive number, write them by number."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("node was not found: install Node.js, then run this script again.")
    with unpacked(PACKAGE, VERSION) as package:
        output = subprocess.run([node, "-e", SCRIPT], cwd=package, check=True, capture_output=True)
    species = json.loads(output.stdout.decode("utf-8")).values()
    base = [s for s in species if s.get("num", 0) > 0 and not {"forme", "baseSpecies"} & set(s)]
    write_csv("pokemon.csv", HEADER, [row(s) for s in sorted(base, key=lambda s: s["num"])])


if __name__ == "__main__":
    main()
