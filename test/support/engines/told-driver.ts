import type { Driver } from "./driver.ts";

/** A driver of a program that is told each thing as a command with one argument. */
export abstract class ToldDriver implements Driver {
  abstract get pid(): number;
  abstract errors(): Promise<readonly string[]>;
  abstract isBusy(): Promise<boolean | null>;
  abstract end(): Promise<void>;

  /** Have a command done. @returns its value; rejects where it could not be done in time */
  protected abstract tell(name: string, argument?: string): Promise<string>;

  async open(url: string): Promise<void> {
    await this.tell("open", url);
  }

  run(script: string): Promise<string> {
    return this.tell("run", script);
  }

  async reload(): Promise<void> {
    await this.tell("reload");
  }

  async back(): Promise<void> {
    await this.tell("back");
  }

  async screenshot(path: string): Promise<void> {
    await this.tell("screenshot", path);
  }
}
