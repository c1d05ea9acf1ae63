/** A client that other people have made, and how it is used: a row of docs/clients.md. */
export interface Client {
  /** As the row names it. */
  readonly name: string;
  /** Where its version is found in node_modules/; null for what comes with Debian. */
  readonly packageName: string | null;
  /** What runs its code. */
  readonly runtime: Runtime;
  /** It prints the JSON of each message. Its server is 127.0.0.1:8080, or that of its page. */
  readonly code: string;
}

/** As the table names them. */
export type Runtime = "Chromium" | "Node" | "Python" | "PHP";

/** The channel that each client asks for. */
export const CHANNEL = "doors";

/**
 * The code of a client as a test runs it.
 *
 * @param url of the server; "" for that of the page
 * @param id goes into its requests as `client`
 */
export function codeFor({ code }: Client, url: string, id: string): string {
  return code
    .replaceAll("127.0.0.1:8080", url.replace(/^http:\/\//, ""))
    .replaceAll(`channels=${CHANNEL}`, `channels=${CHANNEL}&client=${id}`);
}
