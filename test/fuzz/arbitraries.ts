import fc from "fast-check";

/**
 * What parsers stumble over: their own separators, escapes, openings without ends, and what
 * repeats.
 */
const ATOMS = [
  ...'a=&+%.,;:/*"\\[]{}()<>- \t\u0000\u00e9',
  ...'%00 %2e%2e/ a[] a[b] a=1 msg=1 ** *. a.* .* {} [] [[ {"a": "\\u "__proto__" 1e999 -0'.split(
    " ",
  ),
  ...'text/html q=0.1 */* gzip bytes=0-1 W/"a" a=b; chunked \\n \r\n ../ //'.split(" "),
];

/**
 * Characters that text loses or gains on its way: byte order mark, line ends of old JavaScript,
 * spaces that `trim` takes, two code units, halves of them, and letters whose lower case is ASCII
 * or longer.
 */
const ODD_CHARACTERS = [..."\ufeff\u2028\u2029\u00a0\u0085\u{1f6aa}\u0301\u212a\u0130\u007f\u001b"];
const HALF_CHARACTERS = ["\ud83d", "\udeaa"];

const PIECES = [...ATOMS, ...ODD_CHARACTERS, ...HALF_CHARACTERS];

/**
 * Text of up to `maxLength` characters, mostly one part that is repeated.
 *
 * @param own what the parser that it is for takes for its separators, and for a beginning
 */
export function hostileText(maxLength: number, own: readonly string[] = []): fc.Arbitrary<string> {
  return repeated(maxLength, own, PIECES);
}

/** The same, as it may stand in the first line or in a header of a request. */
export function hostileLine(maxLength: number, own: readonly string[] = []): fc.Arbitrary<string> {
  return repeated(maxLength, own, ATOMS).map((value) =>
    value.replace(/[\r\n\0\s]/g, "+").replace(/[^\x21-\x7e]/g, "%C3%A9"),
  );
}

function repeated(
  maxLength: number,
  own: readonly string[],
  others: readonly string[],
): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...others) },
    ...(own.length === 0 ? [] : [{ weight: 3, arbitrary: fc.constantFrom(...own) }]),
  );
  return fc
    .record({
      head: fc.oneof(fc.constant(""), piece),
      parts: fc.array(piece, { minLength: 1, maxLength: 3 }),
      tail: fc.oneof(fc.constant(""), piece),
      length: fc.constantFrom(1, 100, Math.floor(maxLength / 2), maxLength),
    })
    .map(({ head, parts, tail, length }) => {
      const part = parts.join("");
      const count = Math.ceil((length - head.length - tail.length) / part.length);
      return `${head}${part.repeat(Math.max(count, 1))}${tail}`;
    });
}

/** Some characters, many of which mean something to a parser. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary", maxLength: 20 }),
);

/**
 * Text with one fault or none: something is put in, taken out, or in the place of something.
 *
 * @param among how many there is one with a fault
 */
export function nearly(valid: fc.Arbitrary<string>, among = 2): fc.Arbitrary<string> {
  const fault = fc.record({
    at: fc.nat(),
    put: fc.constantFrom("", ...PIECES),
    taken: fc.nat(2),
  });
  const faults = fc.oneof(
    { weight: among - 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fault },
  );
  return fc.tuple(valid, faults).map(([text, given]) => {
    if (given === null) return text;
    const at = given.at % (text.length + 1);
    return text.slice(0, at) + given.put + text.slice(at + given.taken);
  });
}

/** Bytes, some of which are UTF-8. */
export const oddBytes: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  oddText.map((text) => Buffer.from(text)),
);

const segment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "*", "*x", "\u00e9", "\u{1f6aa}", "a b") },
  { weight: 1, arbitrary: fc.constantFrom("**", "", "x".repeat(124)) },
  { weight: 1, arbitrary: oddText },
);

/** Names of channels and patterns, most of which are valid. */
export const selectorText: fc.Arbitrary<string> = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([segments, isOpen]) => [...segments, ...(isOpen ? ["**"] : [])].join("."));

/** JSON text with what printing a value never makes: members twice, escapes, odd numbers, space. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => {
  const space = fc.constantFrom("", "", "", " ", "\t\r\n");
  const text = fc.constantFrom(
    ...['""', '"a"', '"__proto__"', '"\\u005f_proto__"', '"__pro\\u0074o__"', '"\\\\"', '"\\""'],
    ...['"<\\/script>"', '"&"', '"\u2028\u{1f6aa}"', '"\\ud83d"', '"\\u0000"', '"[{,:"'],
  );
  const scalar = fc.constantFrom(
    ..."0 -0 1e999 -1e999 1E-400 12345678901234567890 true false null".split(" "),
  );
  const list = (items: fc.Arbitrary<string>) =>
    fc.array(items, { maxLength: 4 }).map((parts) => parts.join(","));
  const member = fc
    .tuple(space, text, space, tie("value"))
    .map(([before, name, after, value]) => `${before}${name}${after}:${value}`);
  return {
    value: fc
      .tuple(
        space,
        fc.oneof(
          { maxDepth: 4, withCrossShrink: true },
          scalar,
          text,
          list(tie("value")).map((items) => `[${items}]`),
          list(member).map((members) => `{${members}}`),
        ),
        space,
      )
      .map((parts) => parts.join("")),
  };
}).value;

/** JSON values, as tokens and programs may hold them; some hide the methods that objects have. */
export const jsonValue: fc.Arbitrary<unknown> = fc.oneof(
  jsonText.map((text): unknown => JSON.parse(text)),
  fc.jsonValue({ stringUnit: "binary", maxDepth: 3 }),
  fc.constantFrom({ toString: 1, valueOf: 1 }, { toJSON: 1 }, { length: 3 }, [[[[]]]]),
);
