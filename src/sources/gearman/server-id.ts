import { randomUUID } from "node:crypto";
import { type GearmanConnection, notGearman } from "./connection.ts";

/** A line of the answer to "status": a function, its jobs, those under way, its workers. */
const STATUS_LINE = /^[^\t\n]*\t\d+\t\d+\t\d+\r?$/;

/**
 * Find the id that tells one run of a job server from the next: it counts its handles anew in each,
 * and in a container it has the same process id in each, too. So it is marked, by a function that
 * nobody works for and that it knows for as long as it runs.
 *
 * @param job the function that is worked for: each has a mark of its own, so that two that come at
 *   once don't differ
 * @returns a new one, if the job server can't be marked
 */
export async function identifyServer(connection: GearmanConnection, job: string): Promise<string> {
  const mark = `foreverframe.${encodeURIComponent(job)}.`;
  const found = async () => {
    const status = await connection.command("status", isCompleteStatus);
    const lines = status.split("\n").filter((line) => line.startsWith(mark));
    const ids = lines.map((line) => line.slice(mark.length).split("\t", 1)[0] ?? "");
    return ids.filter((id) => id !== "").sort()[0];
  };
  const earlier = await found();
  if (earlier !== undefined) return earlier;
  const drawn = randomUUID();
  await connection.command(`create function ${mark}${drawn}`, (answer) => answer.includes("\n"));
  return (await found()) ?? drawn;
}

function isCompleteStatus(answer: string): boolean {
  const lines = answer.split("\n").slice(0, -1);
  const last = lines.at(-1) ?? "";
  if (/^\.\r?$/.test(last) || last.startsWith("ERR ")) return true;
  if (answer.length > 10_000 || lines.every((line) => STATUS_LINE.test(line))) return false;
  throw notGearman(answer);
}
