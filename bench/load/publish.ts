/** Publish one body, and return how long the answer took, in ms. */
export async function publish(
  url: string,
  channel: string,
  body: string,
  type: string,
): Promise<number> {
  const started = performance.now();
  const response = await fetch(`${url}/channels/${channel}/messages`, {
    method: "POST",
    headers: { "Content-Type": type },
    body,
  });
  if (response.status !== 201) throw new Error(`publish answered ${response.status}`);
  await response.arrayBuffer();
  return performance.now() - started;
}
