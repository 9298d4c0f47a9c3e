/**
 * ulogd's JSON: one packet an object, "src_ip", "dest_port", "oob.prefix" … In: a line, one character a byte; out: the
 * packet, or why it is none; undefined for an object that is not ulogd's. Field names: ulogd 2.0.8, whose JSON writes a
 * field's CIM name where it has one (src_ip) and its own otherwise (ip.ttl).
 */
import type { ClockReader, Stamp } from "../../core/netfilter/clock-reader.ts";
import { DropRecord } from "../../core/netfilter/drop-record.ts";
import type { LineResult } from "../../core/netfilter/line-parser.ts";
import { Reading } from "../../core/netfilter/packet-words.ts";
import type { RulePrefixes } from "../../core/netfilter/rule-prefixes.ts";
import { shownInterfaces, shownName } from "../../core/netfilter/shown-names.ts";
import type { Logger } from "../../core/plugin/index.ts";
import { type Fields, numberOf, readFields, textOf } from "./json-fields.ts";
import { readHeaders } from "./packet-headers.ts";

export class JsonRecordReader {
  readonly #clock: ClockReader;
  readonly #prefixes: RulePrefixes;
  readonly #logger: Logger;
  #addressesMissed = false;

  constructor(clock: ClockReader, prefixes: RulePrefixes, logger: Logger) {
    this.#clock = clock;
    this.#prefixes = prefixes;
    this.#logger = logger;
  }

  read(text: string, now: number): LineResult | undefined {
    if (!text.includes('"oob.')) return undefined;
    const fields = readFields(text);
    if (fields === undefined) return { kind: "malformed", reason: "truncated" };
    // A container's log holds ulogd's object as text.
    if (fields["oob.hook"] === undefined && fields["oob.family"] === undefined) return undefined;
    const prefix = this.#prefixes.match(textOf(fields["oob.prefix"]) ?? "");
    if (prefix === undefined) return { kind: "other-line" };
    // numeric_label and boolean_label: the label 0 is "blocked", and is what every group has that was given none.
    const reason = fields.action === "allowed" ? "not-drop" : prefix.noDrop;
    if (reason !== undefined) return { kind: "other-line", reason };
    const reading = new Reading();
    const problem = readHeaders(fields, reading);
    if (problem?.reason === "no-address") return this.#addressMissing();
    if (problem !== undefined) return problem;
    const stamp = this.#stamp(fields, now);
    if (stamp === undefined) return { kind: "malformed", reason: "time" };
    const { millis, fraction } = stamp;
    const drop = new DropRecord(reading, interfacesOf(fields), { millis, fraction, host: hostOf(fields), prefix });
    const packetText = text.replace(changing, "");
    return { kind: "drop", drop, millis, packets: 1, author: "unknown", prefix, packetText, places: undefined };
  }

  /** Seconds since 1970 need no zone; "timestamp" names one unless it is UTC. */
  #stamp(fields: Fields, now: number): Pick<Stamp, "millis" | "fraction"> | undefined {
    const seconds = numberOf(fields["oob.time.sec"], 1e11);
    const micros = numberOf(fields["oob.time.usec"], 999_999) ?? 0;
    if (seconds !== undefined && seconds > 0) {
      return { millis: seconds * 1000 + Math.floor(micros / 1000), fraction: String(micros).padStart(6, "0") };
    }
    const written = textOf(fields.timestamp) ?? textOf(fields["@timestamp"]);
    return written === undefined ? undefined : this.#clock.read(written, 0, now);
  }

  #addressMissing(): LineResult {
    if (!this.#addressesMissed) {
      this.#addressesMissed = true;
      this.#logger.error(
        {},
        "ulogd's JSON has no addresses (src_ip, dest_ip): put the filter IP2STR in front of JSON in ulogd.conf's stack, like stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,mac2str1:HWHDR,json1:JSON",
      );
    }
    return { kind: "malformed", reason: "address" };
  }
}

/** What differs between two records of one packet. */
const changing = /"(?:@?timestamp|oob\.prefix|oob\.time\.u?sec)": ?(?:"(?:[^"\\]|\\.)*"|\d+),? ?/g;

function interfacesOf(fields: Fields) {
  return shownInterfaces({
    inInterface: textOf(fields["oob.in"]) ?? "",
    outInterface: textOf(fields["oob.out"]) ?? "",
    physicalInInterface: "",
    physicalOutInterface: "",
  });
}

/** JSON's option `device`, when somebody has set it. */
function hostOf(fields: Fields): string {
  const device = textOf(fields.dvc) ?? "";
  return device === "Netfilter" ? "" : shownName(device);
}
