import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Node, parse } from "acorn";
import { findCommand } from "../needs.mjs";
import { runCommand } from "../run-command.ts";
import { createTemporaryDirectory } from "../temporary-directory.ts";

const STUBS = ["time", "dom", "network", "page"].map((name) =>
  readFileSync(new URL(`${name}.js`, import.meta.url), "utf8"),
);

/**
 * A script that fails to parse, or throws, ends in silence and with code 0; one that ran says this.
 */
const SENTINEL = "ran to its end";

/** JScript 5.8, the language of IE 8, as Wine has it: with a stub for its document. */
export class JScript {
  readonly #prefix: string;
  #scripts = 0;

  private constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Takes a quarter of a minute. */
  static async start(): Promise<JScript> {
    const engine = new JScript(createTemporaryDirectory());
    await engine.#cscript("");
    return engine;
  }

  /**
   * Run a scenario, which is the body of a function in JScript, with what is in the files beside
   * this one.
   *
   * @param client the text of the client, for `createPage`
   * @returns what it told by `tell`
   * @throws what it throws, or when it has not come to its end
   */
  async run(server: string, client: string, scenario: string): Promise<readonly unknown[]> {
    const script = `
var SERVER = ${toAscii(server)};
var CLIENT = ${toAscii(withoutSetters(client))};
${STUBS.join("\n")}
try {
  new Function(${toAscii(scenario)})();
} catch (error) {
  WScript.Echo("threw " + error.message);
}`;
    const lines = await this.#cscript(script);
    const faults = lines.filter((line) => !line.startsWith("told "));
    if (faults.length > 0) throw new Error(`JScript says: ${faults.join("\n")}`);
    return lines.map((line) => JSON.parse(line.slice("told ".length)));
  }

  /** @returns what it printed */
  async #cscript(script: string): Promise<readonly string[]> {
    const name = `script-${this.#scripts++}.js`;
    writeFileSync(join(this.#prefix, name), `${script}\nWScript.Echo("${SENTINEL}");\n`);
    const wine = findCommand(["wine"]) ?? "wine";
    const { stdout } = await runCommand(wine, ["cscript", name], this.#prefix, {
      WINEPREFIX: join(this.#prefix, "wine"),
      WINEDEBUG: "-all",
      // Neither .NET nor a browser is there, and it would ask for them.
      WINEDLLOVERRIDES: "mscoree,mshtml=",
    });
    const lines = stdout.split(/\r?\n/).filter((line) => line !== "");
    if (lines.pop() !== SENTINEL) throw new Error(`JScript gave up: ${stdout}`);
    return lines;
  }
}

/** A literal of a string, in ASCII: cscript reads files in the code page of the system. */
function toAscii(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A node of the syntax tree, whatever its type is. */
type AnyNode = Node & Readonly<Record<string, unknown>>;

/** Make `node.innerHTML = html` a call, because an object of JScript can't know of it otherwise. */
function withoutSetters(script: string): string {
  const found: AnyNode[] = [];
  const visit = (node: AnyNode) => {
    for (const child of Object.values(node).flat())
      if (typeof child === "object" && child !== null && "type" in child) visit(child as AnyNode);
    const left = node["left"] as AnyNode | undefined;
    const property = left?.["property"] as AnyNode | undefined;
    if (node.type === "AssignmentExpression" && property?.["name"] === "innerHTML")
      found.push(node);
  };
  visit(parse(script, { ecmaVersion: 3 }) as unknown as AnyNode);
  const textOf = ({ start, end }: Node) => script.slice(start, end);
  return found
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, { start, end, left, right }) => {
      const object = (left as AnyNode)["object"] as Node;
      const call = `setHtml(${textOf(object)},${textOf(right as Node)})`;
      return text.slice(0, start) + call + text.slice(end);
    }, script);
}
