import { expect } from "chai";
import { ask } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { bearer, createSecretFile, type SecretFile, signToken } from "../support/tokens.ts";
import {
  destroyClients,
  NDJSON,
  openTransport,
  untilEvents,
} from "../support/transport-clients.ts";

const ADMIN = "a-token-for-tests-of-admins";

// Two workers, so that about half of the questions are about a stream of the other one.
describe("what belongs to a subject", function () {
  this.timeout(30_000);
  let file: SecretFile;
  let url: string;
  let alice: Record<string, string>;
  let mallory: Record<string, string>;

  before(async () => {
    file = createSecretFile();
    ({ url } = await startServeProcess([
      ...["--workers", "2", "--data", createTemporaryDirectory()],
      ...["--secret-file", file.path, "--admin-token", ADMIN, "--max-streams-per-subject", "3"],
    ]));
    const tokenFor = async (sub: string) =>
      bearer(
        await signToken(
          { sub, foreverframe: { subscribe: ["**"], publish: ["**"], client: "kiosk" } },
          file.secret,
        ),
      );
    alice = await tokenFor("alice");
    mallory = await tokenFor("mallory");
  });
  afterEach(destroyClients);
  after(() => {
    killProcesses();
    removeTemporaryDirectories();
  });

  const open = async () => {
    const client = await openTransport(NDJSON, url, "channels=a", alice);
    return { client, stream: String(client.events[0]?.["stream"]) };
  };
  const json = { "Content-Type": "application/json" };
  /** Often enough that each worker has been asked. */
  const repeat = async <T>(run: () => Promise<T>): Promise<readonly T[]> => {
    const results: T[] = [];
    for (let n = 0; n < 6; n++) results.push(await run());
    return results;
  };
  const codesOf = (answers: readonly { status: number; text: string }[]) => [
    ...new Set(answers.map(({ status, text }) => `${status} ${/FF_\w+/.exec(text)?.[0] ?? ""}`)),
  ];

  it("is a stream by its id: another subject finds none, whatever it wants of it", async () => {
    const { client, stream } = await open();
    const cursor = client.events[0]?.["cursor"];
    const body = JSON.stringify({ cursor });
    const tries = {
      close: () => ask(url, "POST", `/streams/${stream}/close`, { headers: mallory }),
      state: () => ask(url, "GET", `/streams/${stream}`, { headers: mallory }),
      acknowledge: () =>
        ask(url, "POST", `/streams/${stream}/ack`, { headers: { ...json, ...mallory }, body }),
      renew: () => ask(url, "POST", `/streams/${stream}/token`, { headers: mallory }),
      show: () => ask(url, "GET", `/control?stream=${stream}`, { headers: mallory }),
    };
    for (const [name, run] of Object.entries(tries))
      expect(codesOf(await repeat(run)), name).to.deep.equal(["404 FF_STREAM_UNKNOWN"]);
    const none = await ask(url, "POST", "/streams/n1.none/close", { headers: mallory });
    const forbidden = await tries.close();
    const bare = (text: string) => text.replace(/n1\.[\w-]+/, "ID");
    expect(bare(forbidden.text)).to.equal(bare(none.text));
    expect(client.ended).to.equal(false);
    const own = await ask(url, "GET", `/streams/${stream}`, { headers: alice });
    expect(own.status).to.equal(200);
    expect(
      (await ask(url, "POST", `/streams/${stream}/close`, { headers: alice })).status,
    ).to.equal(200);
  });

  it("is a long-poll stream: another subject's poll gets one of its own", async () => {
    const poll = (query: string, headers: Record<string, string>) =>
      ask(url, "GET", `/stream?transport=poll&wait=0&channels=a&${query}`, { headers });
    const first = (await poll("", alice)).json;
    const taken = await repeat(() => poll(`stream=${first.stream}&after=${first.cursor}`, mallory));
    for (const answer of taken) expect(answer.json.stream).to.not.equal(first.stream);
    const next = await poll(`stream=${first.stream}&after=${first.cursor}`, alice);
    expect(next.json.stream).to.equal(first.stream);
    for (const { json: answer } of taken)
      await ask(url, "POST", `/streams/${answer.stream}/close`, { headers: mallory });
    await ask(url, "POST", `/streams/${first.stream}/close`, { headers: alice });
    const ended = await repeat(() => poll(`stream=${first.stream}&after=${first.cursor}`, mallory));
    for (const answer of ended) {
      expect(answer.json).to.include({ reason: null });
      expect(answer.json.stream).to.not.equal(first.stream);
      await ask(url, "POST", `/streams/${answer.json.stream}/close`, { headers: mallory });
    }
    const own = await repeat(() => poll(`stream=${first.stream}&after=${first.cursor}`, alice));
    for (const answer of own) expect(answer.json).to.include({ reason: "client" });
  });

  it("is the name of a client: another subject with the same can't take over from it", async () => {
    const { client, stream } = await open();
    const takeover = `/stream?transport=poll&wait=0&channels=a&client=kiosk&takeover=1&earlier=${stream}`;
    const answers = await repeat(() => ask(url, "GET", takeover, { headers: mallory }));
    expect(codesOf(answers)).to.deep.equal(["403 FF_TAKEOVER_REFUSED"]);
    expect(client.ended).to.equal(false);
    const own = await ask(url, "GET", takeover, { headers: alice });
    expect(own.status).to.equal(200);
    await untilEvents(client, (all) => all.at(-1)?.["reason"] === "replaced", "its end");
    await ask(url, "POST", `/streams/${own.json.stream}/close`, { headers: alice });
  });

  it("is an idempotency key: another subject may use the same for something else", async () => {
    const publish = (headers: Record<string, string>, body: string) =>
      ask(url, "POST", "/channels/keyed/messages", {
        headers: { ...json, ...headers, "Idempotency-Key": "one" },
        body,
      });
    const first = await publish(mallory, '"mallory was here first"');
    const own = await publish(alice, '"alice"');
    expect([first.status, own.status]).to.deep.equal([201, 201]);
    expect(own.json.id).to.not.equal(first.json.id);
    expect((await publish(alice, '"alice"')).json.id).to.equal(own.json.id);
    expect((await publish(alice, '"another"')).status).to.equal(422);
  });

  it("is its share of the streams, which leaves those of others", async () => {
    const admin = { headers: bearer(ADMIN) };
    const answers = [];
    for (let n = 0; n < 12; n++) {
      const path = `/stream?transport=poll&wait=20&channels=a`;
      answers.push(ask(url, "GET", path, { headers: mallory, ms: 30_000 }).catch(() => null));
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { streams } = (await ask(url, "GET", "/streams", admin)).json;
    // The limit is each worker's.
    expect(streams.length).to.be.within(3, 6);
    const { client } = await open();
    expect(client.ended).to.equal(false);
    await ask(url, "POST", "/clients/kiosk/close", admin);
    const codes = (await Promise.all(answers)).filter((answer) => answer?.status === 429);
    expect(codes.length).to.equal(12 - streams.length);
    expect(codes[0]?.json.code).to.equal("FF_SUBJECT_STREAMS_TOO_MANY");
  });
});
