import { Load } from "../load.ts";
import type { RunningServer } from "../servers/server.ts";

/** Run the load program against a server for as long as `act` takes. */
export async function withLoad<Result>(
  server: RunningServer,
  act: (load: Load) => Promise<Result>,
  path = server.streamPath,
): Promise<Result> {
  const load = new Load(server, path);
  try {
    return await act(load);
  } finally {
    await load.stop();
  }
}
