import { BusRelay } from "../../src/buses/bus-relay.ts";
import { type BusFrame, WorkerBus } from "../../src/buses/worker-bus.ts";
import { describeBus } from "../contract/bus-contract.ts";

/** As between processes: later, and as JSON. */
function later(frame: BusFrame, receive: (frame: BusFrame) => void): void {
  const text = JSON.stringify(frame);
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
      const bus = new WorkerBus((frame) =>
        later(frame, (arrived) => relay.receive(process, arrived)),
      );
      relay.add(process, (frame) =>
        later(frame, (arrived) => {
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
