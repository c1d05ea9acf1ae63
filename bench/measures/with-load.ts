import { Load } from "../load.ts";
import type { RunningServer } from "../servers/server.ts";

/** Published before anything is measured: a server that was started just now still compiles. */
const WARM_UP = { window: 16, messages: 5_000, seconds: 3 };

/** Run the load program against a server that has warmed up, for as long as `act` takes. */
export async function withLoad<Result>(
  server: RunningServer,
  act: (load: Load) => Promise<Result>,
  path = server.streamPath,
): Promise<Result> {
  const load = new Load(server, path);
  try {
    await load.publishAll(WARM_UP);
    return await act(load);
  } finally {
    await load.stop();
  }
}
