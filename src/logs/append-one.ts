import type { Cursor } from "../core/cursor.ts";
import type { AppendRequest, MessageLog } from "../core/log.ts";
import { ForeverframeError } from "../errors.ts";

/** `MessageLog.append`, for what appends many at once. */
export async function appendOne(
  log: Pick<MessageLog, "appendEach">,
  request: AppendRequest,
): Promise<readonly Cursor[]> {
  const [outcome = []] = await log.appendEach([request]);
  if (outcome instanceof ForeverframeError) throw outcome;
  return outcome;
}
