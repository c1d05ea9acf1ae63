import { open } from "lmdb";

/** Turn the closed log in a directory into what version 0.1 would have written. */
export async function makeOldLog(directory: string): Promise<void> {
  const root = open<unknown, string>({ path: directory, maxDbs: 16, noSubdir: false });
  const channels = root.openDB<Record<string, unknown>, string>("channels", {});
  await root.transaction(() => {
    void root.remove("upkeep");
    for (const { key, value } of channels.getRange()) {
      const { due: _, ...old } = value;
      void channels.put(key, old);
    }
  });
  await root.openDB("due", {}).clearAsync();
  await root.close();
}
