import { type EscapedJson, formatJson, parseJsonText } from "../../core/json.ts";
import { ForeverframeError } from "../../errors.ts";

/**
 * Turn a job's workload into a message's data, without a byte order mark. JSON becomes its value.
 * Other text, or JSON that may not be published (a `__proto__` member, too deep), becomes a string.
 * What is not UTF-8 becomes `{"base64":"..."}`.
 */
export function dataOfWorkload(workload: Buffer): EscapedJson {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(workload);
  } catch {
    return formatJson({ base64: workload.toString("base64") });
  }
  try {
    return parseJsonText(text, "The workload");
  } catch (error) {
    if (error instanceof ForeverframeError) return formatJson(text);
    throw error;
  }
}
