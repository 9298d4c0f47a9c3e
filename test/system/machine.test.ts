/** Whether this machine has what the system tests start; where they are not asked for, says why they are skipped. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, it } from "vitest";
import { kubectl } from "./cluster.ts";
import { enabled, reasonSkipped, systemTest } from "./system-test.ts";

const programs =
  "chroot ip iptables ip6tables kubectl ldd logger logrotate mount nc nft ping rsyslogd setpriv sysctl ulogd unshare".split(
    " ",
  );

if (!enabled) console.info(reasonSkipped);

systemTest("the machine", () => {
  it("lets us be root", () => {
    expect(process.getuid?.()).toBe(0);
  });

  it.each(programs)("has %s", (program) => {
    expect(find(program), `${program} is not on PATH; .ci/run names the packages`).toBeDefined();
  });

  it("reaches the API server as its administrator", async () => {
    expect(await kubectl(["auth", "can-i", "*", "*"])).toContain("yes");
  });
});

function find(program: string): string | undefined {
  return (process.env.PATH ?? "").split(delimiter).find((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
