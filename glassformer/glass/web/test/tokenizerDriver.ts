// Reads {tokenizer, pieces, texts, ids} as JSON from standard input and writes what the page's tokenizer makes of them;
// tests/glass/test_page_tokenizer.py compares that with SentencePiece.

import { readFileSync } from "node:fs";
import { Tokenizer, type TextToken } from "../src/text/tokenizer";

const { tokenizer, pieces, texts, ids } = JSON.parse(readFileSync(0, "utf8"));
const row = ({ id, start, end, control }: TextToken) => [id, start, end, control];
const one = await Tokenizer.open(tokenizer, pieces);
const encoded = texts.map((text: string) => one.tokens(text).map(row));
const decoded = ids.map((some: number[]) => [one.decode(some), one.tokensOf(some).map(row)]);
process.stdout.write(JSON.stringify({ encoded, decoded }));
