import { ForeverframeError } from "../errors.ts";
import type { Authorize } from "./authorize.ts";

/**
 * An application's own function, as one that decides: of what it returns, only what a permission
 * has counts, and an error that another library marks as the client's fault is the function's.
 */
export function guardAuthorize(authorize: Authorize): Authorize {
  return async (request, question) => {
    const answer = await ask(authorize, request, question);
    if (typeof answer !== "object" || answer === null) return answer;
    const { allow, client, subject, expiresInMs } = answer;
    return { allow, client, subject, expiresInMs };
  };
}

async function ask(authorize: Authorize, ...about: Parameters<Authorize>) {
  try {
    return await authorize(...about);
  } catch (cause) {
    const isMarked = typeof cause === "object" && cause !== null && "expose" in cause;
    if (cause instanceof ForeverframeError || !isMarked) throw cause;
    throw new Error("authorize() failed", { cause });
  }
}
