import { readFileSync } from "node:fs";

/** One block of code of a document. */
interface CodeBlock {
  /** The heading above it, without its marks. */
  readonly heading: string;
  /** Such as "js". */
  readonly language: string;
  readonly text: string;
}

/** The blocks of code of a document, each of which a test is to run as it stands there. */
export class CodeBlocks {
  readonly #path: string;
  readonly #all: readonly CodeBlock[];
  readonly #taken = new Set<CodeBlock>();

  /** @param path of the document, from the project's directory */
  constructor(path: string) {
    this.#path = path;
    const text = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
    let heading = "";
    this.#all = Array.from(text.matchAll(/^#+ ([^\n]*)$|^```(\w+)\n(.*?)^```$/gms), (match) => {
      const [, title, language = "", code = ""] = match;
      heading = title ?? heading;
      return { heading, language, text: code };
    }).filter(({ language }) => language !== "");
  }

  /** The next block below a heading that was not taken yet. */
  take(heading: string, language: string): string {
    const block = this.#all.find(
      (one) => one.heading === heading && one.language === language && !this.#taken.has(one),
    );
    if (block === undefined)
      throw new Error(`${this.#path} has no (other) block of ${language} under "${heading}"`);
    this.#taken.add(block);
    return block.text;
  }

  /** Those that nobody has taken, each as its heading and its language. */
  get left(): readonly string[] {
    return this.#all
      .filter((block) => !this.#taken.has(block))
      .map(({ heading, language }) => `${heading}: ${language}`);
  }
}
