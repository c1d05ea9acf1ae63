import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Only its owner may read it. */
const MODE = 0o600;

/** Where the admin token is that a server has generated: in the directory of its log. */
export function adminTokenFile(data: string): string {
  return join(data, "admin-token");
}

/** A token that a server has generated, and nothing else. */
const GENERATED = /^[\w-]{20,100}$/;

/**
 * The admin token that an earlier start has generated, so that who was let in stays in. Null if
 * there is none, or others could have read or written it.
 *
 * @param data the directory of the log
 */
export function readAdminToken(data: string): string | null {
  const file = adminTokenFile(data);
  try {
    const { mode, uid } = statSync(file);
    if ((mode & 0o777) !== MODE || uid !== process.getuid?.()) return null;
    const token = readFileSync(file, "utf8").trim();
    return GENERATED.test(token) ? token : null;
  } catch {
    return null; // there is none
  }
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
