import type { Bus, BusListener } from "../core/bus.ts";

/** The bus of one process alone: there is nobody else to ask. */
export class InProcessBus implements Bus {
  #listener: BusListener | null = null;

  listen(listener: BusListener): void {
    this.#listener = listener;
  }

  announceAppended(): void {
    this.#listener?.onAppended();
  }

  async requestClose(): Promise<null> {
    return null;
  }

  async close(): Promise<void> {
    this.#listener = null;
  }
}
