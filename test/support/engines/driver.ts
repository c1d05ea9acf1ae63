/**
 * How one browser engine is driven: the least that each of them can do. Tests use
 * {@link Engine}, which is made of it.
 */
export interface Driver {
  /** The process that was started; those of the engine are below it. */
  readonly pid: number;
  /** Begin to open an address. May resolve before the new document is there, and must not wait for
   * its end. */
  open(url: string): Promise<void>;
  /** Run a script in the page that is shown; it throws nothing, and its value is ASCII text. */
  run(script: string): Promise<string>;
  /** Begin to load the page again. */
  reload(): Promise<void>;
  /** Begin to go to the page before; rejects where the engine has no history. */
  back(): Promise<void>;
  /** Write a PNG. */
  screenshot(path: string): Promise<void>;
  /** What scripts of pages have thrown since the start, oldest first. */
  errors(): Promise<readonly string[]>;
  /** Whether it shows its user that it is loading; null where that can't be told. */
  isBusy(): Promise<boolean | null>;
  /** End all processes. Called once. */
  end(): Promise<void>;
}
