import { setTimeout as pause } from "node:timers/promises";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";
import { ChaosClient } from "./chaos-client.ts";
import { ChaosPublisher } from "./chaos-publisher.ts";
import { ChaosSite, endSites } from "./chaos-site.ts";
import type { PlanSize } from "./chaos-size.ts";
import { checkAlike, checkClient, checkPieces, dueTo } from "./checks.ts";
import type { ClientPlan } from "./client-plan.ts";
import { ClientProcess } from "./client-process.ts";
import {
  describeFault,
  type PlannedClientFault,
  type PlannedFault,
  type PlannedPublisherFault,
  planFaults,
} from "./fault-plan.ts";
import { checkLog, type KeptLog, readLog } from "./kept-log.ts";
import { ClientRecord, RunRecord } from "./run-record.ts";
import { SeededRandom } from "./seeded-random.ts";

/** Longest wait for the answers to the last publishes when nothing goes wrong any more, in ms. */
const ANSWERS_MS = 30_000;

/** The first are those of clients in processes of their own, too. */
const SELECTORS = [
  "**",
  "flood,doors.north,doors.*,doors.**",
  "news",
  "doors.north",
  "doors.north,news",
  "doors.*",
  "doors.**",
  "lamps.**,news",
  "türen.*,lamps.hall",
  "*.*.*",
  "quiet",
] as const;

type Urls = readonly [string, ...string[]];

/**
 * Time without a delivery to any client, in ms, after which a run no longer waits for messages. It
 * counts from the last fault on.
 */
const SETTLE_MS = 20_000;

/** Clients, publishers and servers to which things happen. */
export class ChaosRun {
  readonly #seed: number;
  readonly #size: PlanSize;
  readonly #record: RunRecord;
  readonly #records: ClientRecord[] = [];
  readonly #clients: (ChaosClient | ClientProcess)[] = [];
  readonly #publishers: ChaosPublisher[] = [];
  #site: ChaosSite | null = null;
  #ended = false;

  constructor(seed: number, size: PlanSize) {
    this.#seed = seed;
    this.#size = size;
    this.#record = new RunRecord();
  }

  /**
   * Let everything happen, then check what every client was given.
   *
   * @returns what there was of everything, as a line
   * @throws Error that names the seed and the first thing that was wrong
   */
  async run(): Promise<string> {
    try {
      await this.#run();
    } catch (error) {
      this.#record.wrong(error instanceof Error ? error.message : String(error), null);
    }
    const [first, ...others] = this.#record.wrongs;
    if (first === undefined) return this.#summary();
    const more = others.slice(0, 20).map((wrong) => `\n  ${wrong}`);
    throw new Error(
      `seed ${this.#seed}: ${first}\n  and ${others.length} more:${more.join("")}\n${this.#site?.said}`,
    );
  }

  /** Kill everything that is left; for `afterEach`. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const publisher of this.#publishers) publisher.end();
    for (const client of this.#clients) client.end();
    this.#site?.end();
    await endSites();
    removeTemporaryDirectories();
  }

  async #run(): Promise<void> {
    const site = await ChaosSite.start(this.#size, this.#record);
    this.#site = site;
    const published = this.#start(site.urls);
    await eventually(
      20_000,
      () => this.#records.every(({ firstOpen }) => firstOpen !== null),
      "every client's first stream",
    );
    await this.#letHappen(site);
    await site.whenStarted();
    for (const client of this.#clients) client.recover();
    for (const publisher of this.#publishers) publisher.stop();
    await within(ANSWERS_MS, published, "the answers to the last publishes");
    await this.#settle();
    await this.#check(site.urls);
  }

  #start(urls: Urls): Promise<unknown> {
    const random = new SeededRandom(this.#seed);
    const { clients, clientProcesses, publishers } = this.#size;
    for (let number = 0; number < clients; number++) {
      const plan = planClient(random.for(`client ${number}`), urls, number);
      const record = new ClientRecord(number, plan, this.#record);
      const Kind = number < clientProcesses ? ClientProcess : ChaosClient;
      this.#records.push(record);
      this.#clients.push(new Kind(plan, record));
    }
    for (let number = 0; number < publishers; number++) {
      const own = random.for(`publisher ${number}`);
      this.#publishers.push(new ChaosPublisher(number, urls, own, this.#record));
    }
    const published = Promise.all(this.#publishers.map((publisher) => publisher.run()));
    for (const client of this.#clients) client.open();
    return published;
  }

  /** Until the plan is over, or something is wrong. */
  async #letHappen(site: ChaosSite): Promise<void> {
    const plan = planFaults(new SeededRandom(this.#seed).for("faults"), this.#size);
    const start = performance.now();
    for (const fault of plan) {
      await pause(Math.max(0, start + fault.at - performance.now()));
      if (this.#ended || this.#record.wrongs.length > 0) return;
      this.#happen(fault, site);
    }
  }

  #happen(fault: PlannedFault, site: ChaosSite): void {
    if ("client" in fault) this.#happenToClient(fault);
    else if ("publisher" in fault) this.#happenToPublisher(fault);
    else site.suffer(fault);
  }

  #happenToPublisher({ publisher, fault }: PlannedPublisherFault): void {
    const who = `publisher ${publisher}`;
    this.#record.fault(`${who}: ${fault}`, fault === "flood" ? null : who);
    this.#record.count(`${fault}s`);
    this.#publishers[publisher]?.suffer(fault);
  }

  #happenToClient(fault: PlannedClientFault): void {
    this.#record.fault(describeFault(fault), `client ${fault.client}`);
    const client = this.#clients[fault.client];
    if ("fault" in fault) client?.suffer(fault.fault);
    else if (client instanceof ClientProcess) {
      this.#record.count("freezes");
      client.freeze(fault.frozenMs);
    }
  }

  /**
   * Wait for every client to be given the last message that is due to it; the checks say which is
   * not.
   */
  async #settle(): Promise<void> {
    const start = this.#record.now();
    const last = this.#records.map((client) => dueTo(client, this.#record).at(-1)?.id ?? "");
    const late = () =>
      this.#records.filter(({ messages }, i) => (messages.at(-1)?.id ?? "") < (last[i] ?? ""));
    const { counts } = this.#record;
    for (let given = -1; given !== counts.get("deliveries") && late().length > 0; ) {
      given = counts.get("deliveries") ?? 0;
      await eventually(SETTLE_MS, () => late().length === 0, "the last messages").catch(() => {});
    }
    this.#record.counts.set("ms to settle", Math.round(this.#record.now() - start));
  }

  async #check(urls: Urls): Promise<void> {
    const logs: KeptLog[] = [];
    for (const url of urls) logs.push(await readLog(url, this.#record));
    for (const client of this.#records) checkClient(client, this.#record, logs);
    checkAlike(this.#records);
    checkPieces(this.#record);
    for (const log of logs) checkLog(log, this.#record);
  }

  #summary(): string {
    const { counts, acknowledgedMessages } = this.#record;
    counts.set("messages acknowledged", acknowledgedMessages.length);
    return Array.from(counts, ([what, count]) => `${what} ${count}`)
      .sort()
      .join(", ");
  }
}

function planClient(random: SeededRandom, urls: Urls, number: number): ClientPlan {
  return {
    urls,
    channels: SELECTORS[number % SELECTORS.length] ?? "**",
    transport: random.pick(["frame", "ndjson"]),
    version: random.pick(["1.0", "1.1", "1.1"]),
    seed: random.whole(0, 0xffff_ffff),
  };
}
