/**
 * Pods as a cluster has them, about 2 KB of JSON each, the same for the same number. In: how many. Out: objects as the
 * API server would show them. Used by pod-server.ts and by whoever measures what pods cost.
 */
import type { KubernetesObject } from "../../core/testkit/fake-kubernetes/object.ts";

const namespaces = 40;
const podsOfDeployment = 20;
export const podsOfNode = 30;
const started = "2026-11-20T10:00:00Z";

/** 10.64.0.1 and upwards; each pod has its own. */
export function podAddress(index: number): string {
  return `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}

export function nodeName(index: number): string {
  return `ip-10-0-${index >> 8}-${index & 255}.eu-central-1.compute.internal`;
}

export function madeUpPod(index: number): KubernetesObject {
  const app = `app-${Math.floor(index / podsOfDeployment)}`;
  const hash = letters(Math.floor(index / podsOfDeployment) + 7, 10);
  const node = Math.floor(index / podsOfNode);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${app}-${hash}-${letters(index, 5)}`,
      generateName: `${app}-${hash}-`,
      namespace: `team-${index % namespaces}`,
      uid: uid(index),
      creationTimestamp: started,
      labels: { app, "pod-template-hash": hash, "app.kubernetes.io/name": app, tier: "backend" },
      annotations: {
        "cni.projectcalico.org/podIP": `${podAddress(index)}/32`,
        "checksum/config": letters(index, 60),
        "example.com/routes": '{"paths":["/a","/b"],"retries":{"on":"5xx","max":3}}',
      },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: `${app}-${hash}`,
          uid: uid(index + 1e9),
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: specOf(app, nodeName(node)),
    status: statusOf(index, node),
  };
}

function specOf(app: string, node: string): object {
  return {
    nodeName: node,
    serviceAccountName: app,
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: { runAsNonRoot: true, fsGroup: 2000 },
    containers: [
      {
        name: app,
        image: `registry.example.com/shop/${app}:1.42.0`,
        args: ["--listen=:8080", "--config=/etc/app/config.yaml"],
        ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
        resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
        volumeMounts: [{ name: "config", mountPath: "/etc/app", readOnly: true }],
      },
    ],
    volumes: [{ name: "config", configMap: { name: app, defaultMode: 420 } }],
    tolerations: [
      { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
    ],
  };
}

function statusOf(index: number, node: number): object {
  const ip = podAddress(index);
  return {
    phase: "Running",
    hostIP: `10.0.${node >> 8}.${node & 255}`,
    podIP: ip,
    podIPs: [{ ip }],
    startTime: started,
    conditions: ["Initialized", "Ready"].map((type) => ({ type, status: "True", lastTransitionTime: started })),
    containerStatuses: [
      {
        name: "app",
        ready: true,
        restartCount: 0,
        imageID: `registry.example.com/shop@sha256:${letters(index, 64)}`,
        containerID: `containerd://${letters(index, 64)}`,
        state: { running: { startedAt: started } },
      },
    ],
  };
}

/** Looks drawn by lot, and is not. */
function letters(index: number, length: number): string {
  let text = "";
  for (let state = index + 1; text.length < length; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += (state >>> 8).toString(36).padStart(4, "0").slice(-4);
  }
  return text.slice(0, length);
}

function uid(index: number): string {
  const high = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  const hex = high.toString(16).padStart(8, "0") + index.toString(16).padStart(24, "4");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
