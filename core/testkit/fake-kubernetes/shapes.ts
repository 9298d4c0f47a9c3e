/**
 * What the fake can send as protobuf: pods, as far as tests and benchmarks fill them, and refusals. The numbers are
 * those of the generated.proto files of k8s.io/api and k8s.io/apimachinery. Used by wire.ts.
 */
import type { FieldShape, Shape } from "./protobuf-encoder.ts";

const at = (...numbers: number[]): FieldShape => ({ at: numbers });
const of = (number: number, as: Shape | "time" | "map" | "quantities"): FieldShape => ({ at: [number], as });

const metadata: Shape = {
  name: at(1),
  generateName: at(2),
  namespace: at(3),
  uid: at(5),
  resourceVersion: at(6),
  creationTimestamp: of(8, "time"),
  deletionTimestamp: of(9, "time"),
  labels: of(11, "map"),
  annotations: of(12, "map"),
  ownerReferences: of(13, {
    kind: at(1),
    name: at(3),
    uid: at(4),
    apiVersion: at(5),
    controller: at(6),
    blockOwnerDeletion: at(7),
  }),
};

const container: Shape = {
  name: at(1),
  image: at(2),
  args: at(4),
  ports: of(6, { name: at(1), hostPort: at(2), containerPort: at(3), protocol: at(4) }),
  resources: of(8, { limits: of(1, "quantities"), requests: of(2, "quantities") }),
  volumeMounts: of(9, { name: at(1), readOnly: at(2), mountPath: at(3) }),
};

const spec: Shape = {
  volumes: of(1, { name: at(1), configMap: { at: [2, 19], as: { name: at(1, 1), defaultMode: at(3) } } }),
  containers: of(2, container),
  restartPolicy: at(3),
  terminationGracePeriodSeconds: at(4),
  dnsPolicy: at(6),
  serviceAccountName: at(8),
  nodeName: at(10),
  hostNetwork: at(11),
  securityContext: of(14, { runAsNonRoot: at(3), fsGroup: at(5) }),
  schedulerName: at(19),
  tolerations: of(22, { key: at(1), operator: at(2), value: at(3), effect: at(4), tolerationSeconds: at(5) }),
};

const containerStatus: Shape = {
  name: at(1),
  state: of(2, {
    waiting: of(1, { reason: at(1), message: at(2) }),
    running: of(2, { startedAt: of(1, "time") }),
    terminated: of(3, { exitCode: at(1), reason: at(3), startedAt: of(5, "time"), finishedAt: of(6, "time") }),
  }),
  ready: at(4),
  restartCount: at(5),
  image: at(6),
  imageID: at(7),
  containerID: at(8),
};

const status: Shape = {
  phase: at(1),
  conditions: of(2, { type: at(1), status: at(2), lastTransitionTime: of(4, "time"), reason: at(5), message: at(6) }),
  message: at(3),
  reason: at(4),
  hostIP: at(5),
  podIP: at(6),
  startTime: of(7, "time"),
  containerStatuses: of(8, containerStatus),
  qosClass: at(9),
  initContainerStatuses: of(10, containerStatus),
  podIPs: of(12, { ip: at(1) }),
};

export const podShape: Shape = { metadata: of(1, metadata), spec: of(2, spec), status: of(3, status) };

export const listMetadataShape: Shape = { resourceVersion: at(2), continue: at(3), remainingItemCount: at(4) };

export const statusShape: Shape = {
  status: at(2),
  message: at(3),
  reason: at(4),
  details: of(5, {
    name: at(1),
    kind: at(3),
    causes: of(4, { reason: at(1), message: at(2), field: at(3) }),
    retryAfterSeconds: at(5),
  }),
  code: at(6),
};
