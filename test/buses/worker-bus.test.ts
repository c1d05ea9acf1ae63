import { BusRelay } from "../../src/buses/bus-relay.ts";
import { type BusWords, WorkerBus } from "../../src/buses/worker-bus.ts";
import { describeBus } from "../contract/bus-contract.ts";

/** As between processes: later, and as JSON. */
function later(words: BusWords, receive: (words: BusWords) => void): void {
  const text = JSON.stringify(words);
  setImmediate(() => receive(JSON.parse(text)));
}

// The links are no pipes here: test/workers has those.
describeBus("of workers and their relay", async () => {
  const relay = new BusRelay();
  let joined = 0;
  return {
    async join() {
      const process = ++joined;
      let hangs = false;
      const bus = new WorkerBus((words) =>
        later(words, (arrived) => relay.receive(process, arrived)),
      );
      relay.add(process, (words) =>
        later(words, (arrived) => {
          if (!hangs) bus.receive(arrived);
        }),
      );
      return {
        bus,
        hang() {
          hangs = true;
        },
        die: () => relay.remove(process),
      };
    },
    async stop() {},
  };
});
