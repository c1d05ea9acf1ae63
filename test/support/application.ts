import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A question as an application at `--authorize-url` gets it. */
export interface AskedQuestion {
  readonly action: string;
  readonly channels: readonly string[];
  readonly client: string | null;
  readonly address: string | null;
  readonly user?: string;
  readonly headers: { readonly cookie?: string; readonly authorization?: string };
}

/** How an application answers: with JSON, or in its own way. */
type Respond = (question: AskedQuestion, response: ServerResponse) => unknown;

const applications = new Set<Server>();

/** An application that is asked, and what it was asked so far. */
export interface Application {
  readonly url: string;
  readonly asked: readonly AskedQuestion[];
  /** Answers from now on; what it returns is sent as JSON, undefined sends nothing. */
  respond: Respond;
  stop(): Promise<void>;
}

/** Start an application on a free port; stop all with {@link stopApplications}. */
export async function startApplication(respond: Respond, port = 0): Promise<Application> {
  const asked: AskedQuestion[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const question = JSON.parse(body) as AskedQuestion;
    asked.push(question);
    const answer = application.respond(question, response);
    if (answer === undefined) return;
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(await answer));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  applications.add(server);
  const application: Application = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/authorize`,
    asked,
    respond,
    stop: () => stop(server),
  };
  return application;
}

/** Stop every application; for `afterEach`. */
export async function stopApplications(): Promise<void> {
  await Promise.all([...applications].map(stop));
}

async function stop(server: Server): Promise<void> {
  applications.delete(server);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
