import type { Said } from "./node-frame.ts";
import type { RedisNodes } from "./redis-nodes.ts";

/** Who is asked. */
export interface Audience {
  /** The one node that is asked, if it is there; null for all. */
  readonly only: string | null;
  /** A node that is not asked again. */
  readonly except: string | null;
}

/** The nodes whose answers to one question are awaited. */
export class AskedNodes {
  readonly #nodes: RedisNodes;
  readonly #question: Said;
  readonly #waitsFor = new Set<string>();
  /** Those that did not hear the question, and are asked when they are back. */
  readonly #toTell = new Set<string>();
  /** The one node that was asked is not there, and may be alive. */
  #isMissed = false;
  #only: string | null = null;

  constructor(nodes: RedisNodes, question: Said) {
    this.#nodes = nodes;
    this.#question = question;
  }

  /** How many have not answered, and are waited for. */
  get size(): number {
    return this.#waitsFor.size;
  }

  /** How many may have what is asked for, and have not answered. */
  get silent(): number {
    return this.#waitsFor.size + (this.#isMissed ? 1 : 0);
  }

  /**
   * @param onAsk called right before all are asked, in the same step of the event loop
   * @throws the client's error: Redis is away
   */
  async ask({ only, except }: Audience, onAsk: () => void): Promise<void> {
    this.#only = only;
    if (only !== null) {
      this.#waitsFor.add(only);
      // The answer to what is said to one node tells at once whether it is there.
      if ((await this.#nodes.say(only, this.#question)) > 0) return;
      this.#toTell.add(only);
      return this.look();
    }
    const { listening, returning } = await this.#nodes.others();
    for (const node of [...listening, ...returning]) if (node !== except) this.#waitsFor.add(node);
    for (const node of returning) this.#toTell.add(node);
    onAsk();
    const isHeard = listening.some((node) => node !== except);
    if (isHeard) await this.#nodes.say(null, this.#question);
  }

  /** @returns whether the answer of this node was awaited */
  hear(node: string): boolean {
    return this.#waitsFor.delete(node);
  }

  /**
   * Ask those that are back, and don't wait for those that have ended.
   *
   * @throws the client's error: Redis is away
   */
  async look(): Promise<void> {
    const { listening, returning } = await this.#nodes.others();
    const [heard, missing] = [new Set(listening), new Set(returning)];
    for (const node of this.#waitsFor) {
      if (missing.has(node)) this.#toTell.add(node);
      else if (!heard.has(node)) this.#giveUp(node);
      else if (this.#toTell.delete(node)) await this.#nodes.say(node, this.#question);
    }
  }

  #giveUp(node: string): void {
    this.#waitsFor.delete(node);
    this.#isMissed = this.#only === node && this.#nodes.wasThere(node);
  }
}
