import { open } from "lmdb";

/**
 * Turn the closed log in a directory into what version 0.1 would have written: its keys are of one
 * message each.
 */
export async function makeOldLog(directory: string): Promise<void> {
  const root = open<unknown, string>({ path: directory, maxDbs: 16, noSubdir: false });
  const channels = root.openDB<Record<string, unknown>, string>("channels", {});
  const index = root.openDB<Buffer, [number, string]>("index", { encoding: "binary" });
  const keys = root.openDB<Record<string, unknown>, string>("idempotency", {});
  await root.transaction(() => {
    void root.remove("upkeep");
    const { bytes: _bytes, time: _time, ...marks } = root.get("marks") as Record<string, unknown>;
    void root.put("marks", marks);
    for (const key of index.getKeys()) void index.put(key, Buffer.alloc(0));
    for (const { key, value } of keys.getRange()) {
      const { first, count: _, ...old } = value;
      void keys.put(key, { ...old, ids: [first] });
    }
    for (const { key, value } of channels.getRange()) {
      const { due: _, ...old } = value;
      void channels.put(key, old);
    }
  });
  await root.openDB("due", {}).clearAsync();
  await root.close();
}
