/** What has to be undone when a start fails, or at the end: the last first. */
export class UndoList {
  readonly #steps: (() => void | Promise<void>)[] = [];

  add(undo: () => void | Promise<void>): void {
    this.#steps.push(undo);
  }

  /** Undo everything, also when a step fails. Later calls do nothing. */
  async run(): Promise<void> {
    for (let undo = this.#steps.pop(); undo !== undefined; undo = this.#steps.pop()) {
      try {
        await undo();
      } catch (error) {
        await this.run();
        throw error;
      }
    }
  }
}
