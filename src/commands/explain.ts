import type { Command } from "commander";
import type { Explanation } from "../core/explain.ts";
import { type AdminAccess, addAdminOptions, adminHeader } from "./client-options.ts";
import { requestJson, routeUrl } from "./server-client.ts";
import { escapeForTerminal, paintFor } from "./terminal.ts";
import { formatLocalTime } from "./units.ts";

interface ExplainOptions extends AdminAccess {
  readonly client: string;
  readonly id: string;
  readonly json?: true;
}

/** Add `foreverframe explain`. */
export function addExplainCommand(program: Command): void {
  addAdminOptions(program.command("explain"))
    .summary("say what became of one message for one client")
    .description(
      "Say what became of one message for one client: whether it was given, is on its way, or why not; and the facts with their local times.",
    )
    .requiredOption("--client <name>", "name of the client that asks for the message")
    .requiredOption("--id <id>", "id of the message, as its publish was answered")
    .option("--json", "print the server's answer")
    .addHelpText(
      "after",
      `
Example:
  foreverframe explain --client kiosk-7 --id 0k1v2x3y4z.0mtjb5q1i0001`,
    )
    .action(explain);
}

async function explain(options: ExplainOptions): Promise<void> {
  const { client, id, json } = options;
  const { stdout } = process;
  const url = routeUrl(options.url, "explain");
  url.searchParams.set("client", client);
  url.searchParams.set("id", id);
  const answer = await requestJson<Explanation>(url, { headers: adminHeader(options) });
  if (json === true) {
    stdout.write(`${escapeForTerminal(JSON.stringify(answer))}\n`);
    return;
  }
  const paint = paintFor(stdout);
  stdout.write(`${paint("bold", escapeForTerminal(answer.sentence))}\n`);
  for (const { at, what } of answer.facts)
    stdout.write(`  ${paint("dim", formatLocalTime(at))}  ${escapeForTerminal(what)}\n`);
}
