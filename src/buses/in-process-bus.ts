import type { Answers, Bus, Found } from "../core/bus.ts";

/** The bus of one process alone: there is nobody else to tell or to ask. */
export class InProcessBus implements Bus {
  listen(): void {}

  tell(): void {}

  async ask(): Promise<Answers<never>> {
    return { answers: [], silent: 0 };
  }

  async find(): Promise<Found<never>> {
    return { found: null, silent: 0 };
  }

  async close(): Promise<void> {}
}
