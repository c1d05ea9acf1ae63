import type { IncomingMessage } from "node:http";
import { ForeverframeError } from "../errors.ts";
import type { Decision } from "../http/authorization.ts";
import type { Authorize, AuthorizeQuestion } from "../http/authorize.ts";
import { bearerToken, credentialsOf, missingToken } from "../http/credentials.ts";

/** Decides about a request. */
type Decide = (request: IncomingMessage, question: AuthorizeQuestion) => Promise<Decision>;

/** Those who can decide; null for those who are not configured. */
export interface Deciders {
  readonly byTokens: Decide | null;
  /** The application, at its URL. */
  readonly byApplication: Decide | null;
  /** Names the user of a request, as a trusted proxy does; null for nobody. */
  readonly userOf: ((request: IncomingMessage) => string | null) | null;
}

/**
 * Join those who can decide: a token counts wherever there is one; for other requests the
 * application is asked; without one, a user whom the proxy has signed in may read everything.
 *
 * @returns null if nobody decides
 */
export function whoDecides({ byTokens, byApplication, userOf }: Deciders): Authorize | null {
  if (byTokens === null && byApplication === null && userOf === null) return null;
  return (request, question) => {
    if (byTokens !== null && credentialsOf(request).length > 0) return byTokens(request, question);
    if (byApplication !== null) {
      if (question.action === "admin") checkHeader(request);
      return byApplication(request, question);
    }
    const user = userOf?.(request) ?? null;
    if (user === null) throw missingToken();
    return { allow: isForUsers(question), subject: user };
  };
}

/** Whatever a browser sends by itself comes with what a page of any site asks for. */
function checkHeader({ headers }: IncomingMessage): void {
  if (bearerToken(headers) !== null) return;
  throw new ForeverframeError(
    "FF_FORBIDDEN",
    'Only the header "Authorization: Bearer" lets somebody administer: send the admin token in it',
  );
}

/** Whether somebody who has only signed in may do something. */
function isForUsers({ action }: AuthorizeQuestion): boolean {
  return action === "subscribe" || action === "close";
}
