import type { IncomingMessage } from "node:http";
import { isClientName, MAX_CLIENT_BYTES } from "../core/client-name.ts";
import { ForeverframeError } from "../errors.ts";
import { cameByProxy } from "./forwarded.ts";

/**
 * The user whom a trusted proxy has signed in; null if it names nobody, or the request comes from
 * elsewhere.
 *
 * @param name of the header, in lower case; empty for none
 * @throws ForeverframeError FF_REQUEST_INVALID: it is there twice, so that one may be the client's
 */
export function userOf(request: IncomingMessage, name: string): string | null {
  if (name === "" || !cameByProxy(request)) return null;
  const { rawHeaders } = request;
  const found = rawHeaders.filter((_, i) => i % 2 === 1 && isName(rawHeaders[i - 1], name));
  const [user = ""] = found;
  if (found.length > 1 || (user !== "" && !isClientName(user))) {
    throw new ForeverframeError(
      "FF_REQUEST_INVALID",
      `The proxy must send the header "${name}" once, with 1 to ${MAX_CLIENT_BYTES} bytes without control characters: let it replace what its clients send`,
    );
  }
  return user === "" ? null : user;
}

function isName(found: string | undefined, name: string): boolean {
  return found?.length === name.length && found.toLowerCase() === name;
}
