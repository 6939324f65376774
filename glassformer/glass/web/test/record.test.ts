import { expect, test } from "vitest";
import { decode, parseDocument, type Trace } from "../src/record";
import { attention, base64, documentOf, tensor, trace } from "./sample";

const parse = (record: unknown) => parseDocument(JSON.stringify(documentOf(record as Trace)));

test("a sound document is read", () => {
  expect(parse(attention()).traces[0].record.tensors).toHaveLength(9);
});

test("numbers come out of base64 bit for bit, -inf too", () => {
  const values = Float32Array.of(1.5, -0.1, -Infinity, 3.4e38);
  expect(decode(base64(values), "float32")).toEqual(values);
  expect(decode(base64(Int32Array.of(-7, 2 ** 30)), "int32")).toEqual(Int32Array.of(-7, 2 ** 30));
  expect(decode(base64(Uint8Array.of(0, 3)), "uint8")).toEqual(Uint8Array.of(0, 3));
});

test.each([
  ["cut off", '{"schema": "glassformer-page/1", "tra', /cut off/],
  ["not JSON", "__DOCUMENT__", /not JSON/],
  ["null", "null", /no version/],
  ["another version", '{"schema": "glassformer-page/2"}', /"glassformer-page\/2"/],
  ["no trace", '{"schema": "glassformer-page/1", "traces": []}', /no trace/],
])("a document that is %s is refused in one line", (_, text, message) => {
  expect(() => parseDocument(text)).toThrow(message);
});

const broken: [string, (record: Trace) => void, RegExp][] = [
  ["of another version", (record) => (record.schema = "glassformer-trace/9"), /"glassformer-trace\/9"/],
  ["with cut-off data", (record) => (record.tensors[1].data = "AAAA"), /"x": its data are cut off/],
  ["with damaged data", (record) => (record.tensors[1].data = `*${record.tensors[1].data!.slice(1)}`), /"x": its data/],
  ["with an unknown op", (record) => (record.tensors[1].op = "magic" as never), /"x": "magic" is not an op/],
  ["with a lost operand", (record) => record.tensors.splice(1, 1), /operand "x" is not there/],
  ["with a name twice", (record) => record.tensors.push(record.tensors[0]), /"mask": its name occurs twice/],
  ["without tensors", (record) => delete (record as Partial<Trace>).tensors, /tensors is missing/],
];
test.each(broken)("a record %s is refused, and says where", (_, damage, message) => {
  const record = attention();
  damage(record);
  expect(() => parse(record)).toThrow(message);
});

test("of columns, the data hold only those that are listed", () => {
  const logits = tensor("logits", "input", [2, 9], base64(Float32Array.of(1, 2, 3, 4)), { columns: [3, 7] });
  expect(() => parse(trace([logits]))).not.toThrow();
  logits.columns = [3];
  expect(() => parse(trace([logits]))).toThrow(/cut off/);
});
