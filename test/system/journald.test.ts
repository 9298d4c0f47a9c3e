/**
 * source-journald on a real journal: the suite of its role, as the fake journalctl passes it; then real packets through
 * rotation, vacuuming, a killed journalctl and a restart, counted as often as the kernel counted them.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { realClock } from "../../core/real-clock.ts";
import { type SourcePartner, sourceChecks, testContext } from "../../core/testkit/index.ts";
import { sourceJournald } from "../../plugins/source-journald/index.ts";
import { Journald } from "./journald.ts";
import { logAsProcess, matched, startReader } from "./log-reader.ts";
import { addresses, NodeNetwork } from "./node-network.ts";
import type { Program } from "./program.ts";
import { systemTest } from "./system-test.ts";

const { db } = addresses;

systemTest("source-journald", () => {
  let folder: string;
  let journald: Journald;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "droplens-journald-"));
    journald = await Journald.start(join(folder, "journal"));
  });

  afterAll(async () => {
    await journald?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  describe("as a source, with the real journalctl", () => {
    const startPartner = async (): Promise<SourcePartner> => {
      // What was written before is of another second.
      await sleep(1050 - (Date.now() % 1000));
      return {
        options: { directory: journald.folder, since: "1ms" },
        context: testContext({ clock: realClock, environment: { PATH: process.env.PATH } }),
        // The kernel keeps about 128 KiB: journald is to read them before they are written over.
        write: async (...lines) => {
          for (const [i, line] of lines.entries()) {
            logAsProcess(line);
            if (i % 100 === 99) await sleep(20);
          }
        },
        textOf: (line) => JSON.parse(line).MESSAGE,
      };
    };
    for (const { name, run } of sourceChecks({ definition: sourceJournald, startPartner, patienceMillis: 10_000 }))
      it(name, run);
  });

  describe("with a kernel's packets", () => {
    let network: NodeNetwork;
    let program: Program | undefined;
    /** Packets that the kernel had logged when the program at hand was started. */
    let before = 0;

    beforeAll(async () => {
      network = await NodeNetwork.open();
      program = await start();
    });

    afterAll(async () => {
      await program?.stop("SIGKILL");
      await network?.close();
    });

    const start = () =>
      startReader({
        folder,
        source: { use: "source-journald", directory: journald.folder },
        prefix: network.prefix,
      });
    const allCounted = async () => matched(program as Program, (await network.logged()) - before);

    it("counts each of them", async () => {
      await network.connect("web", db.ip4, 80);
      await network.ping("web", db.ip6);
      await allCounted();
    });

    it("does not believe a process, and counts what it tried", async () => {
      const line = `${network.prefix} IN=eth0 OUT= SRC=10.203.1.9 DST=10.203.2.9 LEN=60 TTL=64 ID=1 PROTO=TCP SPT=1 DPT=2 `;
      for (const text of [line, `kernel: ${line}`]) logAsProcess(text);
      // Of the first journald takes the prefix for the name of the process, and what is left is nobody's.
      const forged = { reason: "not-kernel" };
      await program?.measures("a forgery", (now) => now.sum("droplens_lines_other_total", forged) === 1);
      await allCounted();
    });

    it("reads on while the journal is rotated and vacuumed", async () => {
      for (let i = 0; i < 3; i++) {
        journald.rotate();
        await network.datagram("web", db.ip4, 53);
        await journald.vacuum();
        await network.datagram("web", db.ip4, 53);
      }
      await allCounted();
    });

    it("starts journalctl again when it is killed, and reads on behind the last record", async () => {
      const running = program as Program;
      process.kill(childOf(running, "journalctl"), "SIGKILL");
      await network.datagram("web", db.ip4, 53);
      await running.measures("a second journalctl", (now) => now.sum("droplens_journalctl_starts_total") === 2);
      await allCounted();
      expect(running.logLines("warn")).toEqual([expect.stringContaining("journalctl ended (SIGKILL)")]);
      await running.answers("/readyz", 200);
    });

    it("goes on from its checkpoint, and counts what came while it was stopped", async () => {
      before = await network.logged();
      expect(await program?.stop()).toBe(0);
      await network.datagram("web", db.ip6, 53);
      program = await start();
      await allCounted();
    });
  });
});

function childOf({ pid }: Program, name: string): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  const child = children.find((each) => readFileSync(`/proc/${each}/comm`, "utf8").trim() === name);
  if (child === undefined) throw new Error(`process ${pid} has no child ${name}`);
  return child;
}
