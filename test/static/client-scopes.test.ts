import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { type Node, parse } from "acorn";
import { expect } from "chai";
import { SOURCES } from "../../client/build.mjs";

const FUNCTION = /^Function/;

/** A node of the syntax tree, whatever its type is. */
type AnyNode = Node & Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value;
}

function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flat().filter(isNode);
}

function nameOf(node: unknown): string[] {
  return isNode(node) && node.type === "Identifier" ? [String(node["name"])] : [];
}

/** The names that a function or a file declares, without those that functions in it declare. */
function declaredIn(node: AnyNode): string[] {
  return childrenOf(node).flatMap((child) => {
    if (FUNCTION.test(child.type)) return nameOf(child["id"]);
    const own = child.type === "VariableDeclarator" ? nameOf(child["id"]) : [];
    return [...own, ...declaredIn(child)];
  });
}

/** The names that are assigned without being declared around the assignment. */
function assignedAbroad(node: AnyNode, outer: readonly string[]): string[] {
  const opensScope = node.type === "Program" || FUNCTION.test(node.type);
  const params = Array.isArray(node["params"]) ? node["params"].flatMap(nameOf) : [];
  const known = opensScope ? [...outer, ...params, ...declaredIn(node)] : outer;
  const target = node.type === "AssignmentExpression" ? node["left"] : node["argument"];
  const isAssignment = /^(Assignment|Update)Expression$/.test(node.type);
  const abroad = isAssignment ? nameOf(target).filter((name) => !known.includes(name)) : [];
  return [...abroad, ...childrenOf(node).flatMap((child) => assignedAbroad(child, known))];
}

// The files are joined, so nothing but this keeps their variables apart.
describe("the files of the client", () => {
  const files = SOURCES.map((path) => ({
    name: relative(process.cwd(), path),
    program: parse(readFileSync(path, "utf8"), { ecmaVersion: 3 }) as unknown as AnyNode,
  }));

  for (const { name, program } of files) {
    it(`${name} assigns no variable of another file`, () => {
      expect(assignedAbroad(program, [])).to.deep.equal([]);
    });
  }

  it("declare no name twice, which would hide one of the two", () => {
    const names = files.flatMap(({ program }) => declaredIn(program));
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    expect(twice).to.deep.equal([]);
  });
});
