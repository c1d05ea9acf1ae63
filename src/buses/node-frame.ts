import { isNotice, isQuestion, type Notice, type Question } from "../core/bus.ts";

/** What nodes say to each other, as JSON, besides the name of the node that says it. */
export type Said =
  /** It is there. */
  | { readonly type: "alive" }
  /** It is there, but hears nothing for now. */
  | { readonly type: "deaf" }
  /** It ends. */
  | { readonly type: "leave" }
  | { readonly type: "tell"; readonly notice: Notice; readonly about: readonly unknown[] }
  | {
      readonly type: "ask";
      readonly id: number;
      readonly question: Question;
      readonly about: readonly unknown[];
    }
  | { readonly type: "answer"; readonly id: number; readonly answer: unknown };

/** What one node says. */
export type NodeFrame = Said & {
  /** The name of the node that says it. */
  readonly from: string;
};

/** Names of nodes: they stand in ids of streams, and in the names of channels. */
const NAME = /^[\w-]{1,64}$/;

/**
 * What another node has said. Anybody who may publish on the channels of the nodes can say
 * something there, so that a peer does only what nodes ask of it.
 *
 * @returns null for what no node says
 */
export function parseFrame(text: string): NodeFrame | null {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === "object" && frame !== null && isFrame(frame) ? frame : null;
  } catch {
    return null;
  }
}

function isFrame(frame: Readonly<Record<string, unknown>> | object): frame is NodeFrame {
  const { type, from, id, notice, question, about } = frame as Readonly<Record<string, unknown>>;
  if (typeof from !== "string" || !NAME.test(from)) return false;
  switch (type) {
    case "alive":
    case "deaf":
    case "leave":
      return true;
    case "tell":
      return isNotice(notice) && Array.isArray(about);
    case "ask":
      return typeof id === "number" && isQuestion(question) && Array.isArray(about);
    case "answer":
      return typeof id === "number";
    default:
      return false;
  }
}
