import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { JsonSplitter } from "../../../src/tag/kubernetes/json-splitter.ts";

interface Split {
  readonly items: string[];
  readonly envelope: string;
  readonly oversized: number;
}

/** Splits text that comes in chunks of the given sizes, over and over. */
function split(
  text: string,
  arrayName: string | null,
  sizes: readonly number[] = [65_536],
  max = 10_000,
): Split {
  const items: string[] = [];
  let oversized = 0;
  const splitter = new JsonSplitter({
    arrayName,
    maxItemBytes: max,
    onItem: (item) => items.push(item),
    onOversized: () => oversized++,
  });
  const bytes = Buffer.from(text);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const end = at + Math.max(1, sizes[turn % sizes.length] ?? 1);
    splitter.write(bytes.subarray(at, end));
    at = end;
  }
  return { items, envelope: splitter.end(), oversized };
}

const fault = (kind: string) => (error: unknown) => (error as { kind?: string }).kind === kind;
const object = fc.dictionary(fc.string(), fc.jsonValue());
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

describe("JsonSplitter", () => {
  it("takes the items out of a list and leaves what is around them", () => {
    const list =
      '{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"abc"},"items":[{"a":1},{"b":[{}]}]}\n';
    assert.deepEqual(split(list, "items"), {
      items: ['{"a":1}', '{"b":[{}]}'],
      envelope: '{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"abc"},"items":[]}',
      oversized: 0,
    });
  });

  it("gives the same, wherever the bytes were cut", () => {
    fc.assert(
      fc.property(fc.array(object), object, sizes, fc.boolean(), (items, metadata, cuts, isPretty) => {
        const text = JSON.stringify({ kind: "PodList", metadata, items }, null, isPretty ? 2 : 0);
        const got = split(text, "items", cuts, 1_000_000);
        assert.deepEqual(
          got.items.map((item) => JSON.parse(item)),
          JSON.parse(JSON.stringify(items)),
        );
        assert.deepEqual(JSON.parse(got.envelope).items, []);
      }),
    );
  });

  it("gives the events of a watch, wherever the bytes were cut", () => {
    fc.assert(
      fc.property(fc.array(object), sizes, fc.constantFrom("\n", "", " \r\n\t"), (events, cuts, between) => {
        const text = events.map((event) => JSON.stringify(event)).join(between);
        const got = split(text, null, cuts, 1_000_000);
        assert.deepEqual(
          got.items.map((item) => JSON.parse(item)),
          JSON.parse(JSON.stringify(events)),
        );
      }),
    );
  });

  const LISTS: readonly [what: string, text: string, items: string[]][] = [
    ["an empty list", '{"items":[]}', []],
    ["items that are null", '{"items":null}', []],
    ["no items", '{"kind":"PodList"}', []],
    ["another array", '{"other":[{"a":1}],"items":[{"b":2}]}', ['{"b":2}']],
    ["an array of that name further down", '{"x":{"items":[{"a":1}]},"items":[{"b":2}]}', ['{"b":2}']],
    [
      "a name that only ends like it",
      '{"x\\"items":[{"a":1}],"myitems":[{"a":1}],"items":[{"b":2}]}',
      ['{"b":2}'],
    ],
    ["a value that looks like it", '{"x":"\\"items\\":[{}]","items":[{"b":2}]}', ['{"b":2}']],
    ["brackets in strings", '{"items":[{"a":"}]{[\\"\\\\"}]}', ['{"a":"}]{[\\"\\\\"}']],
    ["characters of several bytes", '{"items":[{"a":"日本 🦆"}]}', ['{"a":"日本 🦆"}']],
  ];
  for (const [what, text, items] of LISTS) {
    it(`reads ${what}`, () => {
      assert.deepEqual(split(text, "items", [1]).items, items);
      assert.deepEqual(split(text, "items").items, items);
    });
  }

  const NONSENSE: readonly [what: string, text: string, arrayName: string | null][] = [
    ["a page of HTML", "<html><body>Login</body></html>", "items"],
    ["a page of HTML in a watch", "<html>", null],
    ["a list instead of an object", "[{}]", "items"],
    ["a text", '"x"', null],
    ["a list in a watch", "[{}]", null],
    ["items that are numbers", '{"items":[1,2]}', "items"],
    ["items that are texts", '{"items":["{"]}', "items"],
    ["items that are lists", '{"items":[[{}]]}', "items"],
    ["more behind the end", '{"items":[]}{"items":[]}', "items"],
    ["too much around the items", `{"a":"${"x".repeat(70_000)}","items":[]}`, "items"],
    ["white space for ever", `{"items":[${" ".repeat(70_000)}]}`, "items"],
    ["white space for ever in a watch", "\n".repeat(70_000), null],
    ["closing brackets", "}}}}", null],
  ];
  for (const [what, text, arrayName] of NONSENSE) {
    it(`refuses ${what}`, () => {
      assert.throws(() => split(text, arrayName), fault("nonsense"));
      assert.throws(() => split(text, arrayName, [1]), fault("nonsense"));
    });
  }

  it("says when it was cut off", () => {
    for (const text of ["", "{", '{"items":[{"a":1}', '{"items":[{"a":1}]', '{"items":[{"a":"']) {
      assert.throws(() => split(text, "items"), fault("unreachable"));
    }
    assert.throws(() => split('{"a":1}{"b"', null), fault("unreachable"));
  });

  it("passes over an item that is too long, and gives the next", () => {
    const got = split(`{"items":[{"a":"${"x".repeat(200)}"},{"b":1}]}`, "items", [7], 100);
    assert.deepEqual([got.items, got.oversized], [['{"b":1}'], 1]);
  });

  it("gives up on an item that does not end, having kept none of it", () => {
    const splitter = new JsonSplitter({
      arrayName: null,
      maxItemBytes: 1_000_000,
      onItem: assert.fail,
      onOversized: assert.fail,
    });
    splitter.write(Buffer.from('{"a":"'));
    const chunk = Buffer.alloc(65_536, "x");
    let written = 0;
    assert.throws(() => {
      for (; written < 100_000_000; written += chunk.length) splitter.write(chunk);
    }, fault("nonsense"));
    assert.ok(written < 5_000_000);
  });

  it("is not troubled by depth", () => {
    const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    assert.equal(split(deep, null, [65_536], 1_000_000).items[0], deep);
  });
});
