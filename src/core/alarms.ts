/** The facts that an operator should know before they become trouble. */
export type AlarmCode =
  /** The disk of the log will be full within a day. */
  | "disk-full-soon"
  /** The wall clock jumped. */
  | "clock-jumped"
  /** A worker was replaced again and again. */
  | "workers-failing"
  /** The receiver of the events does not take them. */
  | "events-not-taken";

/** A fact that holds now. */
export interface Alarm {
  readonly code: AlarmCode;
  /** Unix ms at which it began. */
  readonly since: number;
  /** One sentence for an operator, with the remedy. */
  readonly text: string;
}

/** What alarms depend on. */
export interface AlarmsOptions {
  readonly unixNow: () => number;
  /** Hears of each alarm once when it begins. */
  readonly onBegin: (alarm: Alarm) => void;
  /** Hears of each alarm once when it has ended. */
  readonly onEnd: (alarm: Alarm) => void;
}

/** The alarms of one process: at most one for each code. */
export class Alarms {
  readonly #options: AlarmsOptions;
  readonly #current = new Map<AlarmCode, Alarm>();

  constructor(options: AlarmsOptions) {
    this.#options = options;
  }

  /** The alarms that hold now, the oldest first. */
  list(): readonly Alarm[] {
    return [...this.#current.values()];
  }

  /** Something holds from now on; or it still does, and is said anew by this text. */
  begin(code: AlarmCode, text: string): void {
    const { unixNow, onBegin } = this.#options;
    const earlier = this.#current.get(code);
    const alarm = { code, since: earlier?.since ?? unixNow(), text };
    this.#current.set(code, alarm);
    if (earlier === undefined) onBegin(alarm);
  }

  /** It does not hold any more. Nothing happens if it did not. */
  end(code: AlarmCode): void {
    const alarm = this.#current.get(code);
    if (alarm === undefined) return;
    this.#current.delete(code);
    this.#options.onEnd(alarm);
  }

  /** {@link begin} where there is a text, else {@link end}. */
  set(code: AlarmCode, text: string | null): void {
    if (text === null) this.end(code);
    else this.begin(code, text);
  }
}
