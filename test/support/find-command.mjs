import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The first of these commands that is on the PATH or, being for root, in /usr/sbin; or null. */
export function findCommand(commands) {
  const directories = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
  for (const command of commands) {
    for (const directory of directories) {
      const path = join(directory, command);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return null;
}
