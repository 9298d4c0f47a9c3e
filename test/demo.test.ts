/** `npm start` as a new user runs it: the demo, to its end with --once, and until Ctrl-C. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Child, checkout, droplens } from "./support/child.ts";
import { tempFolder } from "./support/temp-folder.ts";

const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;

describe.concurrent("demo", { timeout: 60_000 }, () => {
  it("--once tells the story, shows the events as kubectl would, and ends with a summary that adds up", async ({
    onTestFinished,
  }) => {
    const child = droplens(["demo", "--once"], { cwd: tempFolder(onTestFinished) });
    onTestFinished(() => child.kill("SIGKILL"));
    const folder = await storyFolder(child);
    expect([await child.ended(), child.stderr]).toEqual([0, ""]);
    const { stdout } = child;
    const events = [
      ...stdout.matchAll(/^ {2}(\S+\/\S+) +Warning {2}PacketDrop {2}(.*?) +kube-iptables-tailer {2}(.+)$/gm),
    ];
    const first = events.filter(([, , age]) => age === "0s").map(([, pod, , message]) => `${pod}: ${message}`);
    expect(first).toContain(
      "shop/web-7d9c6d5b8f-x2x1p: Packet dropped when sending traffic to payments (10.244.2.20) on port 5432/TCP",
    );
    expect(first.some((line) => line.includes("kube-system/node-exporter"))).toBe(false);
    expect(first.some((line) => line.includes("fd00:10:244:"))).toBe(true);
    expect(stdout).toMatch(/payments\/ledger-0 .*0s \(x4 over \ds\) .*on port 5432\/TCP/);

    const number = (what: string): number => Number(new RegExp(`^ *${what} +(\\d+)$`, "m").exec(stdout)?.[1]);
    const [, packets, created] = /^(\d+) packets were in the story, (\d+) events are on the pods/m.exec(stdout) ?? [];
    expect(number("lines matched")).toBe(Number(packets));
    expect(number("packets delivered to sink-k8s-events")).toBe(Number(packets));
    expect(number("packets delivered to sink-prometheus")).toBe(Number(packets));
    expect(number("lines matched") + number("lines that only look alike: not-kernel") + number("lines of others")).toBe(
      number("lines read"),
    );
    expect(first.length).toBe(Number(created));
    expect(existsSync(folder)).toBe(false);
  });

  it("serves what it says while it runs, and ends by Ctrl-C with 0", async ({ onTestFinished }) => {
    const child = droplens(["demo"], { cwd: tempFolder(onTestFinished) });
    onTestFinished(() => child.kill("SIGKILL"));
    const folder = await storyFolder(child);
    await child.says(/shop\/web-\S+ +Warning/);
    const [, metrics = ""] = /curl (http:\S+\/metrics)/.exec(child.stdout) ?? [];
    expect(await (await fetch(metrics)).text()).toContain('packet_drops_count{src="shop",dst="payments"} 1');
    child.kill("SIGINT");
    // npm passes on what the terminal has told the program already.
    expect([await child.stop("SIGINT"), child.stderr]).toEqual([0, ""]);
    expect(child.stdout).toContain(`Nothing is left in ${folder}.`);
    expect(existsSync(folder)).toBe(false);
  });

  it.skipIf(!hasKubectl)(
    `shows the same through one's own kubectl, by the command that it prints${hasKubectl ? "" : " (skipped: no kubectl here)"}`,
    async ({ onTestFinished }) => {
      const folder = tempFolder(onTestFinished);
      const child = droplens(["demo"], { cwd: folder });
      onTestFinished(() => child.kill("SIGKILL"));
      await child.says(/shop\/web-\S+ +Warning/);
      const [, command = ""] = /^ {2}(kubectl --kubeconfig .* describe pod .*)$/m.exec(child.stdout) ?? [];
      const kubectl = new Child(command.split(" "), { cwd: folder });
      expect([await kubectl.ended(), kubectl.stderr]).toEqual([0, ""]);
      expect(kubectl.stdout).toMatch(
        /Warning +PacketDrop +\S+ .*kube-iptables-tailer +Packet dropped when sending traffic to payments \(10\.244\.2\.20\) on port 5432\/TCP$/m,
      );
      expect(await child.stop("SIGINT")).toBe(0);
    },
  );

  it("is what `npm start` runs", () => {
    const { scripts } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
    expect(scripts).toMatchObject({ start: "exec node core/main.ts demo", droplens: "node core/main.ts" });
  });
});

/** Where it keeps its files. */
async function storyFolder(child: Child): Promise<string> {
  const [, folder = ""] = await child.says(/--kubeconfig (\S+)\/kubeconfig describe/);
  expect(existsSync(folder)).toBe(true);
  return folder;
}
