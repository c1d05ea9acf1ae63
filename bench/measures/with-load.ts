import { Load, type LoadOptions } from "../load/load.ts";
import type { RunningServer } from "../servers/server.ts";

/** Published before anything is measured: a server that was started just now still compiles. */
const WARM_UP = { window: 16, messages: 5_000, seconds: 3 };

/** Run the load program against a server that has warmed up, for as long as `act` takes. */
export function withLoad<Result>(
  server: RunningServer,
  act: (load: Load) => Promise<Result>,
): Promise<Result> {
  return withColdLoad(server, {}, async (load) => {
    await load.publishAll(WARM_UP);
    return act(load);
  });
}

/** The same without the warm-up, whose messages would be found in the history. */
export async function withColdLoad<Result>(
  server: RunningServer,
  options: LoadOptions,
  act: (load: Load) => Promise<Result>,
): Promise<Result> {
  const load = new Load(server, options);
  try {
    return await act(load);
  } finally {
    await load.stop();
  }
}
