import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Only its owner may read it. */
const MODE = 0o600;

/** Where the admin token is that a server has generated: in the directory of its log. */
export function adminTokenFile(data: string): string {
  return join(data, "admin-token");
}

/**
 * Keep a generated admin token for commands on this machine, since it is printed on terminals only.
 *
 * @param data the directory of the log
 * @param token null where it was given, and nobody has to be told: the file is removed
 * @returns the file; null if there is none
 * @throws the system's error, such as ENOSPC
 */
export function keepAdminToken(data: string, token: string | null): string | null {
  const file = adminTokenFile(data);
  if (token === null) {
    rmSync(file, { force: true });
    return null;
  }
  const unfinished = `${file}.new`;
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, `${token}\n`, { mode: MODE, flag: "wx" });
  renameSync(unfinished, file);
  return file;
}
