import { statfsSync } from "node:fs";

/** Free bytes of the disk that has a directory; null if it can't be asked, as when it is gone. */
export function freeBytesOf(directory: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return null;
  }
}
