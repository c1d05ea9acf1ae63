import type { Bus } from "../core/bus.ts";

/** The bus of one process alone: there is nobody else to tell or to ask. */
export class InProcessBus implements Bus {
  listen(): void {}

  tell(): void {}

  async ask(): Promise<readonly never[]> {
    return [];
  }

  async close(): Promise<void> {}
}
