// Reads pairs of lists as JSON from standard input and writes the opcodes of each; tests/glass/test_page_live.py compares
// them with Python's difflib.

import { readFileSync } from "node:fs";
import { opcodes } from "../src/causes/difflib";

const pairs: [string[], string[]][] = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(pairs.map(([one, other]) => opcodes(one, other))));
