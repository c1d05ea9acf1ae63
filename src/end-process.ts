/**
 * End this process at once, as if it had been killed: what the log has answered is on the disk.
 *
 * Not by `process.exit()`, nor by Node after an uncaught error: these wait for ever for a transaction that is under way.
 * https://github.com/kriszyp/lmdb-js/issues/336
 *
 * @param signal whose default action ends it
 */
export function endProcess(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal); // gives the default action back
  process.kill(process.pid, signal);
}
