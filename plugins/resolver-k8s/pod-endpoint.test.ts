import { describe, expect, it } from "vitest";
import { resolverK8sOptions } from "./config.ts";
import { podEndpoint } from "./pod-endpoint.ts";
import type { KnownPod } from "./pod-table.ts";

describe("POD_IDENTIFIER", () => {
  const pod = {
    uid: "u",
    namespace: "shop",
    name: "web-1",
    nodeName: "node-a",
    hostNetwork: false,
    workload: undefined,
    label: "frontend",
  };
  const host: Partial<KnownPod> = { hostNetwork: true };

  // Expected values: event/locator.go of box/kube-iptables-tailer, getNamespaceOrHostName.
  it.each([
    ["namespace", {}, "shop"],
    ["name", {}, "web-1"],
    ["name_with_namespace", {}, "shop/web-1"],
    ["label", {}, "frontend"],
    ["label", { label: undefined }, "web-1"],
    ["label", { label: "" }, ""],
    ["namespace", host, "node-a"],
    ["name", host, "node-a"],
    ["label", host, "node-a"],
    ["name", { ...host, nodeName: "" }, undefined],
    ["label", { label: "\u001b[31mred\n" }, "\ufffd[31mred\ufffd"],
  ] as const)("%s shows %j as %j", (identifier, parts, expected) => {
    expect(podEndpoint({ ...pod, ...parts }, "10.0.0.1", identifier)?.displayName).toBe(expected);
  });

  it("makes a pod in the node's network the node, without a uid that an event could be about", () => {
    expect(podEndpoint({ ...pod, hostNetwork: true }, "192.168.0.1", "namespace")).toEqual({
      kind: "node",
      address: "192.168.0.1",
      displayName: "node-a",
      name: "node-a",
      nodeName: "node-a",
      hostNetwork: true,
    });
  });
});

describe("the options", () => {
  it.each([
    [{ podIdentifier: "label" }, "podIdentifierLabel"],
    [{ podIdentifier: "label", podIdentifierLabel: "" }, "podIdentifierLabel"],
    [{ podIdentifier: "pod" }, "podIdentifier"],
    [{ scope: "node" }, "nodeName"],
    [{ scope: "node", nodeName: "" }, "nodeName"],
    [{ podNetworks: ["10.0.0.0/33"] }, "podNetworks"],
    [{ hold: "4" }, "hold"],
  ])("refuse %j", (options, key) => {
    expect(resolverK8sOptions.safeParse(options).error?.issues[0]?.path[0]).toBe(key);
  });
});
