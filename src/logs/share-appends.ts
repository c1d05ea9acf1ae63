import type { MessageLog } from "../core/log.ts";
import type { Scheduler } from "../core/scheduler.ts";
import { AppendService } from "./append-service.ts";
import { type Appender, HandedAppends } from "./handed-appends.ts";

/** One of the processes that share a log's directory. */
export interface ShareAppendsOptions {
  readonly log: MessageLog;
  readonly directory: string;
  /** Whether this one appends for all. */
  readonly isWriter: boolean;
  readonly scheduler: Scheduler;
  /** Hears why this process can't append for the others, who then append for themselves. */
  readonly onError: (error: unknown) => void;
}

/** What appends to the log, for this process. */
export interface SharedAppends {
  readonly appender: Appender;
  /** Call it before the log is closed. */
  stop(): Promise<void> | void;
}

/** Have one process append for all that share a log's directory. */
export async function shareAppends(options: ShareAppendsOptions): Promise<SharedAppends> {
  const { log, directory, isWriter, scheduler, onError } = options;
  if (!isWriter) {
    const appender = new HandedAppends({ log, directory, scheduler });
    return { appender, stop: () => appender.stop() };
  }
  try {
    const service = await AppendService.listen(directory, { log, onError });
    return { appender: log, stop: () => service.close() };
  } catch (error) {
    // Slower, and nothing is lost.
    onError(error);
    return { appender: log, stop: () => {} };
  }
}
